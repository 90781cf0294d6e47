"""Raw media to prepared corpora on disk to batches."""
