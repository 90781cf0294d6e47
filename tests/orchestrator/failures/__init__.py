"""Tests of `orchestrator.failures`."""
