"""What there is and what is planned, as facts for `--json`: studies, corpora, plans."""
