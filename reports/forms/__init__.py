"""The forms of a table: LaTeX and PDF, HTML, Markdown, CSV, JSON, and the terminal."""
