"""The prediction for one clip, and how it is shown."""
