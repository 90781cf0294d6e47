"""Tests of `orchestrator/project`."""
