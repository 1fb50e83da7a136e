"""Puts compiled strategies in their places: emission kernels ahead of the rows, an order kernel in Python's place."""

from collections.abc import Sequence
from typing import Any

from tickloom.engine.ahead.emitter import Emitter
from tickloom.engine.compiled import OrderKernel
from tickloom.engine.run import Run
from tickloom.engine.seats import Seat
from tickloom.errors import ConfigError
from tickloom_kernels.compiled.calling import address_of
from tickloom_kernels.compiled.desk import ORDER_KERNEL
from tickloom_kernels.compiled.emission import EMISSION_KERNEL


def emitters(run: Run, instruments: int, where: str) -> tuple[Emitter, ...]:
    """Make the emitter of each strategy that has an emission kernel."""
    made = []
    for seat in run.seats:
        plugin: Any = seat.plugin
        if getattr(plugin, "emission_kernel", None) is not None:
            address = _address(plugin.emission_kernel, "emission.EMISSION_KERNEL", EMISSION_KERNEL, where, seat)
            made.append(Emitter(seat, address, instruments, run.fail))
    return tuple(made)


def order_kernel(seats: Sequence[Seat], run: Run, where: str) -> OrderKernel | None:
    """Put the run's only strategy where the loop would wake Python, if it has an order kernel.

    Raises
    ------
    ConfigError
        The run holds something that such a strategy cannot have beside it.
    """
    placing = [seat for seat in seats if getattr(seat.plugin, "order_kernel", None) is not None]
    if not placing:
        return None
    seat, checks = placing[0], run.road.gate.checks
    _check(len(seats) == 1, where, seat, "no other strategy")
    _check(len(run.sessions) == 1, where, seat, "exactly one venue")
    venue = run.sessions[0].venue
    _check(hasattr(venue, "flat"), where, seat, "a venue in flat state, such as 'simulated'")
    _check(min(seat.ctx.accounts) >= 0, where, seat, "an account for every instrument")
    check: Any = next(iter(checks.values()))
    _check(len(checks) == 1 and hasattr(check, "flat"), where, seat, "no risk check but 'limits'")
    limits, numbers = check.flat(len(run.tables.accounts))
    plugin: Any = seat.plugin
    return OrderKernel(
        seat,
        _address(plugin.order_kernel, "desk.ORDER_KERNEL", ORDER_KERNEL, where, seat),
        run.sessions[0],
        run.market,
        run.orders,
        run.road.ledger,
        run.road.numbering,
        limits,
        numbers,
        check.explain,
        run.fail,
    )


def _address(kernel: Any, name: str, signature: Any, where: str, seat: Seat) -> int:
    """Return the address of a strategy's kernel."""
    try:
        return address_of(kernel, signature)
    except TypeError as error:
        raise ConfigError(
            f"{where}: the kernel of {seat.name} {error}; compile it by @njit({name}, cache=True)"
        ) from None


def _check(holds: bool, where: str, seat: Seat, wanted: str) -> None:
    if not holds:
        raise ConfigError(f"{where}: {seat.name} places its orders in numba, and that takes {wanted} in the run")
