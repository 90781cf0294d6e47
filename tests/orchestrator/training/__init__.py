"""Tests of `orchestrator/training`."""
