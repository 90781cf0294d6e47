"""What the candidates of a search take: a few are measured, the others are estimated."""
