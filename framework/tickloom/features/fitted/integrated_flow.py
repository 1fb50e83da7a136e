"""The weights behind the integrated order-flow imbalance: what the flows at all levels of the book have in common.

Flows at different levels move together, so that regressions on all of them are unstable; their first principal
component says most of what they say. Divided by its l1 norm, its weights are parts of a whole.

References
----------
Cont, Cucuringu and Zhang, Cross-impact of order flow imbalance in equity markets, Quantitative Finance 23(10), 2023.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickloom.errors import DataError
from tickloom.features.fitted.table import FittedTable, fitted_table, training
from tickloom.features.plan import ViewPlan

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KIND = "table of flow weights"
#: Levels that may have weights.
MOST_LEVELS = 50


def fit_integrated_flow(plan: ViewPlan, table: ArrayLike, times: Ints, rows: Ints) -> FittedTable:
    """Fit the weights of levels on training rows, and on no others.

    Parameters
    ----------
    plan : ViewPlan
        A view whose columns are the flows at level 1, 2, and so on, of each update or summed over some.
    table : float64, shape (n, levels)
        What the view gave; rows with NaN are passed over.
    times : int64, shape (n,)
        Times of the rows (UNIX time in nanoseconds, UTC).
    rows : int64, shape (m,)
        The training rows, ascending.

    Returns
    -------
    FittedTable
        Weights, shape (levels,): the first eigenvector of the covariances of the flows, divided by its l1 norm, with
        the sign that makes their sum positive. Among the details is the part of the variance that it explains.

    Raises
    ------
    DataError
        Fewer than two training rows have numbers, there are more levels than may have weights, or the flows never move.

    Notes
    -----
    The paper divides the flows of an interval by the average depth of the book in it. Flows that are not divided give
    weights in which updates of a deep book count more. The weights are used on flows of single updates: a sum of these
    over an interval is what the weights make of the sums.
    """
    values, window = training(table, len(plan.columns), times, rows)
    levels = values.shape[1]
    if levels > MOST_LEVELS:
        raise DataError(
            f"the view has {levels} columns; weights are fitted for the flows at up to {MOST_LEVELS} levels"
        )
    flows = values[rows]
    flows = flows[np.isfinite(flows).all(axis=1)]
    if len(flows) < 2:
        raise DataError("fewer than two training rows have a flow at every level; no weights can be fitted")
    variances, vectors = np.linalg.eigh(np.atleast_2d(np.cov(flows, rowvar=False)))
    if not variances[-1] > 0:
        raise DataError("the flows do not move in the training rows; no weights can be fitted")
    first = vectors[:, -1] / np.abs(vectors[:, -1]).sum()
    details = [("rows with flows", len(flows)), ("explained", float(variances[-1] / variances.sum()))]
    return fitted_table(KIND, first if first.sum() >= 0 else -first, plan.version, rows, window, details=details)
