"""The documentation as a site: the pages made from the code, and the hooks that mkdocs calls."""
