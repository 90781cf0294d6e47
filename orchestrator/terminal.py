"""The consoles that commands print to."""

from rich.console import Console

# Printed text may contain a user's names: brackets in them are not markup.
console = Console(highlight=False, markup=False, emoji=False)
errors = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
