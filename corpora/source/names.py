"""Names of corpora that mean something to the program."""

SYNTHETIC = "synthetic"
"""The name, and the kind, of the corpus that is made on demand."""
