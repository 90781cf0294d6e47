"""Systems of a user: a config and a model in the user's own Python files."""
