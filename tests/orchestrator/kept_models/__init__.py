"""Tests of `orchestrator/kept_models`."""
