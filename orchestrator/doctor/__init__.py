"""What a sweep needs of this machine, looked at piece by piece; nothing is changed."""
