"""What every strategy owes: handlers that the loop knows, and the same orders in any run on the same rows."""

from collections.abc import Callable
from typing import Any

from tickloom.errors import nearest
from tickloom.interfaces import Source, Strategy
from tickloom.testing.conformance import laws
from tickloom.testing.conformance.subject import Subject
from tickloom.testing.runs import Finished
from tickloom.testing.ticks import market

_HANDLERS = tuple(name for name in vars(Strategy) if name.startswith("on_"))
_KNOWN = "a strategy is woken through the handlers of tickloom.Strategy, and through no other"


def check_strategy(
    factory: Callable[..., Any], ticks: Source | None = None, config: str = "", /, **settings: Any
) -> Finished:
    """Require that a strategy keeps the laws of the loop.

    It is run several times: as it is, again, at another hour with other dice, and in other chunks. All must give the
    same outcome stream, byte for byte, and no handler may raise.

    Parameters
    ----------
    factory : callable
        Makes the strategy; asked once for every run.
    ticks : Source, optional
        `tickloom.testing.market` by default: two perpetual contracts, BTCUSDT and ETHUSDT.
    config : str
        TOML that stands above the run's own, as `tickloom.testing.run_plugin` takes it.
    **settings
        Its settings, as a config would hold them.

    Returns
    -------
    Finished
        One of the runs; a test may go on to ask what the strategy did in it.

    Raises
    ------
    ConformanceError
        Names the handler, or the first event that differed, and the rule.
    """
    subject = Subject("strategy", factory, settings)
    plugin = subject.make()
    written = [name for name in dir(plugin) if name.startswith("on_") and callable(getattr(plugin, name))]
    for name in written:
        subject.require(name in _HANDLERS, name, f"nobody calls it; {nearest(name, _HANDLERS)}", _KNOWN)
    own = [name for name in written if getattr(type(plugin), name, None) is not getattr(Strategy, name)]
    subject.require(bool(own), "handlers", "it has none, so that nothing wakes it", _KNOWN)
    return laws.hold(subject, subject.stage(ticks or market(150), config))
