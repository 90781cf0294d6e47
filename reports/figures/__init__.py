"""Figures: vector PDF, PNG and the CSV of what is drawn."""
