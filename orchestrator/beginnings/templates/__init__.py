"""The beginnings themselves. The word `beginning` in them becomes the name that the user gives."""
