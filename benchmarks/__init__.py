"""What is measured against what, one file a question; results in README.md."""
