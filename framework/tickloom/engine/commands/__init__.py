"""The way of commands to their venues, and of the news back."""
