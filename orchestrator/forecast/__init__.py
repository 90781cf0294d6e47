"""The forecast: architectures are measured, and the sweep is timed and priced."""
