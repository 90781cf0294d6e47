"""Tests of `orchestrator.status`."""
