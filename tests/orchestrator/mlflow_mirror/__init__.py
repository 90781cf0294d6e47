"""Tests of `orchestrator.mlflow_mirror`."""
