"""Batches of a prepared corpus, and their way to the device."""
