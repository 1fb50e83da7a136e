"""The small numbers that stand in events: sides, order types, states, reports, and what a source may complain of."""

from enum import IntEnum


class Side(IntEnum):
    """Side of an order or of a book; of a trade, the aggressor's side."""

    BUY = 1
    SELL = -1


class OrderType(IntEnum):
    """How an order is priced (numbers of FIX tag 40)."""

    MARKET = 1
    LIMIT = 2


class TimeInForce(IntEnum):
    """How long an order lives (numbers of FIX tag 59)."""

    GTC = 1
    IOC = 3


class OrderStatus(IntEnum):
    """Where an order stands, as far as news of it has arrived (FIX tag 39 in spirit)."""

    SUBMITTED = 0
    ACCEPTED = 1
    PARTIALLY_FILLED = 2
    FILLED = 3
    CANCELED = 4
    EXPIRED = 5
    REJECTED = 6
    #: Refused on our side of the line: by the gate, an algorithm or a router. It never reached a venue.
    DENIED = 7


class Report(IntEnum):
    """What an `OrderUpdate` says (FIX tag 150, execution type)."""

    ACCEPTED = 1
    AMENDED = 2
    CANCELED = 3
    EXPIRED = 4
    REJECTED = 5
    DENIED = 6
    CANCEL_REJECTED = 7
    AMEND_REJECTED = 8


class Feed(IntEnum):
    """What a `SourceStatus` says about its source."""

    CONNECTED = 1
    LOST = 2
    GAP = 3
    RECOVERED = 4
    #: One input was left out because it could not be read or made no sense; ``reason`` says why.
    SKIPPED = 5


class BadInput(IntEnum):
    """Why a source left an input out, or doubts what follows."""

    NONE = 0
    TRUNCATED = 1
    MALFORMED = 2
    UNSORTED = 3
    DUPLICATE = 4
    SEQUENCE_GAP = 5
    CROSSED_BOOK = 6
    NOT_A_NUMBER = 7
    NOT_POSITIVE = 8
    OFF_GRID = 9
    UNKNOWN_SYMBOL = 10
    INCONSISTENT = 11
