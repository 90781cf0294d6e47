"""The table as LaTeX for articles of others, in one column or two."""
