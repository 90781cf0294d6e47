"""The systems of the papers, at both scales: what rows change, or stand for as they are."""
