"""The machines: their resources, how many trials share a device, and Ray's session."""
