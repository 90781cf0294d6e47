"""A corpus before it is prepared: utterances, their labels and splits, and where their media lie."""
