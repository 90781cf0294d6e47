"""The mirror of the ledger in MLflow, and the rebuilding of a ledger from MLflow."""
