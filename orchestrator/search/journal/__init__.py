"""The journal of a search: Optuna's lines, in a file or in a bucket that several machines share."""
