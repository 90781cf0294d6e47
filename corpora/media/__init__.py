"""Pictures and sound from media files: opened safely, decoded, timed, upright, in limits."""
