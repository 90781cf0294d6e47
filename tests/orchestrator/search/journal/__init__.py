"""Tests of `orchestrator.search.journal`."""
