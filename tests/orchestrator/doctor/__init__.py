"""Tests of `orchestrator/doctor`."""
