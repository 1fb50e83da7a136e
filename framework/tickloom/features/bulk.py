"""Bulk work: the features of many symbols at once, a thread per processor, for tables to train on."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np
from numpy.typing import NDArray

from tickloom.features.fused.build import build
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView

Floats = NDArray[np.float64]

#: Told after each symbol: how many are done, of how many.
Done = Callable[[int, int], None]


def compute(
    plan: ViewPlan, tables: Mapping[str, Floats], *, threads: int | None = None, progress: Done | None = None
) -> dict[str, tuple[Floats, NDArray[np.bool_]]]:
    """Compute a view for many symbols, each from its own first row.

    Parameters
    ----------
    plan : ViewPlan
        Without cross-symbol features, which need all rows of an instant together (`FeatureView.run`).
    tables : mapping of str to float64, shape (n, width)
        Rows of the plan's stream by symbol, in the order of time.
    threads : int, optional
        How many at once; by default one per processor. The compiled code holds no lock of Python.
    progress : callable, optional

    Returns
    -------
    dict of str to (out, ready)
        As `FeatureView.run`, in the order of ``tables``; the same bits whatever the number of threads.

    Raises
    ------
    ValueError
        The plan has cross-symbol features.
    BadRowError
        As `FeatureView.run`.
    """
    if plan.across is not None:
        raise ValueError("a view with cross-symbol features takes all symbols together: use FeatureView.run")
    # Before the threads, which would all compile the same.
    build(plan.all_units)
    found: dict[str, tuple[Floats, NDArray[np.bool_]]] = {}
    with ThreadPoolExecutor(threads or len(os.sched_getaffinity(0))) as pool:
        waiting = {pool.submit(lambda rows: FeatureView(plan).run(rows), rows): name for name, rows in tables.items()}
        for done, future in enumerate(as_completed(waiting), 1):
            found[waiting[future]] = future.result()
            if progress is not None:
                progress(done, len(waiting))
    return {name: found[name] for name in tables}
