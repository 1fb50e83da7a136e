"""The law of the fitted microprice: over training rows and their mirror images it goes nowhere on average.

Nothing of the fit is repeated here: the microprice is read from the feature at every row, and its steps are averaged.
"""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from tickloom.errors import DataError
from tickloom.features.columns import QUOTE
from tickloom.features.fitted.microprice import fit_microprice
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom_plugins.features.indicators.order_book import microprice

#: Price of the best bid, sizes of the best bid and ask, spread in ticks: few of each, so that states come again.
Quote = tuple[int, int, int, int]
QUOTES = st.tuples(st.integers(100, 103), st.integers(0, 3), st.integers(0, 3), st.integers(1, 4))


@given(
    quotes=st.lists(QUOTES, min_size=2, max_size=80),
    left_out=st.sets(st.integers(0, 79), max_size=5),
    shape=st.sampled_from([(2, 1), (3, 2), (4, 3), (5, 1)]),
)
def test_from_any_state_the_microprice_goes_nowhere_on_average(
    quotes: list[Quote], left_out: set[int], shape: tuple[int, int]
) -> None:
    rows = np.array([[bid, b, bid + wide, a, bid + wide / 2, k] for k, (bid, b, a, wide) in enumerate(quotes)], float)
    train = np.array([k for k in range(len(rows)) if k not in left_out], np.int64)
    buckets, spreads = shape
    try:
        table = fit_microprice(QUOTE, rows, np.arange(len(rows)), train, tick=1.0, buckets=buckets, spreads=spreads)
    except DataError:
        # No two rows follow each other, or the price goes on for ever.
        assume(False)
    assert np.array_equal(table.array, -table.array[::-1])
    price, adjustment = FeatureView(ViewPlan(QUOTE, [microprice(table=table)])).run(rows)[0].T
    from_row = train[:-1][np.diff(train) == 1]
    steps, before = price[from_row + 1] - price[from_row], adjustment[from_row]
    for value in np.unique(np.abs(before)):
        gains = np.concatenate([steps[before == value], -steps[before == -value]])
        assert abs(gains.mean()) < 1e-9 * (1.0 + np.abs(table.array).max())
