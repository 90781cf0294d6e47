"""Features that others made, from files: folders of arrays, MMSA's pickles, sequences of CMU."""
