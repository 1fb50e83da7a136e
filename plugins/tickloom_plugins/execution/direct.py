"""The plainest algorithm: what the strategy commands is what is done, at once and in one piece."""

from tickloom.interfaces import Command, Context


class Direct:
    """Passes every command on as it is: no slices, no timers, no orders of its own.

    The strategy's order is the order at the venue, so both have one id, and a cancel or an amendment of the strategy
    needs no translation. It is what an order gets that names no algorithm.
    """

    ctx: Context
    as_is = True

    def work(self, command: Command) -> tuple[Command]:
        """Return the command itself, the only one that carries it out."""
        return (command,)
