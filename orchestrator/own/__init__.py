"""The models of users, checked before they train."""
