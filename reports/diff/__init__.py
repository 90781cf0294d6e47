"""Two studies, or two versions of the code of one study, side by side."""
