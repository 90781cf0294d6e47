"""Defaults of a project: the file `mmer-sweep.toml` in the working folder, or above it."""
