"""The synthetic corpus: drawn, talking faces with planted effects."""
