"""Tests of `orchestrator/forecast`."""
