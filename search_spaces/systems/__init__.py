"""The systems of the papers, at both scales: the baselines of the studies' rows."""
