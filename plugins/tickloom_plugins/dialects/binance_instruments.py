"""What is known of Binance's instruments without asking: steps, minimums and fees, from a table beside this module."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from tickloom.config.settings import build
from tickloom.errors import DataError, nearest
from tickloom.instruments import Instrument

#: What the instruments of a market are.
CONTRACTS = {"spot": "spot", "usdm": "linear", "cm": "inverse"}


@cache
def _facts() -> dict[str, Any]:
    """Read the table of instruments."""
    return tomllib.loads(files(__package__).joinpath("binance_instruments.toml").read_text(encoding="utf-8"))


def instrument(market: str, symbol: str, facts: Mapping[str, object]) -> Instrument:
    """Make the instrument of a symbol.

    Parameters
    ----------
    market : str
        ``spot``, ``usdm`` or ``cm``.
    symbol : str
        The exchange's name of it.
    facts : mapping
        Fields of `Instrument` that stand above what is known; empty for what is known alone.

    Raises
    ------
    DataError
        The symbol is not known, and ``facts`` is empty.
    ConfigError
        A fact is missing or invalid.
    """
    table = _facts()[market]
    known = table["symbols"].get(symbol)
    if known is None and not facts:
        raise DataError(
            f"{market} symbol {symbol!r} is not known; {nearest(symbol, table['symbols'])}; "
            f"or give its facts: instrument = {{ base = ..., quote = ..., tick_size = ..., lot_size = ... }}"
        )
    fees = {name: table[name] for name in ("maker_fee", "taker_fee")}
    merged = {"symbol": symbol, "contract": CONTRACTS[market], **fees, **(known or {}), **facts}
    made: Instrument = build(Instrument, merged, f"instrument {symbol}")
    return made
