"""The systems of the papers, at all scales: the baselines of the studies' rows."""
