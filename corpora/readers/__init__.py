"""Readers of files on disk: a folder of clips, and what the readers of releases share."""
