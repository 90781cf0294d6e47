"""The machines: what they have, how many trials share a device, Ray's session."""
