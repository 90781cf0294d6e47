"""Views of a prepared corpus: counts, rejects, a contact sheet."""
