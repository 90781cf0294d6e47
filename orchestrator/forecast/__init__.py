"""The forecast of a sweep: measured architectures, the time it takes, and what it costs."""
