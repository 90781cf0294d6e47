"""The ledger: one record a trial, written exactly once, and what was planned."""
