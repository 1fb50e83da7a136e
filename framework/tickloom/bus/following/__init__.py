"""The listener's end of the bus, for programs: frames in, every event once and in order out."""
