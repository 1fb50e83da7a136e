"""Metrics: drawdowns, ratios and the table of numbers. Oracles: each case is worked by hand in its comment."""

import json
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from records import SECOND, START, Story

from tickloom.codes import OrderStatus, Report
from tickloom.evaluation import returns as r
from tickloom.evaluation.metrics import Metric, as_json, lasting

DAY = 86_400 * SECOND


def there_and_back() -> Story:
    """Buy 1 BTC at 100 with the middle at 99.95, sell it at 110 at the middle; fees are 0.1 % of the value."""
    story = Story()
    story.mark(1, "100", "100")
    story.trade(1.5, 1, "1", "100.00", arrival="99.95")
    story.mark(2, "100", "90")
    story.mark(3, "90", "110")
    story.trade(3.5, -1, "1", "110.00", arrival="110")
    story.mark(4, "110", "110")
    return story


def value(story: Story, key: str) -> object:
    return story.record().evaluation.metrics[key].value


# --- returns ---------------------------------------------------------------------------------------------------------


def test_drawdown_is_the_fall_from_the_highest_value_so_far() -> None:
    # 90 lies 30 below 120: a quarter of it.
    assert r.drawdowns(np.array([100.0, 120.0, 90.0, 130.0])).tolist() == [0.0, 0.0, -0.25, 0.0]


def test_drawdown_is_not_defined_without_equity() -> None:
    assert np.isnan(r.drawdowns(np.array([0.0, -5.0]))).all()


def test_longest_time_under_water_ends_where_the_peak_is_reached_again() -> None:
    # Peak at 1 is reached again at 4 (3 ns); peak at 5 is not reached again until the end at 7 (2 ns).
    times = np.arange(8)
    equity = np.array([1.0, 5.0, 4.0, 3.0, 5.0, 6.0, 5.0, 5.0])
    assert r.longest_under_water(times, equity) == 3


def test_longest_time_under_water_counts_until_the_end() -> None:
    assert r.longest_under_water(np.array([0, 10, 25]), np.array([3.0, 2.0, 1.0])) == 25


def test_equity_that_never_falls_is_never_under_water() -> None:
    assert r.longest_under_water(np.array([0, 10, 25]), np.array([1.0, 1.0, 2.0])) == 0


def test_returns_are_relative_to_the_value_before() -> None:
    # 110 / 100 - 1 = 0.1 and 99 / 110 - 1 = -0.1.
    assert r.simple_returns(np.array([100.0, 110.0, 99.0])) == pytest.approx([0.1, -0.1])


def test_return_of_nothing_is_not_a_number() -> None:
    assert np.isnan(r.simple_returns(np.array([0.0, 110.0]))).all()


def test_sharpe_ratio_of_two_returns() -> None:
    # Mean 0.02, standard deviation sqrt(2 * 0.01**2 / 1) = 0.0141421; their ratio is the root of 2; times root of 4.
    assert r.sharpe(np.array([0.01, 0.03]), 4) == pytest.approx(2 * math.sqrt(2))


def test_sharpe_ratio_needs_returns_that_differ() -> None:
    assert math.isnan(r.sharpe(np.array([0.01]), 4))
    assert math.isnan(r.sharpe(np.array([0.01, 0.01, 0.01]), 4))


def test_sortino_ratio_counts_gains_as_losses_of_zero() -> None:
    # Mean 0.01; losses 0, -0.03, 0: root mean square 0.03 / sqrt(3); their ratio is sqrt(3) / 3; times root of 9.
    assert r.sortino(np.array([0.06, -0.03, 0.0]), 9) == pytest.approx(math.sqrt(3))


def test_sortino_ratio_needs_a_loss() -> None:
    assert math.isnan(r.sortino(np.array([0.01, 0.02]), 9))


@pytest.mark.parametrize(
    ("length", "interval"),
    [(330 * SECOND, SECOND), (7_200 * SECOND, 60 * SECOND), (2 * DAY, 3_600 * SECOND), (182 * DAY, DAY)],
)
def test_length_of_a_return_follows_the_length_of_the_run(length: int, interval: int) -> None:
    # The table in the docstring of `sampling_interval`.
    assert r.sampling_interval(length, 1) == interval


def test_no_return_is_shorter_than_what_is_known() -> None:
    assert r.sampling_interval(330 * SECOND, 5 * SECOND) == 5 * SECOND


def test_a_year_has_365_days_of_24_hours() -> None:
    # 365 * 24 * 60 = 525,600 minutes.
    assert r.periods_per_year(60 * SECOND) == 525_600


def test_mean_over_time_weighs_each_value_by_how_long_it_held() -> None:
    # 10 for 1 and 40 for 2: 90 / 3; the last value only ends the span.
    assert r.time_weighted_mean(np.array([0, 1, 3]), np.array([10.0, 40.0, 999.0])) == 30.0


def test_a_step_function_keeps_its_value_until_the_next() -> None:
    found = r.as_of(np.array([10, 20]), np.array([1.0, 2.0]), np.array([5, 10, 19, 20, 99]))
    assert found.tolist() == [1.0, 1.0, 1.0, 2.0, 2.0]


# --- the table of numbers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        # 10 gained, fees 0.10 + 0.11.
        ("net_profit", Decimal("9.79")),
        ("total_return", 0.0979),
        ("fees", Decimal("0.21")),
        ("realised_profit", Decimal(10)),
        ("unrealised_profit", Decimal(0)),
        ("equity_end", Decimal("10009.79")),
        # Marked at 100, 90, 110, 110: equity 10000, 9989.90, 10009.90, 10009.79.
        ("max_drawdown", 0.101),
        ("max_drawdown_amount", Decimal("10.1")),
        # Still at the peak at 1 s, above it at 3 s.
        ("longest_drawdown", 2.0),
        # 100 + 110.
        ("volume", Decimal(210)),
        ("fills", 2),
        ("round_trips", 1),
        ("win_rate", 100.0),
        ("mean_trip", 9.79),
        # In the market from 1.5 s to 3.5 s, of 4 s.
        ("time_in_market", 50.0),
        ("fill_ratio", 100.0),
        # 0.05 worse than the middle on the buy, nothing on the sell, on a value of 210.
        ("slippage", 0.05 / 210 * 10_000),
        ("slippage_cost", Decimal("0.05")),
        ("fee_rate", 10.0),
        ("maker_share", 0.0),
        # Equity is known at 0, 1, 2, 3, 4 s, exposure 0, 0, 90, 110, 0: 90 for 1 s and 110 for 1 s of 4 s.
        ("mean_exposure", 100 * (90 / 9989.9 + 110 / 10009.9) / 4),
        ("max_exposure", 100 * 110 / 10009.9),
    ],
)
def test_numbers_of_one_round_trip(key: str, expected: float | Decimal) -> None:
    # Money is exact; what is divided is a float.
    exact = expected if isinstance(expected, Decimal) else pytest.approx(expected, rel=1e-12)
    assert value(there_and_back(), key) == exact


def test_turnover_is_volume_over_mean_equity() -> None:
    # Equity 10000, 10000, 9989.90, 10009.90 for a second each.
    assert value(there_and_back(), "turnover") == pytest.approx(210 / ((10_000 + 10_000 + 9_989.9 + 10_009.9) / 4))


def test_rolling_sharpe_ratio_against_pandas() -> None:
    returns = np.random.default_rng(5).normal(0.001, 0.01, 200)
    returns[50:120] = 0.0
    rolling = pd.Series(returns).rolling(30)
    expected = (rolling.mean() / rolling.std() * math.sqrt(365)).to_numpy()[29:]
    still = np.array([np.ptp(returns[at : at + 30]) == 0 for at in range(171)])
    found = r.rolling_sharpe(returns, 365, 30)
    assert np.isnan(found[still]).all()
    assert found[~still] == pytest.approx(expected[~still], rel=1e-6)
    assert still.sum() == 41


def test_sharpe_ratio_says_how_it_was_annualised() -> None:
    # Four whole seconds give four returns; a year has 31,536,000 of them.
    metric = there_and_back().record().evaluation.metrics["sharpe"]
    rises = np.array([0.0, 9_989.9 / 10_000 - 1, 10_009.9 / 9_989.9 - 1, 10_009.79 / 10_009.9 - 1])
    assert metric.value == pytest.approx(rises.mean() / rises.std(ddof=1) * math.sqrt(31_536_000))
    assert "4 returns over 1s" in metric.definition
    assert "31,536,000" in metric.definition


def test_fill_ratio_counts_what_venues_accepted() -> None:
    # Accepted: 1 of which 0.4 was filled, and 1 of which nothing was; denied: 5. 0.4 / 2.
    story = Story()
    story.mark(1, "100")
    for filled in ("0.4", None):
        order = story.submit(1, 1, "1", "100.00")
        story.update(1, order, Report.ACCEPTED, OrderStatus.ACCEPTED)
        if filled:
            story.fill(2, order, "100.00", filled)
    story.update(1, story.submit(1, 1, "5", "100.00"), Report.DENIED, OrderStatus.DENIED, "too large")
    assert value(story, "fill_ratio") == 20.0
    assert value(story, "orders_denied") == 1


def test_a_run_without_fills_says_why_numbers_are_missing() -> None:
    metrics = Story().record().evaluation.metrics
    missing = {key: metric.reason for key, metric in metrics.items() if metric.value is None}
    assert missing["sharpe"] == "needs at least two returns over 1s"
    assert missing["win_rate"] == "no round trip was closed"
    assert missing["slippage"] == "nothing was filled"
    assert all(missing.values())
    assert not any(metric.reason for metric in metrics.values() if metric.value is not None)


def test_a_run_without_a_deposit_has_no_return() -> None:
    assert Story(deposits=()).record().evaluation.metrics["total_return"].reason == "needs equity above 0 at the start"


def test_every_number_has_a_definition() -> None:
    assert all(metric.definition.endswith(".") for metric in there_and_back().record().evaluation.metrics.values())


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (Decimal("1234567.89000001"), "USDT", "1,234,567.89000001 USDT"),
        (Decimal("-5.5"), "USDT", "-5.50 USDT"),
        (12.345678, "%", "12.35 %"),
        (-0.0, "%", "0 %"),
        (123456.78, "", "123,456.8"),
        (1234, "", "1,234"),
        (93784.0, "s", "1d 2h"),
        (None, "%", "n/a"),
    ],
)
def test_numbers_are_written_for_people(number: float | Decimal | None, unit: str, text: str) -> None:
    metric = Metric(key="k", label="l", group="g", value=number, unit=unit, definition="d.")
    assert metric.text == text


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(0, "0s"), (1_250_000, "1.25ms"), (999, "999ns"), (59 * SECOND, "59s"), (3_600 * SECOND, "1h"), (DAY + 1, "1d")],
)
def test_lengths_of_time_are_written_in_two_units_at_most(nanoseconds: int, text: str) -> None:
    assert lasting(nanoseconds) == text


def test_json_of_metrics_holds_what_is_shown() -> None:
    metrics = there_and_back().record().evaluation.metrics
    read = json.loads(json.dumps(as_json(metrics)))
    assert read["net_profit"]["value"] == 9.79
    assert read["net_profit"]["text"] == "9.79 USDT"
    assert read.keys() == metrics.keys()


def test_the_same_run_gives_the_same_numbers() -> None:
    assert as_json(there_and_back().record().evaluation.metrics) == as_json(
        there_and_back().record().evaluation.metrics
    )


def test_a_fill_after_the_last_row_still_counts() -> None:
    # The run ends when the news arrives, at 5 s; equity is 10000 - 0.1 fee, marked at 100.
    story = Story()
    story.mark(4, "100", "100")
    story.trade(5, 1, "1", "100.00")
    run = story.record().evaluation
    assert run.times[-1] == START + 5 * SECOND
    assert run.equity[-1] == 9_999.9
