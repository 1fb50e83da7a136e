"""Drives compiled feature units over rows: one call for many rows of many symbols, or for the one row that just came.

A *frame* is everything a view consists of, as int64: sizes, addresses, and per unit the address of its function, where
its part of an arena begins and its first output column. What is called from Python takes the frame's address, a plain
number, which makes the call short and keeps numba from counting references. The words of a frame are named below.
"""

import numpy as np
from numba import njit

from tickloom_kernels.indicators.window import (
    call,
    fence,
    fetch,
    load,
    load_int,
    step,
    store,
    store_byte,
    store_int,
    stream,
)

# Words of a frame.
UNITS = 0
POLICY = 1
WIDTH_IN = 2
WIDTH_OUT = 3
WORDS = 4
CHECKED = 5
ARENAS = 6
#: Address of the symbol of each row; 0: all are of symbol 0.
WHICH = 7
ROWS = 8
OUT = 9
READY = 10
FIRST_CHECKED = 11
SYMBOLS = 12
#: Of the cross-symbol unit, which stands behind the others: its arena, the newest vectors, and what it gives.
ACROSS = 13
NEWEST = 14
GIVEN = 15
#: Bytes from a row of the input to the next, and from a column to the next.
BETWEEN = 16
BESIDE = 17
#: Outputs that must be there for a row to be ready: all, or none where the cross-symbol unit comes after.
SHOWN = 18
#: Rows that go through all units before the next ones do, so that they are still in the processor's cache.
BLOCK = 19
#: Column of the time by which rows must be in order, or -1; and address of the latest time of each symbol (float64).
TIME_COLUMN = 20
LATEST = 21
#: Address of room for the outputs of a block of rows, where they are written past the cache; 0: straight to `OUT`.
ROOM = 22
#: Why `drive` stopped, 0 where it did not.
STOPPED = 23
#: Of the frame of one row: what `advance_one` said last and of which symbol it was asked; the addresses of two Python
#: objects: what an update returns, and what says why it was refused.
TOLD = 24
ASKED = 25
VECTOR = 26
REFUSAL = 27
#: Which way the symbols of an instant were gone through last (`_run_each`).
BACKWARDS = 28
HEAD = 29
#: Words of a frame per unit: address of the function, first word in the arena, first column of the output.
PER_UNIT = 3

# What becomes of a row with an input that is no finite number.
RAISE = 0
SKIP = 1
HOLD = 2

# Why rows are refused.
MISSING = 1
UNORDERED = 2

# What `advance_one` says of its row.
REFUSED = 0
TAKEN = 1
MENDED = 2

# Words of the head of an arena; the values that "hold" repeats follow.
COUNT = 0
TIME = 1
HEAD_WORDS = 2

#: Symbols that may come in turn, such as bars that close together: the rows of each then run in one call.
_TURN = 32
#: Rows of one symbol behind one another that are worth a call of their own.
_RUN = 4

#: The bits of a number without its sign, and those of an infinity.
_SIZE = 0x7FFF_FFFF_FFFF_FFFF
_INFINITE = 0x7FF0_0000_0000_0000


def drive(frame: int, count: int) -> int:
    """Run all units over rows.

    Parameters
    ----------
    frame : int
        Address of a view's frame. Its words name arrays: rows (float64, any strides), the symbol of each (int64),
        outputs (float64, shape (n, width out)), ready (bool: all outputs are there, and no input was missing).
    count : int
        How many rows.

    Returns
    -------
    int
        Rows taken; fewer than ``count`` where the row there is refused, and `STOPPED` says why: the policy is to raise
        and it has an input that is no finite number, or its time lies before that of the row before it, of the same
        symbol. Below 0, with nothing done, where a row is of a symbol that there is not.
    """
    which, block, symbols = load_int(frame, WHICH), load_int(frame, BLOCK), load_int(frame, SYMBOLS)
    if which != 0:
        strange, rising = 0, 1
        for j in range(count):
            strange += load_int(which, j) < 0 or load_int(which, j) >= symbols
        if strange > 0:
            return -1
        for j in range(1, count):
            rising += load_int(which, j) > load_int(which, j - 1)
        if rising == count and _run_each(frame, count):
            return count
    j = look = 0
    while j < count:
        turn, end = 1, min(count, j + block)
        if which != 0:
            turn = _turn(which, j, end) if j >= look else 1
            # Where no turn was found there is none soon.
            look = look if turn > 1 or j < look else j + _TURN
            same = _same(which, j, end, turn)
            # Rows of ever other symbols go through one unit after the other, whose code then stays in the cache.
            turn, end = (0, end) if turn == 1 and same - j < _RUN else (turn, same)
        _fetch(frame, end, min(count, end + block))
        usable = _usable(frame, j, end)
        ordered = _ordered(frame, j, usable)
        _run_block(frame, j, ordered, turn)
        if ordered < usable or (usable < end and _ordered(frame, usable, usable + 1) == usable):
            return _stop(frame, ordered, UNORDERED)
        j = usable
        if usable < end:
            if load_int(frame, POLICY) == RAISE:
                return _stop(frame, usable, MISSING)
            _mend(frame, _symbol(which, j), j)
            store_byte(load_int(frame, READY), j, 0)
            j += 1
    fence()
    return count


@step
def _fetch(frame: int, j: int, end: int) -> None:
    """Ask for the rows that come next, where each column is in one piece: at a page's end processors do not guess."""
    if load_int(frame, BETWEEN) != 8 or end - j < 8:
        return
    for c in range(load_int(frame, CHECKED)):
        at = _input(frame, j, load_int(frame, load_int(frame, FIRST_CHECKED) + c))
        for line in range(0, 8 * (end - j), 64):
            fetch(at + line)
    if load_int(frame, TIME_COLUMN) >= 0:
        at = _input(frame, j, load_int(frame, TIME_COLUMN))
        for line in range(0, 8 * (end - j), 64):
            fetch(at + line)


@step
def _stop(frame: int, taken: int, reason: int) -> int:
    store_int(frame, STOPPED, reason)
    fence()
    return taken


@step
def _run_block(frame: int, j: int, end: int, turn: int) -> None:
    """Run the units over rows that are as they should be: of ``turn`` symbols, one row each in turn; 0: of any."""
    which, room, wide = load_int(frame, WHICH), load_int(frame, ROOM), load_int(frame, WIDTH_OUT)
    if end <= j:
        return
    out = load_int(frame, OUT) + 8 * j * wide
    given = out if room == 0 else room
    if turn == 0:
        _run_singly(frame, j, end, given)
    for first in range(j, min(end, j + turn)):
        into = given + 8 * (first - j) * wide
        _run(frame, _symbol(which, first), first, (end - first + turn - 1) // turn, turn, into)
    _show(frame, j, end, given)
    if room != 0:
        stream(out, room, (end - j) * wide)


@step
def _ordered(frame: int, j: int, end: int) -> int:
    """First row from ``j`` on whose time lies before that of the row before it, of the same symbol; else ``end``."""
    column = load_int(frame, TIME_COLUMN)
    if column < 0 or end <= j:
        return end
    which, latest, between = load_int(frame, WHICH), load_int(frame, LATEST), load_int(frame, BETWEEN)
    times = _input(frame, j, column)
    if which == 0 and load(times, 0) >= load(latest, 0) and _back(times, between, end - j) == 0:
        store(latest, 0, load(times + (end - j - 1) * between, 0))
        return end
    for row in range(j, end):
        symbol, time = _symbol(which, row), load(times, 0)
        if time < load(latest, symbol):
            return row
        store(latest, symbol, time)
        times += between
    return end


@step
def _back(times: int, between: int, count: int) -> int:
    """Count the steps back; without asking where, which processors do for several rows at once."""
    found = 0
    if between == 8:
        for j in range(1, count):
            found += load(times, j) < load(times, j - 1)
    else:
        for j in range(1, count):
            found += load(times + j * between, 0) < load(times + (j - 1) * between, 0)
    return found


@step
def advance_one(frame: int, symbol: int) -> int:
    """Run all units over the one row of a frame; return `TAKEN`, `MENDED` or `REFUSED`."""
    if symbol < 0 or symbol >= load_int(frame, SYMBOLS):
        return REFUSED
    if _is_usable(frame, load_int(frame, ROWS)):
        _run(frame, symbol, 0, 1, 1, load_int(frame, OUT))
        return TAKEN
    if load_int(frame, POLICY) == RAISE:
        return REFUSED
    _mend(frame, symbol, 0)
    return MENDED


@step
def _symbol(which: int, j: int) -> int:
    return load_int(which, j) if which != 0 else 0


@step
def _turn(which: int, j: int, end: int) -> int:
    """After how many rows the symbol of a row comes again, with each other symbol at most once in between; else 1."""
    symbol, turn = load_int(which, j), 1
    while turn <= _TURN and j + turn < end and load_int(which, j + turn) != symbol:
        turn += 1
    if turn > _TURN or j + turn >= end:
        return 1
    for row in range(j + 1, j + turn):
        for other in range(row + 1, j + turn):
            if load_int(which, row) == load_int(which, other):
                return 1
    return turn


@step
def _same(which: int, j: int, end: int, turn: int) -> int:
    """First row whose symbol is not that of the row a turn before."""
    row = j + turn
    while row < end and load_int(which, row) == load_int(which, row - turn):
        row += 1
    return row


@step
def _input(frame: int, j: int, column: int) -> int:
    """Address of an input of a row."""
    return load_int(frame, ROWS) + j * load_int(frame, BETWEEN) + column * load_int(frame, BESIDE)


@step
def _is_usable(frame: int, row: int) -> bool:
    """Whether all inputs that a feature uses are finite."""
    beside, first = load_int(frame, BESIDE), load_int(frame, FIRST_CHECKED)
    total = 0.0
    for c in range(load_int(frame, CHECKED)):
        value = load(row + beside * load_int(frame, first + c), 0)
        total += value - value
    return total == 0.0


@step
def _usable(frame: int, j: int, end: int) -> int:
    """First row from ``j`` on with an input that is not finite; ``end`` if there is none.

    Rows are checked together, a column at a time, which processors do for several of them at once.
    """
    between, first = load_int(frame, BETWEEN), load_int(frame, FIRST_CHECKED)
    largest = 0
    if end - j > 1:
        for c in range(load_int(frame, CHECKED)):
            largest = max(largest, _largest(_input(frame, j, load_int(frame, first + c)), between, end - j))
        if largest < _INFINITE:
            return end
    row = load_int(frame, ROWS) + j * between
    while j < end and _is_usable(frame, row):
        j, row = j + 1, row + between
    return j


@step
def _largest(values: int, between: int, count: int) -> int:
    """Largest size of some numbers, as its bits: those of an infinity or of a NaN are above those of all others."""
    found = 0
    if between == 8:
        for n in range(count):
            found = max(found, load_int(values, n) & _SIZE)
    else:
        for n in range(count):
            found = max(found, load_int(values + n * between, 0) & _SIZE)
    return found


@njit(error_model="numpy")
def _run(frame: int, symbol: int, j: int, count: int, turn: int, out: int) -> None:
    """Run the units over rows of one symbol, ``turn`` rows apart, and remember the last row for `HOLD`."""
    arena = load_int(frame, ARENAS) + 8 * symbol * load_int(frame, WORDS)
    rows, width = _input(frame, j, 0), load_int(frame, WIDTH_OUT)
    between, beside = load_int(frame, BETWEEN), load_int(frame, BESIDE)
    unit = frame + 8 * HEAD
    for _ in range(load_int(frame, UNITS)):
        first, column = load_int(unit, 1), load_int(unit, 2)
        call(load_int(unit, 0), arena + 8 * first, rows, turn * between, beside, out + 8 * column, count, turn * width)
        unit += 8 * PER_UNIT
    if load_int(frame, POLICY) == HOLD:
        _remember(frame, arena, j + turn * (count - 1), count)


@njit(error_model="numpy")
def _run_singly(frame: int, j: int, end: int, out: int) -> None:
    """Run the units over rows of any symbols, one after the other."""
    which, arenas, words = load_int(frame, WHICH), load_int(frame, ARENAS), 8 * load_int(frame, WORDS)
    between, beside, width = load_int(frame, BETWEEN), load_int(frame, BESIDE), load_int(frame, WIDTH_OUT)
    unit = frame + 8 * HEAD
    for _ in range(load_int(frame, UNITS)):
        function, first, into = load_int(unit, 0), 8 * load_int(unit, 1), out + 8 * load_int(unit, 2)
        rows = _input(frame, j, 0)
        for row in range(j, end):
            call(function, arenas + load_int(which, row) * words + first, rows, between, beside, into, 1, width)
            rows, into = rows + between, into + 8 * width
        unit += 8 * PER_UNIT
    if load_int(frame, POLICY) == HOLD:
        for row in range(j, end):
            _remember(frame, arenas + load_int(which, row) * words, row, 1)


@njit(error_model="numpy")
def _run_each(frame: int, count: int) -> bool:
    """Run the units over one row each of some symbols, if all rows are as they should be.

    The next instant goes through the symbols the other way round: what was at work last is in the cache then. State of
    hundreds of symbols is larger than a cache, and would else be thrown out just before its turn.
    """
    if load_int(frame, ROOM) != 0 or _usable(frame, 0, count) < count or _ordered(frame, 0, count) < count:
        return False
    which, arenas, words = load_int(frame, WHICH), load_int(frame, ARENAS), 8 * load_int(frame, WORDS)
    between, beside, width = load_int(frame, BETWEEN), load_int(frame, BESIDE), load_int(frame, WIDTH_OUT)
    out, units, back = load_int(frame, OUT), load_int(frame, UNITS), load_int(frame, BACKWARDS)
    store_int(frame, BACKWARDS, 1 - back)
    for n in range(units):
        unit = frame + 8 * (HEAD + PER_UNIT * (units - 1 - n if back else n))
        function, first, into = load_int(unit, 0), 8 * load_int(unit, 1), out + 8 * load_int(unit, 2)
        for m in range(count):
            row = count - 1 - m if back else m
            arena, at = arenas + load_int(which, row) * words, _input(frame, row, 0)
            call(function, arena + first, at, between, beside, into + 8 * row * width, 1, width)
    if load_int(frame, POLICY) == HOLD:
        for row in range(count):
            _remember(frame, arenas + load_int(which, row) * words, row, 1)
    _show(frame, 0, count, out)
    return True


@step
def _remember(frame: int, arena: int, j: int, count: int) -> None:
    """Keep the inputs of a symbol's last row, and count its rows."""
    store(arena, COUNT, load(arena, COUNT) + count)
    for c in range(load_int(frame, WIDTH_IN)):
        store(arena, HEAD_WORDS + c, load(_input(frame, j, c), 0))


@njit(error_model="numpy")
def _show(frame: int, j: int, end: int, out: int) -> None:
    """Say which rows have all outputs."""
    ready, shown = load_int(frame, READY), load_int(frame, SHOWN)
    for row in range(j, end):
        store_byte(ready, row, 1)
    if _largest(out, 8, (end - j) * shown) > _INFINITE:
        for row in range(j, end):
            store_byte(ready, row, _largest(out, 8, shown) <= _INFINITE)
            out += 8 * shown


def across(frame: int, instants: int, count: int) -> None:
    """Run the cross-symbol unit after the rows of each instant, and give its outputs to the rows of that instant.

    Parameters
    ----------
    frame : int
        Address of the frame of a view whose rows have been driven.
    instants : int
        Address of an int64 per row, equal for rows of one instant, which stand together.
    count : int
        Rows.
    """
    width, out, which = load_int(frame, WIDTH_OUT), load_int(frame, OUT), load_int(frame, WHICH)
    unit = frame + 8 * (HEAD + PER_UNIT * load_int(frame, UNITS))
    symbols, own = load_int(frame, SYMBOLS), load_int(unit, 2)
    newest, given, arena = load_int(frame, NEWEST), load_int(frame, GIVEN), load_int(frame, ACROSS)
    wide = width - own
    j = 0
    while j < count:
        end = j
        while end < count and load_int(instants, end) == load_int(instants, j):
            symbol = load_int(which, end) if which != 0 else 0
            for c in range(own):
                store(newest, symbol * own + c, load(out, end * width + c))
            end += 1
        call(load_int(unit, 0), arena, newest, given, symbols, own, 0, 0)
        for row in range(j, end):
            symbol = load_int(which, row) if which != 0 else 0
            for c in range(wide):
                store(out, row * width + own + c, load(given, symbol * wide + c))
        j = end


@njit(error_model="numpy")
def _mend(frame: int, symbol: int, j: int) -> None:
    """Let a row with an unusable input stand still, or step with the inputs of the row before."""
    arena = load_int(frame, ARENAS) + 8 * symbol * load_int(frame, WORDS)
    if load_int(frame, POLICY) == HOLD and load(arena, COUNT) > 0.0:
        for c in range(load_int(frame, CHECKED)):
            column = load_int(frame, load_int(frame, FIRST_CHECKED) + c)
            value = load(_input(frame, j, column), 0)
            if value - value != 0.0:
                store(_input(frame, j, column), 0, load(arena, HEAD_WORDS + column))
        _run(frame, symbol, j, 1, 1, load_int(frame, OUT) + 8 * j * load_int(frame, WIDTH_OUT))
    else:
        width = load_int(frame, WIDTH_OUT)
        for c in range(width):
            store(load_int(frame, OUT), j * width + c, np.nan)
