"""The same inputs give the same bytes, twice, in another process, and whoever else takes part."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from laws import Quoter, market
from worlds import BLOCKS, LATENCIES, Tape, World, difference, examples, run, run_streams, worlds

from tickloom.events import AmendOrder, CancelOrder, Event, SubmitOrder
from tickloom.interfaces import Strategy

TESTS = Path(__file__).resolve().parents[1]
BUSY: World = {"seed": 8, "count": 60, "gap": 3, "latency": LATENCIES[2], "names": ("quoter", "taker", "swinger")}


class Bystander(Strategy):
    """Draws numbers all the time and does nothing with them."""

    def on_trade(self, trade) -> None:
        self.ctx.rng.random()

    def on_quote(self, quote) -> None:
        self.ctx.rng.random()


def commands(tape: Tape) -> list[Event]:
    return [event for *_, event in tape.entries if isinstance(event, SubmitOrder | AmendOrder | CancelOrder)]


@examples(10)
@given(worlds(most=60), st.sampled_from(BLOCKS))
def test_the_same_inputs_give_the_same_bytes_twice(world, block):
    assert difference(run(world, None, block)[0], run(world, None, block)[0]) == ""


def test_the_same_inputs_give_the_same_bytes_in_another_process():
    """Text hashes differently there: no order of a set or dict may show."""
    script = (
        "from worlds import *; from test_replay_twice import BUSY; from hashlib import sha256\n"
        "print(sha256(b''.join(run(BUSY)[0].bytes)).hexdigest())"
    )
    path = os.pathsep.join([str(TESTS), str(TESTS / "property")])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "4"}
    there = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == sha256(b"".join(run(BUSY)[0].bytes)).hexdigest()


@examples(6)
@given(worlds(most=60, casts=[("quoter",), ("quoter", "taker")]))
def test_a_further_plugin_changes_nobodys_draws(world):
    """Not by drawing, for each has a generator of its own; nor by its place, for that goes by the name."""
    more = {**world, "names": (*world["names"], "faulty")}
    alone, beside = run(world)[0], run(more, plugins={"faulty": Bystander})[0]
    assert difference(alone, beside) == ""


def test_draws_follow_the_seed_and_the_name():
    """The small world's quoter decides by chance: on the same rows, another seed or name decides otherwise."""
    world = {**BUSY, "names": ("quoter",), "latency": LATENCIES[1]}
    streams = market(world["seed"], world["count"], world["gap"])
    first = commands(run_streams(world, streams)[0])
    assert first == commands(run_streams(world, streams)[0])
    assert first != commands(run_streams({**world, "seed": 9}, streams)[0])
    assert first != commands(run_streams({**world, "names": ("faulty",)}, streams, plugins={"faulty": Quoter})[0])
