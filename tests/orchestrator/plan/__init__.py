"""Tests of `orchestrator/plan`."""
