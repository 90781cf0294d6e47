"""Tests of `orchestrator/commands/numbers`."""
