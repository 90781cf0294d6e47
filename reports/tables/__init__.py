"""The table: blocks of columns, caption and notes, before a form prints them."""
