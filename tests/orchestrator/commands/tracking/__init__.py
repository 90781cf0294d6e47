"""Tests of `orchestrator/commands/tracking`."""
