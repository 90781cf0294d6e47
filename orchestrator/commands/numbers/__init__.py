"""Commands about numbers that others printed or measured."""
