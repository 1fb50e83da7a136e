"""The plainest router: an order goes to the venue of the instrument it names."""

from tickloom.events import SubmitOrder
from tickloom.interfaces import Context


class Direct:
    """Leaves every order with the instrument, hence the venue, that the strategy chose.

    Nothing is split and nothing is compared: it is what a run gets that names no router.
    """

    ctx: Context
    as_is = True

    def route(self, order: SubmitOrder) -> tuple[SubmitOrder]:
        """Return the order itself, the only piece of it."""
        return (order,)
