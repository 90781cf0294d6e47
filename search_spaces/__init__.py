"""Studies as data: rows, changes, published values, claims; imports no torch."""
