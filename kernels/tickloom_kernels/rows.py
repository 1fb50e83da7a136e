"""The shape of a market row, as kernels read it: twelve int64 words, four of them the same for every kind.

A chunk of market data is a C-contiguous int64 array of shape ``(n, WORDS)``, ordered by ``ts_init``.
``tickloom.events`` declares the kinds; a test holds the two against each other.
This module imports nothing, so that naming a word costs no numba.
"""

#: Words in one row (96 bytes).
WORDS = 12

#: When this process had the row: the loop's time (UNIX time in nanoseconds, UTC).
TS_INIT = 0
#: When it happened at the exchange (UNIX time in nanoseconds, UTC). Neither time implies the other.
TS_EVENT = 1
#: Index into the run's table of instruments; -1 where a row concerns no instrument.
INSTRUMENT = 2
#: The first word that belongs to the kind alone.
PAYLOAD = 3
#: Which kind of event the row holds (one of the type ids below). It stands last, so that the fields of an event are
#: the first words of its row, in order.
KIND = 11

# Type ids: also the type ids of the wire, so a number is never used twice.
TRADE = 1
QUOTE = 2
BOOK_DELTA = 3
BAR = 4
MARK_PRICE = 5
FUNDING_RATE = 6
INSTRUMENT_STATUS = 7
LIQUIDATION = 8
SOURCE_STATUS = 9
KILL_SWITCH = 10

# TRADE: prices in ticks, quantities in lots, the aggressor +1 (bought), -1 (sold) or 0 (unknown).
TRADE_PRICE = 3
TRADE_QUANTITY = 4
TRADE_AGGRESSOR = 5
TRADE_ID = 6

# QUOTE: best bid and ask; a quantity of 0 says that the side is empty.
QUOTE_BID_PRICE = 3
QUOTE_BID_QUANTITY = 4
QUOTE_ASK_PRICE = 5
QUOTE_ASK_QUANTITY = 6

# BOOK_DELTA: the new total at one price (0 removes the level); side +1 bid, -1 ask.
DELTA_PRICE = 3
DELTA_QUANTITY = 4
DELTA_SIDE = 5
DELTA_FLAGS = 6

#: The book is emptied before this row is applied (a row with side 0 only empties it).
FLAG_CLEAR = 1
#: The row is part of a snapshot.
FLAG_SNAPSHOT = 2
#: The last row of one update: between updates the book may be crossed, after this row it is whole.
FLAG_LAST = 4

# BAR: ``ts_event`` is the open time of the bar.
BAR_SERIES = 3
BAR_OPEN = 4
BAR_HIGH = 5
BAR_LOW = 6
BAR_CLOSE = 7
BAR_VOLUME = 8
BAR_TRADES = 9
BAR_FLAGS = 10

#: Trade ids inside the bar are not consecutive: at least one trade is missing.
FLAG_GAP = 1

# INSTRUMENT_STATUS, SOURCE_STATUS, KILL_SWITCH.
STATUS_TRADING = 3
SOURCE_SOURCE = 3
SOURCE_FEED = 4
SOURCE_REASON = 5
SOURCE_PLACE = 6
KILL_ENGAGED = 3
