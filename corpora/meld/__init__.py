"""MELD, as its authors release it."""
