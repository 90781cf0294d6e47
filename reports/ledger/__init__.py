"""The ledger: one record for each trial, written exactly once, and the plans of the studies."""
