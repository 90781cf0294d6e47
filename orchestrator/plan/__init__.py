"""Plans: which trials a study needs, and which of them are missing."""
