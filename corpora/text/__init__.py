"""Texts: subtitles, words, tokens and word vectors."""
