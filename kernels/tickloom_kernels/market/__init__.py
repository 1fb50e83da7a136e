"""What market rows say: the book, the newest row of each kind, and the prices that the report marks by."""
