"""Orders on our side of the line: the table of what is known, and the gate in front of every venue."""
