"""The winner of a search that repeats its best candidates with more seeds."""
