"""A corpus before it is prepared: utterances, labels, splits, and where the media lie."""
