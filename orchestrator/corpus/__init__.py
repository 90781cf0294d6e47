"""The corpora that commands ask for: found, made, prepared on Ray, shown."""
