"""The built-in studies, one file for each paper."""
