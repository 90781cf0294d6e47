"""The one reader of JSON and the one of YAML: whatever is wrong with a text is one error."""
