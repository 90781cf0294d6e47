"""Tests of `reports/ledger`."""
