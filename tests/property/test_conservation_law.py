"""The law of conservation through the whole engine: no unit is made or lost, and both truths end as one."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from laws import INSTRUMENTS
from worlds import BLOCKS, LATENCIES, Tape, World, examples, run, splits, worlds

from tickloom.events import Fill, PositionChanged, SubmitOrder
from tickloom.instruments import Contract, Instrument
from tickloom.ledger import EXTERNAL, FEES, MARKET, Ledger
from tickloom.orders.table import OrderTable
from tickloom.record import RunRecord
from tickloom.testing import Rows
from tickloom_kernels.orders import line as ln
from tickloom_kernels.venue import outcomes as o
from tickloom_plugins.venues.simulated import Simulated

#: What an execution is, whoever tells of it: order, price, quantity, what is left, fee.
Execution = tuple[int, int, int, int, int]


class Truth:
    """What the venues of one run know: their ledgers, and every execution at the moment it happens."""

    def __init__(self) -> None:
        self.ledgers: dict[str, Ledger] = {}
        self.executions: dict[str, list[Execution]] = {}

    def venue(self) -> type[Simulated]:
        """Return a simulated venue that lets us look at its books."""
        truth = self

        class Watched(Simulated):
            def open(
                self,
                name: str,
                instruments: Sequence[Instrument | None],
                ledger: Ledger,
                seed: int,
                orders: OrderTable,
            ) -> tuple[Rows, Rows]:
                truth.ledgers[name] = ledger
                truth.executions[name] = []
                return super().open(name, instruments, ledger, seed, orders)

            def arrive(self, out: Rows, back: Rows, numbering: Rows, until: int, most: int) -> bool:
                before = int(back[ln.COUNT])
                done = super().arrive(out, back, numbering, until, most)
                self._look(back, before)
                return done

            def _look(self, back: Rows, before: int) -> None:
                """Take down the fills among the newest items on the line."""
                items = back[ln.HEAD_WORDS :].reshape(-1, ln.ITEM_WORDS)
                for n in range(before, int(back[ln.COUNT])):
                    code, row, price, quantity, leaves, _, _, fee = items[
                        (back[ln.FIRST] + n) % len(items), 2:10
                    ].tolist()
                    if code == o.FILL:
                        order_id = self._orders.at(row).order_id
                        truth.executions[self._name].append((order_id, price, quantity, leaves, fee))

            def commit(self, back: Rows, numbering: Rows, *when: int) -> bool:
                before = int(back[ln.COUNT])
                done = super().commit(back, numbering, *when)
                self._look(back, before)
                return done

        return Watched


def run_watched(world: World, plans=None, block: int = 1 << 16) -> tuple[Truth, Tape, RunRecord]:
    truth = Truth()
    tape, record = run(world, plans, block, plugins={"simulated": truth.venue()})
    return truth, tape, record


@examples(15)
@given(worlds(most=80), splits, st.sampled_from(BLOCKS))
def test_every_asset_sums_to_what_was_deposited(world, plans, block):
    """Over all accounts, the market's and the fees' included; and each ledger explains its balances a second way."""
    truth, _, record = run_watched(world, plans, block)
    deposited: Counter[str] = Counter()
    for (_, asset), units in record.deposits.items():
        deposited[asset] += units
    total: Counter[str] = Counter()
    for name, cash in record.ledger.balances().items():
        if name != EXTERNAL:
            total.update(cash)
    assert {asset: units for asset, units in total.items() if units} == dict(deposited)
    for ledger in truth.ledgers.values():
        ledger.check()


@examples(15)
@given(worlds(most=80), st.sampled_from(BLOCKS))
def test_the_runs_ledger_is_the_venues_when_all_news_has_arrived(world, block):
    """News still on its way at the end of the run is booked here; what has arrived came once, and in order."""
    truth, tape, record = run_watched(world, None, block)
    orders = {event.order_id: event for *_, event in tape.entries if isinstance(event, SubmitOrder)}
    heard = [event for *_, event in tape.entries if isinstance(event, Fill)]
    for index, name in enumerate(record.venues):
        mine = [fill for fill in heard if record.account_venues[fill.account] == index]
        known = [(f.order_id, f.price, f.quantity, f.fee) for f in mine]
        happened = [(order_id, price, quantity, fee) for order_id, price, quantity, _, fee in truth.executions[name]]
        assert happened[: len(known)] == known
        for order_id, price, quantity, fee in happened[len(known) :]:
            order = orders[order_id]
            record.ledger.fill(order.account, order.instrument, order.side, price, quantity, fee)
    for index, name in enumerate(record.venues):
        for account in (a for a, venue in enumerate(record.account_venues) if venue == index):
            for asset in {asset for _, asset in record.deposits} | {"EUR", "DDD"}:
                assert record.ledger.cash(account, asset) == truth.ledgers[name].cash(account, asset)
            for i in range(len(INSTRUMENTS)):
                assert record.ledger.position(account, i) == truth.ledgers[name].position(account, i)


def test_the_law_has_something_to_hold():
    """Partial fills, shorts, a contract of each kind, maker and taker, fees and rebates in three currencies."""
    world = {"seed": 3, "count": 110, "gap": 3, "latency": LATENCIES[2], "names": ("quoter", "taker", "swinger")}
    _, tape, record = run_watched(world)
    fills = [event for *_, event in tape.entries if isinstance(event, Fill)]
    held = [event for *_, event in tape.entries if isinstance(event, PositionChanged)]
    assert any(fill.leaves_quantity > 0 for fill in fills)
    assert {fill.maker for fill in fills} == {True, False}
    assert {INSTRUMENTS[fill.instrument].contract for fill in fills} == set(Contract)
    assert {INSTRUMENTS[event.instrument].symbol for event in held if event.quantity < 0} >= {"BBB", "CCC"}
    assert {fill.fee_asset for fill in fills} == {"USD", "EUR", "CCC"}
    assert min(fill.fee for fill in fills) < 0 < max(fill.fee for fill in fills)
    books = record.ledger.balances()
    assert any(books[MARKET].values())
    assert any(books[FEES].values())
