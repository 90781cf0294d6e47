"""What a prepared corpus holds, to look at: counts, rejects, a contact sheet."""
