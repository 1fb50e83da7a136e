"""How much a model owes to each of its features, kept over time: a feature that falls in rank is a model that ages."""
