"""Configs of models and the torch modules built from them.

Letters in shapes: B utterances, N packed frames or chunks, T steps, C channels, H x W pixels or
mel bands x frames, D features, K emotions.
"""
