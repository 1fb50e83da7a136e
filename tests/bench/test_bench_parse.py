"""Reading a raw capture, against a bare `json.loads` loop over the same lines, and a second time from kept rows."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree
from statistics import median
from time import perf_counter

import pytest

from tickloom_plugins.sources.binance_raw import BinanceRaw

CAPTURES = ["spot/btcusdt_20240808", "usdm/btcusdt_20240808", "cm/btcusd_perp_20240808"]
#: A first parse runs at this part of the speed of the bare loop at least.
LEAST_OF_BARE = 0.4
#: A second run is this many times as fast as the first at least.
LEAST_FROM_CACHE = 20
ROUNDS = 7


def bare(lines: list[bytes]) -> None:
    """Do what the parser is measured by: read the JSON of every line, and nothing else."""
    for line in lines:
        json.loads(line.partition(b" ")[2])


def parse(path: Path, cache: Path) -> int:
    """Take all rows of a capture."""
    return sum(len(rows) for rows, _ in BinanceRaw(path=path, cache=cache).chunks())


def timed(work: Callable[[], object], times: list[float]) -> None:
    """Add a duration (s) to ``times``."""
    start = perf_counter()
    work()
    times.append(perf_counter() - start)


@pytest.mark.parametrize("name", CAPTURES)
def test_first_parse_of_a_capture(benchmark, market_data, tmp_path, name):
    """Inflating, parsing, checking and keeping the rows; the bare loop has its lines in memory already."""
    path = market_data / "binance_l2" / f"{name}.gz"
    with gzip.open(path) as file:
        lines = file.read().splitlines()
    alone: list[float] = []

    def before() -> tuple[tuple[Path, Path], dict[str, object]]:
        rmtree(tmp_path / "cache", ignore_errors=True)
        timed(lambda: bare(lines), alone)
        return (path, tmp_path / "cache"), {}

    rows = benchmark.pedantic(parse, setup=before, rounds=ROUNDS)
    first, loop = benchmark.stats["median"], median(alone)
    print(
        f"\n{name}: {len(lines)} lines, {rows} rows; first parse {1e9 * first / len(lines):.0f} ns per line, "
        f"bare json.loads {1e9 * loop / len(lines):.0f} ns: {loop / first:.2f} of its speed"
    )
    assert loop / first >= LEAST_OF_BARE


@pytest.mark.parametrize("name", CAPTURES)
def test_second_run_of_a_capture(benchmark, market_data, tmp_path, name):
    """Hashing the file, checking the kept rows and handing them over."""
    path = market_data / "binance_l2" / f"{name}.gz"
    first: list[float] = []

    def before() -> tuple[tuple[Path, Path], dict[str, object]]:
        rmtree(tmp_path / "cache", ignore_errors=True)
        timed(lambda: parse(path, tmp_path / "cache"), first)
        return (path, tmp_path / "cache"), {}

    rows = benchmark.pedantic(parse, setup=before, rounds=ROUNDS)
    again = benchmark.stats["median"]
    print(
        f"\n{name}: {rows} rows; first run {1e3 * median(first):.0f} ms, second {1e3 * again:.1f} ms: "
        f"{median(first) / again:.0f} times as fast"
    )
    assert median(first) / again >= LEAST_FROM_CACHE
