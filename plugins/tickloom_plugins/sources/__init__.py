"""Sources: candles from files, seeded synthetic markets, raw captures of Binance streams."""

from typing import TYPE_CHECKING

from tickloom import hookimpl

if TYPE_CHECKING:
    from tickloom.plugins import Register


@hookimpl
def tickloom_register(register: "Register") -> None:
    """Announce the room's plugins."""
    register.source("candles", "tickloom_plugins.sources.candles:Candles")
    register.source("synthetic", "tickloom_plugins.sources.synthetic:Synthetic")
    register.source("binance_raw", "tickloom_plugins.sources.binance_raw:BinanceRaw")
