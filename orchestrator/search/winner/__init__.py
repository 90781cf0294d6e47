"""The winner of a search: more seeds of its best candidates choose it, and fresh seeds state it."""
