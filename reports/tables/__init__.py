"""The table: blocks of columns, caption and notes, before it takes a form."""
