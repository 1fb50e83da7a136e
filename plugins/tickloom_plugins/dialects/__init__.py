"""Library room: wire formats of exchanges, and what makes rows of them. It registers nothing; any room may use it."""
