"""What every feature owes: the same bits in any pieces, nothing from the future, and numbers from its warm-up on."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickloom.errors import ConfigError
from tickloom.features.columns import Stream, stream
from tickloom.features.declare import Feature, Use
from tickloom.features.inspection.lookahead import look_aheads
from tickloom.features.plan import ViewPlan
from tickloom.features.view import BadRowError, FeatureView
from tickloom.testing.conformance.subject import ConformanceError
from tickloom.testing.numbers import rows_of

Floats = NDArray[np.float64]

_PIECES = "any split of the rows gives the same bits: all that it remembers is in its state, its memory and its windows"
_PREFIX = "a row depends on rows up to its own only"
_RESTORE = "what goes on from a snapshot gives the same bits"
_SCALE = "prices times 4 give the output times 4 to its declared power, bit for bit"
_SPIKE = "after an outlier has left, values are within 1e-9 of a run that never saw it"
_WARM = "NaN before the declared lookback, finite numbers from it on, in flat and empty stretches, too"
_CONVERGED = "after the declared convergence it matters by 1e-6 at most where the stream began"
_POLICY = "a row with a missing input is refused, passed over, or stands in with the row before, as the view says"
_PEEK = "a look at a row that is not over changes nothing"
_THREADS = "two threads give the bits of one"
_TOGETHER = "two symbols do not meet"
_SPLITS = ((1,), (0, 7, 1, 64), (257,))
_BLOCK = 8


def check_feature(feature: Feature, on: str = "", /, **parameters: Any) -> None:
    """Require that a feature keeps the contract of `tickloom.features.Feature`.

    Parameters
    ----------
    feature : Feature
    on : str, optional
        The stream to run it on: ``bar``, ``trade``, ``quote`` or ``book``; by default the first that has its inputs.
    **parameters
        Its parameters, as a config would hold them.

    Raises
    ------
    ConformanceError
        Names the output, the row and the rule.
    """
    check_features([feature(**parameters)], on)


def check_features(features: Sequence[Use], on: str = "") -> None:
    """Require of many features at once what `check_feature` requires of one; they are compiled together."""
    chosen = stream(on) if on else stream_of(features)
    _Trial(chosen, features).run()


def stream_of(features: Sequence[Use]) -> Stream:
    """Return the first stream that has the inputs of all features."""
    for name in ("bar", "trade", "quote", "book"):
        try:
            ViewPlan(stream(name), features)
        except ConfigError as error:
            last = error
        else:
            return stream(name)
    raise last


class _Trial:
    """One plan, the rows it is tried on, and what it gives for them in one go."""

    def __init__(self, chosen: Stream, features: Sequence[Use]) -> None:
        self.stream = chosen
        self.features = features
        self.plan = ViewPlan(chosen, features)
        self.count = 4 * max(300, min(self.plan.converged, 2000))
        # One more lies behind them: what looks ahead at the last row finds a row there, and not whatever memory holds.
        self.rows = rows_of(chosen, self.count + 1)[: self.count]
        self.whole = self._fresh().run(self.rows)[0]

    def _fresh(self, policy: Any = "raise", symbols: int = 1) -> FeatureView:
        return FeatureView(ViewPlan(self.stream, self.features, policy), symbols)

    def run(self) -> None:
        """Hold the features against every law; the first breach is told."""
        for law in (
            self._warm,
            self._repeated,
            self._prefix,
            self._pieces,
            self._restored,
            self._scaled,
            self._policies,
            self._peeked,
            self._threads,
            self._together,
            self._converged,
            self._spiked,
        ):
            law()

    # --- telling -----------------------------------------------------------------------------------------------------

    def _fail(self, column: int, where: str, wrong: str, rule: str) -> None:
        name = self.plan.names[column]
        raise ConformanceError(f"feature {name}: {where}: {wrong}; the rule: {rule}")

    def _same(self, where: str, expected: Floats, got: Floats, rule: str) -> None:
        differs = ~_equal(expected, got)
        if differs.any():
            row, column = (int(one) for one in np.argwhere(differs)[0])
            self._fail(column, f"{where}, row {row}", f"{got[row, column]!r}, not {expected[row, column]!r}", rule)

    # --- laws --------------------------------------------------------------------------------------------------------

    def _warm(self) -> None:
        for n, column in enumerate(self.plan.columns):
            values = self.whole[:, n]
            bad = ~np.isfinite(values[column.first :])
            if bad.any():
                row = column.first + int(np.argmax(bad))
                self._fail(n, f"row {row}", f"is {values[row]}, warm since row {column.first}", _WARM)

    def _repeated(self) -> None:
        self._same("a second time", self.whole, self._fresh().run(self.rows)[0], _PIECES)

    def _pieces(self) -> None:
        for sizes in _SPLITS:
            self._same(f"in pieces of {sizes} rows", self.whole, _in_pieces(self._fresh(), self.rows, sizes), _PIECES)
        view = self._fresh()
        got = np.empty_like(self.whole[:500])
        for k, row in enumerate(self.rows[:500]):
            view.row[:] = row
            got[k] = view.update()
        self._same("row by row", self.whole[:500], got, _PIECES)

    def _prefix(self) -> None:
        for found in look_aheads(self.plan, self.rows[:600], np.zeros(600, np.int64)):
            raise ConformanceError(f"feature {found}; the rule: {_PREFIX}")
        for k in (1, 2, self.count // 3, self.count - 1):
            self._same(f"over the first {k} rows", self.whole[:k], self._fresh().run(self.rows[:k])[0], _PREFIX)

    def _restored(self) -> None:
        for k in (1, self.plan.lookback + 3, self.count // 2):
            view, other = self._fresh(), self._fresh()
            view.run(self.rows[:k])
            state = view.snapshot()
            view.run(self.rows[k : k + 50])
            other.restore(state)
            self._same(f"restored at row {k}", self.whole[k:], other.run(self.rows[k:])[0], _RESTORE)

    def _scaled(self) -> None:
        rows = self.rows.copy()
        for place in _prices(self.stream):
            rows[:, place] *= 4.0
        got = self._fresh().run(rows)[0]
        for n, column in enumerate(self.plan.columns):
            if column.power is not None:
                expected = self.whole[:, n : n + 1] * 4.0**column.power
                differs = ~_equal(expected, got[:, n : n + 1])[:, 0]
                if differs.any():
                    row = int(np.argmax(differs))
                    self._fail(n, f"row {row}", f"{got[row, n]!r}, not {expected[row, 0]!r}", _SCALE)

    def _policies(self) -> None:
        if not self.plan.used:
            return
        bad = [self.plan.lookback + 5, self.plan.lookback + 6, self.count - 30]
        broken = self.rows.copy()
        broken[bad, self.plan.used[0]] = np.nan
        try:
            self._fresh().run(broken)
            self._fail(0, f"row {bad[0]}", "a NaN was taken", _POLICY)
        except BadRowError:
            pass_over = np.delete(np.arange(self.count), bad)
        out, ready = self._fresh("skip").run(broken)
        self._same("with rows left out", self._fresh().run(self.rows[pass_over])[0], out[pass_over], _POLICY)
        held = self.rows.copy()
        for row in bad:
            held[row, self.plan.used[0]] = held[row - 1, self.plan.used[0]]
        self._same("with rows held", self._fresh().run(held)[0], self._fresh("hold").run(broken)[0], _POLICY)
        if ready[bad].any():
            self._fail(0, f"row {bad[0]}", "is ready", _POLICY)

    def _peeked(self) -> None:
        view, k = self._fresh(), self.count // 2
        view.run(self.rows[:k])
        before = view.snapshot()
        view.row[:] = self.rows[k]
        self._same(f"a look at row {k}", self.whole[k : k + 1], view.peek()[None], _PEEK)
        if view.snapshot() != before:
            self._fail(0, f"a look at row {k}", "changed the state", _PEEK)

    def _threads(self) -> None:
        with ThreadPoolExecutor(2) as pool:
            for got in pool.map(lambda view: view.run(self.rows)[0], [self._fresh(), self._fresh()]):
                self._same("in a thread", self.whole, got, _THREADS)

    def _together(self) -> None:
        other = rows_of(self.stream, self.count, 8)
        rows, which = np.empty((2 * self.count, self.stream.width)), np.tile([0, 1], self.count)
        rows[0::2], rows[1::2] = self.rows, other
        out = self._fresh(symbols=2).run(rows, which)[0]
        self._same("beside another symbol", self.whole, out[0::2], _TOGETHER)

    def _converged(self) -> None:
        # Several, because a stream may happen to begin anew where it makes no difference.
        for cut in (self.count // 5, self.count // 4 + 17, self.count // 3):
            late = self._fresh().run(self.rows[cut:])[0]
            for n, column in enumerate(self.plan.columns):
                if column.use.feature.stability != "path" and column.converged < len(late):
                    self._near(n, cut, self.whole[cut:, n], late[:, n], column.converged, 1e-6, _CONVERGED)

    def _spiked(self) -> None:
        rows = rows_of(self.stream, self.count, still=False)
        # Off the grid of the made-up prices, on which sums of floats are exact.
        rows[:, _prices(self.stream)] *= 1.1
        spike = self.count // 8
        broken = rows.copy()
        for place in _prices(self.stream):
            broken[spike, place] *= 1e12
        clean, got = self._fresh().run(rows)[0], self._fresh().run(broken)[0]
        for n, column in enumerate(self.plan.columns):
            # What fades by 1e-6 in its convergence has faded by 1e-24 in four times that.
            settled = 4 * column.converged + 2 if column.use.feature.stability == "converging" else column.converged + 2
            if column.use.feature.stability != "path" and spike + settled < self.count:
                self._near(n, spike, clean[spike:, n], got[spike:, n], settled, 1e-9, _SPIKE)

    def _near(self, n: int, begin: int, one: Floats, other: Floats, settled: int, tolerance: float, rule: str) -> None:
        scale = np.nanmax(np.abs(one)) or 1.0
        differs = np.abs(one[settled:] - other[settled:]) > tolerance * scale
        if differs.any():
            row = settled + int(np.argmax(differs))
            self._fail(n, f"row {begin + row}", f"{other[row]!r}, not {one[row]!r}", rule)


def _prices(chosen: Stream) -> list[int]:
    """Places of the columns that are prices."""
    named = [chosen.column(name) for name in ("open", "high", "low", "close", "price", "bid", "ask", "mid")]
    levels = [chosen.ladder(side) for side in ("bid_price", "ask_price")]
    places = {place for place in named if place is not None}
    for first in levels:
        places |= set() if first is None else set(range(first, first + chosen.depth))
    return sorted(places)


def _in_pieces(view: FeatureView, rows: Floats, sizes: Sequence[int]) -> Floats:
    out, at, piece = np.empty((len(rows), len(view.plan.columns))), 0, 0
    while at < len(rows):
        end = min(len(rows), at + sizes[piece % len(sizes)])
        out[at:end] = view.run(rows[at:end])[0]
        at, piece = end, piece + 1
    return out


def _equal(one: Floats, other: Floats) -> NDArray[np.bool_]:
    """Tell where two arrays have the same bits; one NaN is as good as another, and zero as minus zero."""
    same: NDArray[np.bool_] = (one == other) | (np.isnan(one) & np.isnan(other))
    return same
