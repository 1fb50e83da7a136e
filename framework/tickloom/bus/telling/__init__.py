"""The listener's end of the bus, for people: events in words, and ``tickloom listen`` around them."""
