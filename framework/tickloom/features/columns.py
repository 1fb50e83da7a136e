"""The streams that a feature view may step on, and the columns of numbers that each of them has."""

from collections.abc import Sequence

import attrs

from tickloom.errors import ConfigError

#: Sides of the book, in the order of their blocks of columns.
SIDES = ("bid_price", "bid_size", "ask_price", "ask_size")


@attrs.frozen
class Stream:
    """What one row of a stream holds, as float64.

    Attributes
    ----------
    name : str
    columns : tuple of str
        Prices and amounts in quote currency and base units, ``time`` in seconds since 1970 (UTC).
    aliases : dict
        Other names of columns, so that one feature runs on several streams.
    depth : int
        Levels per side of the book that stand before all other columns; 0: none.
    """

    name: str
    columns: tuple[str, ...]
    aliases: dict[str, str] = attrs.field(factory=dict, hash=False)
    depth: int = 0

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return len(SIDES) * self.depth + len(self.columns)

    def column(self, name: str) -> int | None:
        """Place of a column in a row, or None where the stream has no such column; of a ladder, its best level."""
        name = self.aliases.get(name, name)
        if name in self.columns:
            return len(SIDES) * self.depth + self.columns.index(name)
        return self.ladder(name)

    def ladder(self, side: str) -> int | None:
        """Place of the best level of a side of the book, or None where the stream has no levels."""
        return SIDES.index(side) * self.depth if self.depth and side in SIDES else None

    def need(self, name: str, who: str) -> int:
        """Return the place of a column.

        Raises
        ------
        ConfigError
            The stream does not give it; says what it gives.
        """
        place = self.column(name)
        if place is None:
            known = ", ".join((*self.columns, *self.aliases, *(SIDES if self.depth else ())))
            raise ConfigError(f"{who} needs {name!r}, which a view on {self.name!r} does not have; it has {known}")
        return place


_BAR = ("open", "high", "low", "close", "volume", "trades", "time")
#: ``mid`` is that of the newest quote with two sides before the trade, NaN while there is none.
_TRADE = ("price", "quantity", "aggressor", "time", "mid")
_QUOTE = ("bid", "bid_size", "ask", "ask_size", "mid", "time")
#: The book after an update, and what was traded since the update before.
_BOOK = ("bid", "ask", "mid", "bought", "sold", "buys", "sells", "time")

BAR = Stream("bar", _BAR)
TRADE = Stream("trade", _TRADE, {"close": "price", "volume": "quantity"})
QUOTE = Stream("quote", _QUOTE, {"close": "mid"})


def book(depth: int) -> Stream:
    """Make the stream of book updates with so many levels per side."""
    return Stream("book", _BOOK, {"close": "mid"}, depth)


def stream(name: str, depth: int = 10) -> Stream:
    """Return a stream by its name: ``bar``, ``trade``, ``quote`` or ``book`` (with so many levels per side)."""
    return {"bar": BAR, "trade": TRADE, "quote": QUOTE, "book": book(depth)}[name]


def checked(places: Sequence[int], stream: Stream) -> list[int]:
    """Return the places whose numbers must be finite: all that are used, but never the levels, which may be empty."""
    return sorted(place for place in set(places) if place >= len(SIDES) * stream.depth)
