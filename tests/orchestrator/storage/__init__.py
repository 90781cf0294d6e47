"""Tests of `orchestrator/storage`."""
