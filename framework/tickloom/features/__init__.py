"""Features: numbers computed from market data, declared once, compiled together, with the same bits in any pieces."""

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
