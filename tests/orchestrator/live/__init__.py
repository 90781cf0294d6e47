"""Tests of `orchestrator.live`."""
