"""Features against TA-Lib and talipp: batch, stream, many symbols, accuracy, start-up, and a run over real candles.

Both sides in turn in one run, medians, processor time of the thread. Before anything is timed the values are compared.
"""

import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import bare
import numpy as np
import pytest
from microstructure import BOOK, book_rows

talib = pytest.importorskip("talib", reason="TA-Lib is not installed")
pytest.importorskip("talipp", reason="talipp is not installed")

from hundred import (  # noqa: E402 - without the libraries there is nothing to compare with
    Library,
    agree,
    bars,
    bars_of_talipp,
    hundred,
    in_turn,
    named,
    talipp_of,
    view_of,
)

from tickloom.features.plan import ViewPlan  # noqa: E402
from tickloom.features.view import FeatureView  # noqa: E402

MILLION, STREAMED = 1_000_000, 3_000
EIGHT: dict[str, dict[str, Any]] = {
    "SMA": {"name": "sma", "n": 20},
    "EMA": {"name": "ema", "n": 20},
    "RSI": {"name": "rsi", "n": 14},
    "MACD": {"name": "macd"},
    "ATR": {"name": "atr", "n": 14},
    "BBANDS": {"name": "bbands", "n": 20},
    "ADX": {"name": "adx", "n": 14},
    "STOCH": {"name": "stoch"},
}
#: Order flow, depth, spreads, and how much the mid moves.
TWELVE = (
    "order_flow_imbalance order_flow_imbalance_decayed order_flow_imbalance_sum queue_imbalance weighted_mid "
    "quoted_spread relative_spread depth_imbalance traded_imbalance realised_variance bipower_variation jump_ratio"
)


def tell(benchmark: Any, ours: Callable[[], Any], **figures: float) -> None:
    """Report figures, and one call of ours to pytest-benchmark."""
    benchmark.extra_info.update(figures)
    print(f"\n{benchmark.name}: " + ", ".join(f"{name} {value:,.4g}" for name, value in figures.items()))
    benchmark.pedantic(ours, rounds=1, iterations=1)


def per(times: list[float], units: int) -> float:
    """Return the median in nanoseconds."""
    return statistics.median(times) / units * 1e9


# --- T1, T2: batch ---------------------------------------------------------------------------------------------------


def test_batch_of_eight_indicators_against_talib(benchmark: Any) -> None:
    """TA-Lib at its best of the rounds (its pages warm) against ours at its best; and pair by pair."""
    rows = bars(MILLION)
    best, paired = {}, {}
    for name, chosen in EIGHT.items():
        uses = named(chosen)
        agree(uses, rows[:20_000])
        view, theirs = view_of(uses), Library(uses[0]).batch(rows)
        out = np.empty((MILLION, len(view.plan.columns)))

        def ours(view: FeatureView = view, out: Any = out) -> None:
            view.reset()
            view.run(rows, out=out)

        mine, other = in_turn(ours, theirs, rounds=9)
        # By itself its memory stays with it from call to call.
        (alone,) = in_turn(theirs, rounds=9)
        best[name] = min(other + alone) / min(mine)
        paired[name] = statistics.median(b / a for a, b in zip(mine, other, strict=True))
    print()
    for how, found in (("best", best), ("in turn", paired)):
        print(f"{how}: " + ", ".join(f"{name} {value:.2f}" for name, value in found.items()))
    mean = {how: math.prod(found.values()) ** (1 / 8) for how, found in (("best", best), ("in_turn", paired))}
    tell(
        benchmark,
        ours,
        **mean,
        **{f"least_{how}": min(one.values()) for how, one in (("best", best), ("in_turn", paired))},
    )


def test_batch_of_a_hundred_outputs_against_the_sum_of_talib_calls(benchmark: Any) -> None:
    """On 200,000 bars; with two threads, a symbol each, by the clock on the wall, against TA-Lib in one."""
    count, uses = 200_000, hundred()
    tables = [bars(count, seed) for seed in (1, 2)]
    agree(uses, tables[0][:20_000])
    views, outs = [view_of(uses) for _ in tables], [np.empty((count, 100)) for _ in tables]
    calls = [[Library(use).batch(table) for use in uses] for table in tables]

    def ours(symbol: int) -> None:
        views[symbol].reset()
        views[symbol].run(tables[symbol], out=outs[symbol])

    def theirs(*symbols: int) -> None:
        for symbol in symbols:
            for call in calls[symbol]:
                call()

    mine, other = in_turn(lambda: ours(0), lambda: theirs(0), rounds=5)
    with ThreadPoolExecutor(2) as pool:
        both, one_thread = in_turn(
            lambda: list(pool.map(ours, (0, 1))),
            lambda: theirs(0, 1),
            rounds=5,
            clock=time.perf_counter,
        )
    tell(
        benchmark,
        lambda: ours(0),
        ns_per_row=per(mine, count),
        talib_ns=per(other, count),
        one_thread=statistics.median(b / a for a, b in zip(mine, other, strict=True)),
        two_threads=statistics.median(b / a for a, b in zip(both, one_thread, strict=True)),
    )


# --- T3 to T6, T12: stream -------------------------------------------------------------------------------------------


def test_stream_of_a_hundred_outputs_against_handles_and_talipp(benchmark: Any) -> None:
    """One symbol from Python: a bar is written into the row, and all outputs are there."""
    uses, rows = hundred(), np.ascontiguousarray(bars(2 * STREAMED))
    agree(uses, rows)
    view, new = view_of(uses), rows[STREAMED:]
    view.run(rows[:STREAMED])
    state = view.snapshot()
    handles = [Library(use) for use in uses]
    updates = [(one.handle(rows[:STREAMED]), one.places) for one in handles]
    closes, whole, outputs = talipp_of(uses)
    told = bars_of_talipp(rows)
    for bar in told[:STREAMED]:
        for one in closes:
            one.add(bar.close)
        for one in whole:
            one.add(bar)
    given = [[tuple(row[place] for place in places) for _, places in updates] for row in new.tolist()]

    def ours() -> None:
        view.restore(state)
        row, update = view.row, view.update
        for bar in new:
            row[:] = bar
            update()

    def loop() -> None:
        bare.bars(new, view.row)

    def theirs() -> None:
        for bar in given:
            for (update, _), numbers in zip(updates, bar, strict=True):
                update(*numbers)

    def talipps() -> None:
        for bar in told[STREAMED : STREAMED + 300]:
            close = bar.close
            for one in closes:
                one.add(close)
            for one in whole:
                one.add(bar)

    mine, other, empty = in_turn(ours, theirs, loop)
    (third,) = in_turn(talipps, rounds=3)
    tell(
        benchmark,
        ours,
        ns=per(mine, STREAMED),
        bare_ns=per(empty, STREAMED),
        talib_ns=per(other, STREAMED),
        talib_ratio=statistics.median(b / a for a, b in zip(mine, other, strict=True)),
        talipp_ns=per(third, 300),
        talipp_outputs=outputs,
        talipp_ratio=per(third, 300) / per(mine, STREAMED),
    )


def test_a_hundred_outputs_of_256_symbols_in_one_call(benchmark: Any) -> None:
    """All symbols' bars close together: one call per instant."""
    uses, symbols, instants = hundred(), 256, 60
    rows = np.ascontiguousarray(np.concatenate([bars(300, seed) for seed in range(symbols)]).reshape(symbols, 300, 7))
    view, which, out = view_of(uses, symbols), np.arange(symbols), np.empty((symbols, 100))
    table = [np.ascontiguousarray(rows[:, k]) for k in range(300)]
    for k in range(300 - instants):
        view.run(table[k], which)
    libraries = [Library(use) for use in uses]
    updates = [(one.handle(rows[0, : 300 - instants]), one.places) for one in libraries]
    given = [[tuple(row[place] for place in places) for _, places in updates] for row in rows[0, -instants:].tolist()]

    def ours() -> None:
        for k in range(300 - instants, 300):
            # Time goes on from one round to the next.
            table[k][:, 6] += 300.0 * instants
            view.run(table[k], which, out=out)

    def theirs() -> None:
        for bar in given:
            for (update, _), numbers in zip(updates, bar, strict=True):
                update(*numbers)

    mine, other = in_turn(ours, theirs, rounds=9)
    units = instants * symbols
    ratio = statistics.median(b / instants / (a / units) for a, b in zip(mine, other, strict=True))
    tell(benchmark, ours, ns_per_symbol_bar=per(mine, units), talib_ns=per(other, instants), ratio=ratio)


@pytest.mark.parametrize("name", ["SMA", "EMA", "RSI", "ATR", "ADX"])
def test_a_single_indicator_from_python(benchmark: Any, name: str) -> None:
    """Its inputs are written into the row one by one."""
    uses, rows = named(EIGHT[name]), np.ascontiguousarray(bars(2 * STREAMED))
    agree(uses, rows)
    view, library = view_of(uses), Library(uses[0])
    view.run(rows[:STREAMED])
    handle, places = library.handle(rows[:STREAMED]), library.places
    columns = [rows[STREAMED:, place].tolist() for place in places]
    closes, whole, _ = talipp_of(uses)
    told = bars_of_talipp(rows[:STREAMED])
    third = [bar.close for bar in told] if closes else told
    add = (closes or whole)[0].add

    def ours() -> None:
        row, update = view.row, view.update
        if len(places) == 1:
            (place,) = places
            for number in columns[0]:
                row[place] = number
                update()
        else:
            a, b, c = places
            for high, low, close in zip(*columns, strict=True):
                row[a] = high
                row[b] = low
                row[c] = close
                update()

    def theirs() -> None:
        if len(places) == 1:
            for number in columns[0]:
                handle(number)
        else:
            for high, low, close in zip(*columns, strict=True):
                handle(high, low, close)

    def talipps() -> None:
        for bar in third:
            add(bar)

    mine, other, slow = in_turn(ours, theirs, talipps, rounds=9)
    tell(
        benchmark,
        ours,
        ns=per(mine, STREAMED),
        talib_ns=per(other, STREAMED),
        talib_ratio=statistics.median(b / a for a, b in zip(mine, other, strict=True)),
        talipp_ratio=statistics.median(b / a for a, b in zip(mine, slow, strict=True)),
    )


def test_twelve_microstructure_features_per_update_of_the_book(benchmark: Any) -> None:
    """From Python, a row of 5 levels per side into the view at each update."""
    view = FeatureView(ViewPlan(BOOK, named(*({"name": name} for name in TWELVE.split()))))
    rows = book_rows(2 * STREAMED)
    view.run(rows[:STREAMED])

    def ours() -> None:
        row, update = view.row, view.update
        for line in rows[STREAMED:]:
            row[:] = line
            update()

    mine, empty = in_turn(ours, lambda: bare.bars(rows[STREAMED:], view.row), rounds=9)
    tell(benchmark, ours, outputs=len(view.vector), ns=per(mine, STREAMED), bare_ns=per(empty, STREAMED))


def test_snapshot_of_a_hundred_outputs(benchmark: Any) -> None:
    view = view_of(hundred())
    view.run(bars(STREAMED))
    (mine,) = in_turn(lambda: [view.snapshot() for _ in range(1000)])
    tell(benchmark, view.snapshot, ns=per(mine, 1000), bytes=len(view.snapshot()))


# --- T10 and compiling -----------------------------------------------------------------------------------------------

FIRST = """
import sys
sys.path.insert(0, {here!r})
from tickloom.features.columns import BAR
from tickloom.features.plan import ViewPlan
from tickloom.features.view import FeatureView
from tickloom.plugins import load_plugins
import tomllib
registry = load_plugins()
wanted = tomllib.load(open({toml!r}, "rb"))["features"]
uses = [registry.lookup("feature", one.pop("name"), "a benchmark")(**one) for one in wanted]
view = FeatureView(ViewPlan(BAR, uses))
view.row[:] = 1.0
view.update()
"""
WHOLE = """
from tickloom.features.inspection.catalogue import whole
from tickloom.features.fused.build import build
from tickloom.plugins import load_plugins
for plan in whole(load_plugins()):
    build(plan.all_units)
"""


def start(script: str, **environment: str) -> tuple[float, float]:
    """Run a script in a process of its own; return the seconds on the wall and of the processor, workers included."""
    before, began = os.times(), time.perf_counter()
    subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, **environment})
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - began, spent


def test_first_vector_of_a_hundred_outputs_in_a_fresh_process(benchmark: Any) -> None:
    """Compiled before; beside it the processor time of importing numba."""
    here = Path(__file__).parent
    script = FIRST.format(here=str(here), toml=str(here / "hundred.toml"))
    start(script)
    mine = [start(script)[1] for _ in range(5)]
    other = [start("import numba")[1] for _ in range(5)]
    tell(benchmark, lambda: None, cpu_s=statistics.median(mine), import_numba_s=statistics.median(other))


def test_compiling_the_whole_catalogue(benchmark: Any, tmp_path: Path) -> None:
    cold = start(WHOLE, XDG_CACHE_HOME=str(tmp_path))
    warm = [start(WHOLE, XDG_CACHE_HOME=str(tmp_path)) for _ in range(3)]
    tell(
        benchmark,
        lambda: None,
        cold_s=cold[0],
        cold_cpu_s=cold[1],
        warm_s=statistics.median(wall for wall, _ in warm),
        warm_cpu_s=statistics.median(cpu for _, cpu in warm),
    )
