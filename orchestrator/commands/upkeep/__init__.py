"""The commands about a whole storage."""
