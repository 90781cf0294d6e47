"""Tests of `orchestrator/trial`."""
