"""What a venue says of an order, as int64 rows: the codes, the reasons and the words of a row."""

#: Words in one outcome.
WORDS = 8

CODE = 0
ORDER_ID = 1
#: Price (ticks): of the fill, or of the order as it now stands.
PRICE = 2
#: Quantity (lots) of the fill; 0 for all other codes.
QUANTITY = 3
#: What is left of the order (lots).
LEAVES = 4
#: 1 where the order was resting (maker), 0 where it took.
MAKER = 5
REASON = 6
INSTRUMENT = 7

# Codes: the numbers of `tickloom.codes.Report`, and FILL.
ACCEPTED = 1
AMENDED = 2
CANCELED = 3
EXPIRED = 4
REJECTED = 5
CANCEL_REJECTED = 7
AMEND_REJECTED = 8
FILL = 16

# Reasons.
NO_REASON = 0
NO_MARKET = 1
VENUE_FULL = 2
WOULD_TAKE = 3
NO_LIQUIDITY = 4
NOT_IMMEDIATE = 5
UNKNOWN_ORDER = 6
TOO_SMALL = 7
HALTED = 8
NO_FUNDS = 9
BELOW_MINIMUM = 10

#: Reasons in words, by number.
REASONS = (
    "",
    "no market: the instrument has had no price yet",
    "the venue holds no more resting orders",
    "post-only: the order would have taken liquidity",
    "no liquidity left in the book",
    "immediate or cancel: the rest could not be filled at once",
    "the order is not resting",
    "the new quantity is not above what has been filled",
    "the instrument is halted",
    "insufficient funds",
    "below the instrument's smallest order",
)
