"""Beginnings of files of a user: templates that run as they are, and what writes them."""
