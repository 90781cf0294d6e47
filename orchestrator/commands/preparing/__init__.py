"""The commands that prepare corpora, a form of source each."""
