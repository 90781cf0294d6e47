"""Tests of `orchestrator/corpus`."""
