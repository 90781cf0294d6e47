"""Tests of `orchestrator.inventory`."""
