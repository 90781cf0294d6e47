"""The report: all studies of a ledger in one document, as HTML, and as PDF made with LaTeX."""
