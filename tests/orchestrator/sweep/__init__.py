"""Tests of `orchestrator/sweep`."""
