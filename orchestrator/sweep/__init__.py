"""The sweep: trials are handed to Ray Tune until all have records."""
