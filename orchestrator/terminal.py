"""Where commands print."""

from rich.console import Console

# What is printed may hold a user's names, in which brackets are no markup.
console = Console(highlight=False, markup=False, emoji=False)
errors = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
