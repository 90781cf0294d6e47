"""Tests of `orchestrator.candidates`."""
