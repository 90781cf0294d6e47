"""The options of the command that predicts."""
