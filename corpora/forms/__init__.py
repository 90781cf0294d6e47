"""The form of one utterance by a recipe of pictures: faces, crops, spectrograms."""
