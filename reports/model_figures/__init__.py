"""Figures of trained models: embeddings, and where a model attends."""
