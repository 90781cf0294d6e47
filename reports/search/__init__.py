"""What a search shows: its best candidates, what mattered, and the row to go on with."""
