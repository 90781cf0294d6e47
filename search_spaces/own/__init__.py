"""What users bring in files of their own."""
