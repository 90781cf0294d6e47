"""Views of a search: its best candidates, the importance of fields, and the winner as a row."""
