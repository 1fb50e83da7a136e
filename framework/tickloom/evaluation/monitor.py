"""Watches a number that should stay as it was, such as a feature or a model's error, and says when it has not."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tickloom.events import Alert

Floats = NDArray[np.float64]
#: Takes the values of a window, shape (n,), in order; more is worse.
Statistic = Callable[[Floats], float]

#: Bins for statistics of shares, with equal counts in the reference.
_BINS = 10


class Monitor:
    """One statistic over one window after another, a limit, and silence for a while after an alert.

    Windows do not overlap: each look is at rows that no look before it saw, so that chances of false alarms are those
    of the statistic, and a value costs no more than an assignment until its window is full.

    Parameters
    ----------
    origin : str
        What is watched, such as ``views.cross rsi_14``; the `Alert` is from it.
    statistic : callable
        See `Statistic`.
    limit : float
        What may not be exceeded.
    window : int
        Values in a window.
    cooldown : int
        For so long after an alert there is no other (ns).

    Attributes
    ----------
    last : float
        The statistic of the last full window; NaN before the first.
    """

    def __init__(self, origin: str, statistic: Statistic, limit: float, window: int, cooldown: int = 0) -> None:
        if window < 1 or cooldown < 0 or not np.isfinite(limit):
            raise ValueError(
                f"window {window}, cooldown {cooldown}, limit {limit}: above 0, 0 or more, a finite number"
            )
        self._origin = origin
        self._statistic = statistic
        self._name = getattr(statistic, "__name__", "statistic").replace("_", " ")
        self._limit = limit
        self._values = np.empty(window)
        self._count = 0
        self._cooldown = cooldown
        self._silent_until: int | None = None
        self.last = np.nan

    def update(self, ts_init: int, value: float) -> Alert | None:
        """Take a value.

        Parameters
        ----------
        ts_init : int
            The loop's time (UNIX time in nanoseconds, UTC), never before the one before.
        value : float
            NaN says that there is none, and is passed over.

        Returns
        -------
        Alert or None
            Where a window is full and its statistic, which `last` then is, exceeds the limit.
        """
        if math.isnan(value):
            return None
        self._values[self._count] = value
        self._count += 1
        if self._count < len(self._values):
            return None
        self._count = 0
        self.last = self._statistic(self._values)
        if not self.last > self._limit or (self._silent_until is not None and ts_init < self._silent_until):
            return None
        self._silent_until = ts_init + self._cooldown
        rows = len(self._values)
        text = f"{self._name} is {self.last:.4g} over the last {rows} values, the limit is {self._limit:g}"
        return Alert(ts_init, self._origin, text)


def population_stability(reference: ArrayLike) -> Statistic:
    """Give the population stability index of a window against a reference, such as the training rows, in 10 bins.

    Of n values of the same distribution it is about ``9 / n`` by chance alone; by custom 0.1 is a small change and
    0.25 a large one, for windows of some hundred values.
    """
    from tickloom_kernels.statistics import drift

    edges, before = _binned(reference)

    def population_stability_index(values: Floats) -> float:
        return float(drift.stability_index(before, drift.shares(values, edges)))

    return population_stability_index


def jensen_shannon(reference: ArrayLike) -> Statistic:
    """Give the Jensen-Shannon divergence of a window from a reference, in 10 bins: 0 to ln 2 nats."""
    from tickloom_kernels.statistics import drift

    edges, before = _binned(reference)

    def jensen_shannon_divergence(values: Floats) -> float:
        return float(drift.jensen_shannon(before, drift.shares(values, edges)))

    return jensen_shannon_divergence


def kolmogorov_smirnov(reference: ArrayLike) -> Statistic:
    """Give ``-log10 p`` of Kolmogorov and Smirnov: how unlikely it is that a window has the reference's distribution.

    A limit of 3 gives a false alarm in one of a thousand windows; values that depend on those before give more.
    """
    from tickloom_kernels.statistics import drift

    ordered = np.sort(_finite(reference))

    def unlikeliness(values: Floats) -> float:
        distance = drift.kolmogorov_smirnov(ordered, np.sort(values))
        # The smallest number there is stands for a chance that is smaller.
        return float(-np.log10(max(drift.smirnov_p(distance, len(ordered), len(values)), 5e-324)))

    return unlikeliness


def page_hinkley(delta: float, threshold: float) -> Statistic:
    """Count the changes of the mean that Page's test finds in a window; it remembers all windows before.

    Parameters
    ----------
    delta : float
        Changes of the mean up to this are tolerated (unit of the values).
    threshold : float
        Sum of what exceeds them that is a change (unit of the values). A `Monitor` of it has the limit 0.
    """
    from tickloom_kernels.statistics import drift

    state = np.zeros(drift.PH_WORDS)

    def changes_of_the_mean(values: Floats) -> float:
        found, begin = 0, 0
        while (place := drift.page_hinkley(state, values[begin:], delta, threshold)) >= 0:
            found, begin = found + 1, begin + place + 1
        return float(found)

    return changes_of_the_mean


def _binned(reference: ArrayLike) -> tuple[Floats, Floats]:
    from tickloom_kernels.statistics import drift

    values = _finite(reference)
    edges = np.unique(np.quantile(values, np.arange(1, _BINS) / _BINS))
    return edges, drift.shares(values, edges)


def _finite(reference: ArrayLike) -> Floats:
    values = np.asarray(reference, np.float64)
    values = values[np.isfinite(values)]
    if len(values) < _BINS:
        raise ValueError(f"a reference of {len(values)} finite values is too small; {_BINS} are needed")
    return values
