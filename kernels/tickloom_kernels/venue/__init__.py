"""The simulated venue: its state, what rows do to it, what commands do to it, and what it says of both."""
