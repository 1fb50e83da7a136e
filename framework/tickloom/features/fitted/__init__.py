"""Tables that features read and that are fitted on training rows: what they are, and how each kind is fitted."""
