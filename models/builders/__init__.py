"""From the config of a system to its modules: used by `models.build` alone."""
