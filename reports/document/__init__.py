"""The report: all studies of a ledger in one document, as HTML and through LaTeX as PDF."""
