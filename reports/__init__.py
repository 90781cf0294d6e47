"""Trial records to cells to tables."""
