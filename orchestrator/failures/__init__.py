"""Failed trials: why a trial failed, where, what it printed, and the note that says so."""
