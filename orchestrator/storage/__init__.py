"""Storage: the folder or bucket, leases on trials, and patience with faults."""
