"""Tests of tables in articles of others."""
