"""Tests of `orchestrator.search`."""
