"""Features of trades and of who began them, against their definitions over whole lists, and against scipy."""

import gzip
import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from microstructure import agrees, named, of_trades, run, trade_rows

from tickloom.errors import ConfigError
from tickloom.features.columns import BAR, TRADE
from tickloom.testing.numbers import rows_of
from tickloom_plugins.features.indicators import trade_flow as f
from tickloom_plugins.features.indicators.trade_impact import signed_volume

stats = pytest.importorskip("scipy.stats", reason="scipy is the oracle")
optimize = pytest.importorskip("scipy.optimize")

ROWS = trade_rows(600)
SEEN = named(TRADE, ROWS)
PRICE, QUANTITY, SIDE, TIME, MID = ROWS.T
TAU = 4.0
N = 12


@pytest.fixture(scope="module")
def got() -> dict[str, np.ndarray]:
    uses = [
        signed_volume(), f.tick_rule(), f.lee_ready(), f.trade_imbalance(n=N), f.trade_imbalance_decayed(seconds=TAU),
        f.signed_run(), f.trade_size_rank(n=N), f.large_trade(n=N, multiple=3), f.trade_duration(),
        f.bulk_buy_fraction_normal(n=N), f.vpin_aggressor(volume=25, buckets=6),
        f.vpin_bulk_normal(volume=25, buckets=6, n=N), f.arrival_rates(seconds=TAU),
        f.hawkes_intensity(base=0.3, branching=0.6, decay=0.9),
        f.hawkes_sides(base=0.2, own=0.4, cross=0.25, decay=0.9),
    ]  # fmt: skip
    return run(TRADE, ROWS, uses)


def faded(values: np.ndarray, k: int) -> float:
    return math.fsum(values[: k + 1] * np.exp((TIME[: k + 1] - TIME[k]) / TAU))


# --- signs and volume ------------------------------------------------------------------------------------------------


def signs_by_tick(prices: np.ndarray) -> list[float]:
    found = []
    for k, price in enumerate(prices):
        others = [one for one in prices[:k][::-1] if one != price]
        last_change = next((j for j in range(k, 0, -1) if prices[j] != prices[j - 1]), 0)
        found.append(float(np.sign(prices[last_change] - prices[last_change - 1])) if others else 0.0)
    return found


def test_the_tick_rule_is_the_sign_of_the_last_change_of_price(got: dict[str, np.ndarray]) -> None:
    agrees(got["tick_rule"], signs_by_tick(PRICE))


def test_the_tick_rule_tells_the_aggressor_of_most_real_trades(market_data: Path) -> None:
    """The oracle is the exchange, which says of each trade whether the buyer was the maker."""
    with gzip.open(market_data / "binance_l2" / "spot" / "btcusdt_20240808.gz", "rt") as lines:
        events = [json.loads(line[20:])["data"] for line in lines if '"e":"trade"' in line]
    trades = [(float(e["p"]), float(e["q"]), -1 if e["m"] else 1, e["T"] / 1000, 0) for e in events]
    found = run(TRADE, of_trades(*trades), [f.tick_rule()])["tick_rule"]
    assert np.mean(found == [side for _, _, side, _, _ in trades]) > 0.95


def test_lee_and_ready_sign_by_the_mid_and_at_the_mid_by_the_tick_rule(got: dict[str, np.ndarray]) -> None:
    expected = [
        math.copysign(1, p - m) if p != m else t for p, m, t in zip(PRICE, MID, signs_by_tick(PRICE), strict=True)
    ]
    assert (PRICE == MID).sum() > 10
    agrees(got["lee_ready"], expected)


def test_imbalance_is_signed_volume_over_the_volume_whose_side_is_known(got: dict[str, np.ndarray]) -> None:
    signed, known = SIDE * QUANTITY, np.abs(SIDE) * QUANTITY
    agrees(got["signed_volume"], signed.tolist())
    spans = [slice(k - N + 1, k + 1) for k in range(N - 1, len(ROWS))]
    agrees(got["trade_imbalance_12"], [None] * (N - 1) + [math.fsum(signed[s]) / math.fsum(known[s]) for s in spans])
    expected = [faded(signed, k) / faded(known, k) if faded(known, k) else 0.0 for k in range(len(ROWS))]
    agrees(got["trade_imbalance_decayed_4"], expected)


def test_a_window_of_trades_without_sides_has_no_imbalance() -> None:
    rows = of_trades(*[(10, 0.1 * k, 1 if k < 20 else 0, k, 10) for k in range(60)])
    assert (run(TRADE, rows, [f.trade_imbalance(n=10)])["trade_imbalance_10"][30:] == 0.0).all()


def test_the_tick_rule_stands_in_for_the_aggressor_where_it_is_put_in_place() -> None:
    rows = of_trades((10, 1, 0, 0, 10), (11, 2, 0, 1, 10), (11, 3, 0, 2, 10), (10, 4, 0, 3, 10))
    found = run(TRADE, rows, [signed_volume(f.tick_rule(), "quantity")])
    assert next(iter(found.values())).tolist() == [0, 2, 3, -4]


def test_a_run_counts_trades_of_one_side_and_ends_at_an_unknown_one() -> None:
    sides = [1, 1, -1, -1, -1, 0, -1, 1]
    rows = of_trades(*[(10, 1, side, k, 10) for k, side in enumerate(sides)])
    assert run(TRADE, rows, [f.signed_run()])["signed_run"].tolist() == [1, 2, -1, -2, -3, 0, -1, 1]


def test_the_rank_of_a_size_is_scipys_middle_rank(got: dict[str, np.ndarray]) -> None:
    ranks = [stats.percentileofscore(QUANTITY[k - N + 1 : k + 1], QUANTITY[k], "mean") for k in range(N - 1, len(ROWS))]
    agrees(got["trade_size_rank_12"], [None] * (N - 1) + [rank / 100 for rank in ranks])


def test_a_large_trade_is_measured_by_the_trades_before_it(got: dict[str, np.ndarray]) -> None:
    means = [math.fsum(QUANTITY[k - N : k]) / N for k in range(N, len(ROWS))]
    agrees(got["large_trade_12_3"], [None] * N + [float(QUANTITY[N + k] > 3 * mean) for k, mean in enumerate(means)])
    agrees(got["trade_duration"], [None, *np.diff(TIME)], 1e-14)


# --- informed trading ------------------------------------------------------------------------------------------------


def test_bulk_classification_is_the_normal_cdf_of_the_standardised_change(got: dict[str, np.ndarray]) -> None:
    changes = np.diff(PRICE)
    expected: list[float | None] = [None] * N
    for k in range(N - 1, len(changes)):
        deviation = float(np.std(changes[k - N + 1 : k + 1]))
        expected.append(float(stats.norm.cdf(changes[k] / deviation)) if deviation else 0.5)
    agrees(got["bulk_buy_fraction_normal_12"], expected, 1e-9)


def vpin(fractions: list[float], quantities: list[float], volume: int, n: int, first: int = 0) -> list[float | None]:
    """VPIN by exact fractions: every piece of volume lies between two places of the running total."""
    found: list[float | None] = [None] * first
    pieces: list[tuple[Fraction, Fraction, Fraction]] = []
    total = Fraction(0)
    for fraction, quantity in zip(fractions, quantities, strict=True):
        pieces.append((total, total + Fraction(quantity), Fraction(fraction)))
        total += Fraction(quantity)
        full = math.floor(total / volume)
        gaps: list[Fraction] = []
        for bucket in range(max(0, full - n), full):
            low, high = Fraction(bucket * volume), Fraction((bucket + 1) * volume)
            inside = [
                (min(end, high) - max(begin, low), part) for begin, end, part in pieces if end > low and begin < high
            ]
            gaps.append(abs(sum((size * (2 * part - 1) for size, part in inside), Fraction(0))))
        found.append(float(sum(gaps, Fraction(0)) / (len(gaps) * volume)) if gaps else 0.0)
    return found


def test_vpin_splits_trades_over_buckets_of_equal_volume(got: dict[str, np.ndarray]) -> None:
    assert max(QUANTITY) > 25
    agrees(got["vpin_aggressor_25_6"], vpin([0.5 + side / 2 for side in SIDE], QUANTITY.tolist(), 25, 6))
    parts = got["bulk_buy_fraction_normal_12"][N:].tolist()
    agrees(got["vpin_bulk_normal_25_6_12"], vpin(parts, QUANTITY[N:].tolist(), 25, 6, N))


def test_a_trade_of_many_buckets_fills_them_all() -> None:
    rows = of_trades((10, 5, -1, 0, 10), (10, 45, 1, 1, 10), (10, 1e9, -1, 2, 10), (10, 10, 0, 3, 10))
    # Buckets of 10: five sold and five bought, then three bought whole and 5 open of the fourth ...
    found = run(TRADE, rows, [f.vpin_aggressor(volume=10, buckets=4), f.vpin_aggressor(volume=10, buckets=100)])
    assert found["vpin_aggressor_10_4"].tolist() == [0, 1, 1, 0.75]
    assert found["vpin_aggressor_10_100"][:2].tolist() == [0, 4 / 5]


def test_vpin_of_bars_is_between_0_and_1() -> None:
    values = run(BAR, rows_of(BAR, 2000), [f.vpin_bulk_normal(volume=70, buckets=10)])["vpin_bulk_normal_70_10_50"]
    assert 0.1 < np.nanmax(values) <= 1
    assert np.nanmin(values) >= 0


# --- rates -----------------------------------------------------------------------------------------------------------


def test_arrival_rates_are_faded_counts_of_each_side_per_second(got: dict[str, np.ndarray]) -> None:
    for name, side in (("buys", 1), ("sells", -1)):
        ones = (side == SIDE).astype(float)
        agrees(got[f"arrival_rates_4.{name}"], [faded(ones, k) / TAU for k in range(len(ROWS))])


def excited(k: int, among: np.ndarray, jump: float) -> float:
    """Sum what the trades up to row k still excite, decaying by 0.9 per second."""
    return math.fsum(jump * math.exp(-0.9 * (TIME[k] - TIME[j])) for j in range(k + 1) if among[j])


def test_a_hawkes_intensity_is_the_base_and_what_all_trades_excite(got: dict[str, np.ndarray]) -> None:
    every = np.ones(len(ROWS), bool)
    agrees(got["hawkes_intensity_0p3_0p6_0p9"], [0.3 + excited(k, every, 0.54) for k in range(len(ROWS))])
    for name, own in (("buys", 1), ("sells", -1)):
        expected = [0.2 + excited(k, own == SIDE, 0.36) + excited(k, -own == SIDE, 0.225) for k in range(len(ROWS))]
        agrees(got[f"hawkes_sides_0p2_0p4_0p25_0p9.{name}"], expected)


def simulated(base: float, branching: float, decay: float, until: float) -> np.ndarray:
    """Event times of a Hawkes process as a branching process: immigrants, their children, and so on."""
    draw = np.random.default_rng(5)
    times: list[float] = []
    parents = draw.uniform(0, until, draw.poisson(base * until)).tolist()
    while parents:
        times += parents
        parents = [p + w for p in parents for w in draw.exponential(1 / decay, draw.poisson(branching))]
    return np.sort([time for time in times if time < until])


def test_a_likelihood_made_of_the_intensities_finds_the_parameters_of_a_simulation() -> None:
    """Of the intensity just after each trade follows the one just before the next, and with both the likelihood."""
    base, branching, decay, until = 0.5, 0.6, 2.0, 2000.0
    times = simulated(base, branching, decay, until)
    rows = of_trades(*[(10, 1, 1, time, 10) for time in times])

    def intensities(chosen: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
        use = f.hawkes_intensity(base=chosen[0], branching=chosen[1], decay=chosen[2])
        after = run(TRADE, rows, [use])[use.label]
        waits = np.diff(times)
        before = chosen[0] + (after[:-1] - chosen[0]) * np.exp(-chosen[2] * waits)
        between = chosen[0] * waits + (after[:-1] - chosen[0]) * -np.expm1(-chosen[2] * waits) / chosen[2]
        return before, between

    def loss(chosen: tuple[float, float, float]) -> float:
        before, between = intensities(chosen)
        return float(between.sum() - np.log(before).sum())

    # Residuals of the true process are exponential; of a Poisson process with the same rate they are not.
    _, between = intensities((base, branching, decay))
    assert stats.kstest(between, "expon").pvalue > 0.01
    assert stats.kstest(np.diff(times) * len(times) / until, "expon").pvalue < 1e-6
    truth = loss((base, branching, decay))
    for wrong in ((0.9 * base, branching, decay), (base, 0.8, decay), (base, branching, 5.0), (base, 0.3, 1.0)):
        assert loss(wrong) > truth
    found = optimize.minimize(
        lambda x: likelihood_loss(times, *x), (0.3, 0.3, 1.0), bounds=[(0.01, 5), (0.01, 0.99), (0.1, 20)]
    )
    np.testing.assert_allclose(found.x, (base, branching, decay), rtol=0.15)
    assert loss(tuple(found.x)) == pytest.approx(found.fun, rel=1e-9)


def likelihood_loss(times: np.ndarray, base: float, branching: float, decay: float) -> float:
    """Negative log likelihood from the first event on, by Ogata's recursion over gaps (1981)."""
    total, past = 0.0, 1.0
    for wait in np.diff(times):
        fade = math.exp(-decay * wait)
        total += base * wait + branching * past * (1 - fade) - math.log(base + branching * decay * past * fade)
        past = past * fade + 1.0
    return total


@pytest.mark.parametrize("wrong", [{"branching": 1.0}, {"decay": 0.0}])
def test_a_hawkes_process_that_explodes_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=f"{next(iter(wrong))} is"):
        f.hawkes_intensity(**wrong)


def test_two_sides_cannot_excite_each_other_for_ever() -> None:
    with pytest.raises(ConfigError, match="own is"):
        f.hawkes_sides(own=0.5)
