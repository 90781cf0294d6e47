"""What a storage knows of its trials: which run, which failed, and all about one of them."""
