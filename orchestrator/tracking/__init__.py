"""The mirror of the ledger in MLflow, and the way back."""
