"""A whole storage: what takes its space, what can go, and how it takes in another one."""
