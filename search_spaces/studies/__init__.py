"""The built-in studies, a paper a file."""
