"""Tests of `orchestrator/beginnings`."""
