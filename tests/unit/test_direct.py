"""The plainest algorithm and router give on exactly what they were given."""

import pytest

from tickloom.events import AmendOrder, CancelOrder, SubmitOrder
from tickloom.interfaces import Command
from tickloom_plugins.execution.direct import Direct as DirectAlgorithm
from tickloom_plugins.routing.direct import Direct as DirectRouter

ORDER = SubmitOrder(
    ts_init=1, order_id=7, parent_id=0, strategy=0, account=0, instrument=0, side=1, order_type=2, time_in_force=1,
    post_only=False, price=100, quantity=5, algorithm="direct", tag="",
)  # fmt: skip


@pytest.mark.parametrize("command", [ORDER, CancelOrder(2, 7), AmendOrder(3, 7, 101, 4)])
def test_the_algorithm_carries_out_every_command_as_it_is(command: Command) -> None:
    (only,) = DirectAlgorithm().work(command)
    assert only is command


def test_the_router_leaves_an_order_where_it_was_sent() -> None:
    (only,) = DirectRouter().route(ORDER)
    assert only is ORDER
