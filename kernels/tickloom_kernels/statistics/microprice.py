"""Transitions of the top of the book, counted: what Stoikov's microprice is fitted on.

A state is a bucket of the imbalance of the best queues and a multiple of the tick that the spread is wide. A balanced
book under an even number of buckets lies between the two in the middle, and is a state of its own: so the mirror image
of every state is a state, and what is its own image is expected to go nowhere.

Compiled code is not kept here: numba would not notice an edit of the step functions that it is made of, and a table
that was fitted by others than read it would be wrong without a word.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from tickloom_kernels.indicators.order_book import book_state, queue_imbalance

Floats = NDArray[np.float64]


@njit(nogil=True)
def state_of(bid: float, bid_size: float, ask: float, ask_size: float, tick: float, buckets: int, spreads: int) -> int:
    """Return the number of the state of a book, from 0: ``place * spreads + spread in ticks - 1``.

    Places ascend with the imbalance, from all on the ask to all on the bid; there are ``buckets``, and one more for the
    balanced book where that is even. The last spread stands for all wider ones.
    """
    cell, side = book_state(queue_imbalance(0, bid_size, ask_size), ask - bid, tick, buckets, spreads)
    half, wide = cell // spreads, cell % spreads
    place = buckets // 2 + int(side) * (half + 1 - buckets % 2)
    return place * spreads + wide


@njit(nogil=True)
def transitions(
    book: Floats, rows: NDArray[np.int64], tick: float, buckets: int, spreads: int
) -> tuple[Floats, Floats, Floats]:
    """Count the transitions between neighbouring rows, both of which are to be looked at.

    Parameters
    ----------
    book : float64, shape (n, 4)
        Best bid, its size, best ask, its size; a row with a number that is not finite is passed over, with both of its
        transitions.
    rows : int64, shape (m,)
        Rows to look at, ascending.
    tick : float
        The smallest step of prices (price).
    buckets, spreads : int
        Buckets of the imbalance, and of spreads in ticks.

    Returns
    -------
    counts : float64, shape (states, states)
        Transitions from one state to another.
    moves : float64, shape (states,)
        Transitions from a state at which the mid moved.
    gains : float64, shape (states,)
        Sum of the moves of the mid at transitions from a state (ticks).
    """
    states = (buckets + 1 - buckets % 2) * spreads
    counts, moves, gains = np.zeros((states, states)), np.zeros(states), np.zeros(states)
    before, old, mid = -2, 0, 0.0
    for row in rows:
        bid, bid_size, ask, ask_size = book[row, 0], book[row, 1], book[row, 2], book[row, 3]
        if not math.isfinite(bid + bid_size + ask + ask_size):
            continue
        new, now = state_of(bid, bid_size, ask, ask_size, tick, buckets, spreads), (bid + ask) * 0.5
        if row == before + 1:
            counts[old, new] += 1.0
            moves[old] += now != mid
            gains[old] += (now - mid) / tick
        before, old, mid = row, new, now
    return counts, moves, gains
