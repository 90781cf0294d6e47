"""The prediction for one clip, and its views."""
