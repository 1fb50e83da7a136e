"""What happens without Python is written down in int64 words, and becomes events when somebody asks for them."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Words of an entry: name, name of the cause, type id, then the fields of the event.
ROW = 0
SUB = 1
CAUSE_ROW = 2
CAUSE_SUB = 3
TYPE_ID = 4
FIELDS = 5
#: Of an ORDER_UPDATE: number of its reason, and where that is from.
REASON = 14
REASON_BY = 15
#: Of a SUBMIT_ORDER: number of its texts (algorithm and tag) among those of the run.
TEXTS = 17
ENTRY_WORDS = 18

# Type ids, numbers of `tickloom.events`.
SUBMIT_ORDER = 48
CANCEL_ORDER = 49
AMEND_ORDER = 50
ORDER_UPDATE = 64
FILL = 65
POSITION_CHANGED = 80
ACCOUNT_CHANGED = 81
#: No event: the numbers behind the refusal of the gate that stands before it.
DETAIL = 0

# Where the reason of an ORDER_UPDATE is from: its last word. That before it is the reason's number.
BY_VENUE = 0
BY_GATE = 1
NO_SUCH_ORDER = 2
IS_OVER = 3
KILLED = 4

# The head `h` of a compiled run, as far as names are concerned.
LOGGED = 0
STREAM_ROW = 1
STREAM_SUB = 2


@njit(cache=True, nogil=True)
def at(h: NDArray[np.int64], row: int) -> None:
    """Begin the names after an input row, unless it has begun."""
    if h[STREAM_ROW] != row:
        h[STREAM_ROW] = row
        h[STREAM_SUB] = 0


@njit(cache=True, nogil=True)
def name(log: NDArray[np.int64], h: NDArray[np.int64], type_id: int, cause_row: int, cause_sub: int) -> int:
    """Begin an entry, named after what has been named before; return its place in the log."""
    entry = h[LOGGED]
    h[LOGGED] += 1
    h[STREAM_SUB] += 1
    log[entry, ROW] = h[STREAM_ROW]
    log[entry, SUB] = h[STREAM_SUB]
    log[entry, CAUSE_ROW] = cause_row
    log[entry, CAUSE_SUB] = cause_sub
    log[entry, TYPE_ID] = type_id
    return entry
