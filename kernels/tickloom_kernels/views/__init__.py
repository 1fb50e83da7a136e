"""From Python to compiled views: machine code that is kept, and calls that cost little."""
