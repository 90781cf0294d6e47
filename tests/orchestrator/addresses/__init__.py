"""Tests of `orchestrator/addresses`."""
