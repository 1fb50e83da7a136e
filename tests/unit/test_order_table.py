"""The table of our orders and the exposure that follows from it, worked by hand."""

from typing import Any

import pytest

from tickloom.codes import OrderStatus
from tickloom.errors import OrderError
from tickloom.events import SubmitOrder
from tickloom.orders.table import Order, OrderTable
from tickloom_kernels.orders import table as t


def table(*orders: tuple[int, int, int]) -> OrderTable:
    """Make a table with orders of (strategy, side, quantity) that work for account 1 in instrument 1."""
    made = OrderTable(2, 2)
    for n, (strategy, side, quantity) in enumerate(orders):
        row = made.add(
            submitted(order_id=(strategy << 32) + n + 1, strategy=strategy, side=side, quantity=quantity), 200
        )
        t.work(made.exposure, made.rows, row, quantity)
    return made


def submitted(**fields: Any) -> SubmitOrder:
    """Make an order of 10 lots of instrument 1 at 99, from account 1."""
    given: dict[str, Any] = {
        "ts_init": 7,
        "order_id": 1,
        "parent_id": 0,
        "strategy": 0,
        "account": 1,
        "instrument": 1,
        "side": 1,
        "order_type": 2,
        "time_in_force": 1,
        "post_only": True,
        "price": 99,
        "quantity": 10,
        "algorithm": "direct",
        "tag": "",
    }
    return SubmitOrder(**(given | fields))


def exposure(made: OrderTable) -> list[int]:
    """Position, working buys, working sells of account 1 in instrument 1; nothing else may have changed."""
    assert made.exposure.sum() == made.exposure[1, 1].sum()
    held: list[int] = made.exposure[1, 1].tolist()
    return held


def test_an_order_is_entered_as_it_was_submitted() -> None:
    made = OrderTable(2, 2)
    assert made.add(submitted(order_id=5), 201) == 0
    assert made[5] == Order(5, 0, 0, 1, 1, 1, 2, 1, 1, 99, 10, 0, 0, OrderStatus.SUBMITTED, 7, 201)
    assert made[5].is_open
    assert exposure(made) == [0, 0, 0]


def test_words_of_a_row_and_fields_of_an_order_are_the_same() -> None:
    names: tuple[str, ...] = (
        "ORDER_ID",
        "PARENT_ID",
        "STRATEGY",
        "ACCOUNT",
        "INSTRUMENT",
        "SIDE",
        "ORDER_TYPE",
        "TIME_IN_FORCE",
    )
    names += ("POST_ONLY", "PRICE", "QUANTITY", "FILLED", "LEAVES", "STATUS", "TS_SUBMIT", "ARRIVAL")
    assert [getattr(t, name) for name in names] == list(range(t.KNOWN_WORDS))
    fields = [name.upper().replace("_QUANTITY", "") for name in Order._fields]
    assert fields == [*names]
    assert (t.SUBMITTED, t.ACCEPTED, t.PARTIALLY_FILLED, t.FILLED_STATUS, t.DENIED) == (
        OrderStatus.SUBMITTED,
        OrderStatus.ACCEPTED,
        OrderStatus.PARTIALLY_FILLED,
        OrderStatus.FILLED,
        OrderStatus.DENIED,
    )


@pytest.mark.parametrize(
    ("side", "news", "expected", "leaves", "status"),
    [
        (1, [], [0, 10, 0], 10, OrderStatus.SUBMITTED),
        (-1, [], [0, 0, 10], 10, OrderStatus.SUBMITTED),
        (1, [("fill", 4)], [4, 6, 0], 6, OrderStatus.PARTIALLY_FILLED),
        (-1, [("fill", 4)], [-4, 0, 6], 6, OrderStatus.PARTIALLY_FILLED),
        (1, [("fill", 4), ("fill", 6)], [10, 0, 0], 0, OrderStatus.FILLED),
        (1, [("fill", 4), ("close", OrderStatus.CANCELED)], [4, 0, 0], 0, OrderStatus.CANCELED),
        # a fill that is heard of after the end still counts, and the order stays over
        (1, [("close", OrderStatus.EXPIRED), ("fill", 4)], [4, 0, 0], 0, OrderStatus.EXPIRED),
        # amended: price and what is left
        (1, [("fill", 4), ("change", 3)], [4, 3, 0], 3, OrderStatus.PARTIALLY_FILLED),
        (-1, [("fill", 4), ("change", 20), ("fill", 20)], [-24, 0, 0], 0, OrderStatus.FILLED),
    ],
)
def test_news_changes_the_order_and_the_exposure_together(
    side: int, news: list[tuple[str, int]], expected: list[int], leaves: int, status: OrderStatus
) -> None:
    made = table((0, side, 10))
    filled = 0
    for what, number in news:
        if what == "fill":
            filled += number
            t.fill(made.rows, made.exposure, 0, number)
        elif what == "close":
            t.close(made.rows, made.exposure, 0, int(number))
        else:
            t.change(made.rows, made.exposure, 0, 95, number)
    order = made.at(0)
    assert exposure(made) == expected
    assert (order.leaves_quantity, order.status, order.filled_quantity) == (leaves, status, filled)
    assert order.is_open == (status in {OrderStatus.SUBMITTED, OrderStatus.PARTIALLY_FILLED})


def test_a_fill_says_what_is_left() -> None:
    made = table((0, 1, 10))
    assert [t.fill(made.rows, made.exposure, 0, lots) for lots in (4, 5, 1)] == [6, 1, 0]


def test_an_amended_order_has_its_new_total_and_price() -> None:
    made = table((0, 1, 10))
    t.fill(made.rows, made.exposure, 0, 4)
    t.change(made.rows, made.exposure, 0, 95, 3)
    assert (made.at(0).quantity, made.at(0).price) == (7, 95)


def test_open_orders_are_those_of_one_strategy_that_are_not_over() -> None:
    made = table((0, 1, 10), (3, 1, 10), (3, -1, 10), (3, 1, 10))
    t.close(made.rows, made.exposure, 2, int(OrderStatus.CANCELED))
    t.fill(made.rows, made.exposure, 3, 2)
    assert [order.order_id for order in made.open_of(3)] == [(3 << 32) + 2, (3 << 32) + 4]
    assert made.open_of(1) == []


def test_the_table_grows() -> None:
    made = OrderTable(1, 1)
    for n in range(3_000):
        assert made.add(submitted(order_id=n + 1, account=0, instrument=0), n) == n
    assert [order.arrival for order in made] == list(range(3_000))
    assert made[2_500].order_id == 2_500


def test_an_unknown_order_is_named() -> None:
    with pytest.raises(OrderError, match="there is no order 77"):
        table((0, 1, 10))[77]
