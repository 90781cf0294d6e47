"""What papers print, read as numbers that can be checked."""
