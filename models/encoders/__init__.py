"""Encoders: from what one modality gives to states or vectors."""
