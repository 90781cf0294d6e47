"""Whole models: from inputs to logits, one slot for each part."""
