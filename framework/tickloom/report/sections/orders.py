"""What became of orders: states, refusals with their reasons, and every order and fill in a row."""

from collections import Counter
from collections.abc import Sequence

from tickloom.codes import OrderStatus, OrderType, TimeInForce
from tickloom.evaluation.metrics import lasting
from tickloom.evaluation.orders import OrderLife
from tickloom.record import RunRecord
from tickloom.report.section import MOST_ROWS, Cell, Section, Table
from tickloom.report.texts import amount, count, order_name, quantity_unit, side, when

_REFUSED = (OrderStatus.DENIED, OrderStatus.REJECTED)


class Orders:
    """State counts, refusals by who refused and why, orders with their times and slippage, fills."""

    def section(self, record: RunRecord) -> Section:
        """Make the section."""
        lives = list(record.evaluation.orders.values())
        if not lives:
            why = "No strategy submitted one."
            return Section(id="orders", title="Orders", sentence="There was no order.", empty=why)
        refused = sum(1 for life in lives if life.status in _REFUSED)
        ratio = record.evaluation.metrics["fill_ratio"]
        filled = f", and {ratio.text} of what venues accepted was filled" if ratio.value is not None else ""
        tables = [_states(lives), _refusals(lives), _orders(record, lives), _fills(record)]
        return Section(
            id="orders",
            title="Orders",
            sentence=f"{count(len(lives), 'order')} submitted, {refused:,} refused{filled}.",
            tables=[table for table in tables if table.rows],
        )


def _word(code: OrderStatus | OrderType) -> str:
    """Write a code as a word."""
    return code.name.lower().replace("_", " ")


def _states(lives: Sequence[OrderLife]) -> Table:
    """How many orders ended in which state."""
    counts = Counter(life.status for life in lives)
    return Table(
        id="order-states",
        title="States at the end",
        columns=("state", "orders"),
        rows=[(_word(status), counts[status]) for status in OrderStatus if counts[status]],
    )


def _refusals(lives: Sequence[OrderLife]) -> Table:
    """Who refused what, and why, the most frequent first; refused cancels and amendments too."""
    counts = Counter(
        [(_word(life.status), life.reason) for life in lives if life.status in _REFUSED]
        + [("change refused", reason) for life in lives for reason in life.refused_changes]
    )
    return Table(
        id="refusals",
        title="Refusals by reason",
        columns=("what", "reason", "times"),
        rows=[(what, why, count) for (what, why), count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))],
    )


def _orders(record: RunRecord, lives: Sequence[OrderLife]) -> Table:
    """Every order, in the order of submission."""
    columns = (
        "submitted (UTC)", "order", "instrument", "side", "type", "price", "quantity", "filled", "average price",
        "state", "slippage (bp)", "until first fill", "until last news", "reason", "tag", "valid", "unit", "account",
    )  # fmt: skip
    rows = [_order(record, life) for life in lives[:MOST_ROWS]]
    return Table(id="orders-list", title="Orders", columns=columns, rows=rows, total=len(lives))


def _order(record: RunRecord, life: OrderLife) -> list[Cell]:
    """One order: what was asked for, what came of it, how long it took, what it cost."""
    order, terms = life.order, record.instruments[life.order.instrument]
    worth = sum(fill.price * fill.quantity for fill in life.fills)
    places = -int(terms.tick_size.as_tuple().exponent) + 2
    return [
        when(order.ts_init),
        order_name(record, order.order_id),
        terms.name,
        side(order.side),
        _word(OrderType(order.order_type)) + (", post-only" if order.post_only else ""),
        None if order.order_type == OrderType.MARKET else terms.price(order.price),
        terms.quantity(life.quantity),
        terms.quantity(life.filled),
        round(terms.tick_size * worth / life.filled, places) if life.fills else None,
        "worked by others" if life.parent else _word(life.status),
        None if life.slippage is None else round(life.slippage, 3),
        lasting(life.fills[0].ts_init - order.ts_init) if life.fills else "",
        lasting(life.last - order.ts_init),
        life.reason,
        order.tag,
        TimeInForce(order.time_in_force).name,
        quantity_unit(terms),
        record.accounts[order.account],
    ]


def _fills(record: RunRecord) -> Table:
    """Every fill, in the order in which the run heard of them."""
    rows = []
    fills = record.evaluation.fills
    for fill in fills[:MOST_ROWS]:
        terms = record.instruments[fill.instrument]
        asset = fill.fee_asset or terms.settle
        rows.append(
            (
                when(fill.ts_init),
                when(fill.ts_venue),
                order_name(record, fill.order_id),
                terms.name,
                side(fill.side),
                terms.price(fill.price),
                terms.quantity(fill.quantity),
                terms.quantity(fill.leaves_quantity),
                amount(fill.fee, record.ledger.precisions[asset]),
                asset,
                "maker" if fill.maker else "taker",
            )
        )
    columns = (
        "known (UTC)", "at the venue (UTC)", "order", "instrument", "side", "price", "quantity", "left",
        "fee", "asset", "as",
    )  # fmt: skip
    return Table(id="fills", title="Fills", columns=columns, rows=rows, total=len(fills))
