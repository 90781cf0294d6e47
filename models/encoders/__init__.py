"""Encoders: from the inputs of one modality to states or vectors."""
