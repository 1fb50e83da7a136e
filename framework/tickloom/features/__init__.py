"""Features: numbers computed from market data, declared once, compiled together, the same bits in batch and in stream."""

from tickloom.features.declare import (
    Choice,
    Feature,
    Float,
    Int,
    Ladder,
    Use,
    Window,
    feature,
)

__all__ = ["Choice", "Feature", "Float", "Int", "Ladder", "Use", "Window", "feature"]
