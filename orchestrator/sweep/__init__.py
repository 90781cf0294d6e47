"""The sweep: Ray Tune trains trials until all have records."""
