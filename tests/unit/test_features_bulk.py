"""Features of many symbols in threads: the bits of one thread, told one by one."""

import numpy as np
import pytest
from catalogue import made_up

from tickloom.features import feature
from tickloom.features.bulk import compute
from tickloom.features.columns import BAR
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom.testing.actors import average
from tickloom_kernels.indicators.window import at, give
from tickloom_plugins.features.indicators.averages import sma


@feature(across=True, inputs=("close",))
def highest_of_all(k: int, symbols: int, closes: tuple[int, int], tops: tuple[int, int]) -> None:
    """Say of each symbol how high the highest one is."""
    top = at(closes, 0)
    for s in range(symbols):
        top = max(top, at(closes, s))
    for s in range(symbols):
        give(tops, s, top)


def test_symbols_computed_in_threads_have_the_bits_of_one() -> None:
    plan = ViewPlan(BAR, [sma(n=3), average()])
    tables = {f"S{n}": made_up("random", n, 200).rows for n in range(1, 6)}
    told: list[tuple[int, int]] = []
    found = compute(plan, tables, threads=2, progress=lambda done, of: told.append((done, of)))
    assert told == [(n, 5) for n in range(1, 6)]
    assert list(found) == list(tables)
    for name, rows in tables.items():
        assert np.array_equal(found[name][0], FeatureView(plan).run(rows)[0], equal_nan=True)


def test_features_across_symbols_are_not_computed_one_by_one() -> None:
    with pytest.raises(ValueError, match="takes all symbols together"):
        compute(ViewPlan(BAR, [highest_of_all()]), {"A": made_up("random", 1, 20).rows})
