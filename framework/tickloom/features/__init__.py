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
from tickloom.features.fitted.table import FittedTable, Table

__all__ = ["Choice", "Feature", "FittedTable", "Float", "Int", "Ladder", "Table", "Use", "Window", "feature"]
