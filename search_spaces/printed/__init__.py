"""What papers print: the data, how it is read, and what is wrong with it."""
