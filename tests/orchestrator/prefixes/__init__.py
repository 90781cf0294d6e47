"""Tests of `orchestrator/prefixes`."""
