"""The form of one utterance by a recipe of hand-crafted features."""
