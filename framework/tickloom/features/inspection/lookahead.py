"""The prefix law, exactly: what a view says at a row does not change when everything behind that row does.

Other tools compare a run with a few shortened ones, and miss what their cuts do not meet. Here every row is computed
twice: with the rows that follow in memory, and with other numbers in their place.
"""

import attrs
import numpy as np
from numpy.typing import NDArray

from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView

Floats = NDArray[np.float64]

#: Rows of other numbers that stand behind the row at hand.
_BEHIND = 8


@attrs.frozen
class LookAhead:
    """The first row at which a column of a view knew what came later.

    Attributes
    ----------
    column : str
    row : int
    said, should : float
        What it said with the real rows behind it, and what it said with others.
    """

    column: str
    row: int
    said: float
    should: float

    def __str__(self) -> str:
        return f"{self.column}: row {self.row} depends on rows behind it ({self.said!r}; without them {self.should!r})"


def look_aheads(
    plan: ViewPlan,
    rows: Floats,
    which: NDArray[np.int64],
    symbols: int = 1,
    instants: NDArray[np.int64] | None = None,
) -> list[LookAhead]:
    """Find every column of a plan that looks ahead, and where it first does.

    Parameters
    ----------
    plan : ViewPlan
    rows : float64, shape (n, width)
        Finite numbers, as `FeatureView.run` takes them.
    which : int64, shape (n,)
        Symbol of each row.
    symbols : int
        How many there are.
    instants : int64, shape (n,), optional
        As `FeatureView.run` takes them: rows of one instant are looked at together.

    Returns
    -------
    list of LookAhead
        One per column at fault, in the order of the columns.
    """
    count = len(rows)
    ends = np.arange(1, count + 1)
    if plan.across is not None and instants is not None:
        ends = np.append(np.flatnonzero(np.diff(instants)) + 1, count)
    whole, _ = FeatureView(plan, symbols).run(rows, which, instants=instants)
    view = FeatureView(plan, symbols)
    alone = np.empty_like(whole)
    # Behind the row at hand stand numbers that are like prices, and unlike those that follow.
    buffer = np.tile(rows[:1] * 1.25 + 1.0, (int(np.diff(ends, prepend=0).max()) + _BEHIND, 1))
    begin = 0
    for end in ends.tolist():
        size = end - begin
        buffer[:size] = rows[begin:end]
        own = None if instants is None else instants[begin:end]
        alone[begin:end] = view.run(buffer[:size], which[begin:end], instants=own)[0]
        buffer[:size] = buffer[-1]
        begin = end
    differs = ~((whole == alone) | (np.isnan(whole) & np.isnan(alone)))
    found = []
    for column in np.flatnonzero(differs.any(axis=0)).tolist():
        row = int(np.argmax(differs[:, column]))
        found.append(LookAhead(plan.names[column], row, float(whole[row, column]), float(alone[row, column])))
    return found
