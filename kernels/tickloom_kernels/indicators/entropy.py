"""How disordered the last n rows are: entropies of signs, bins and orders, complexity of strings, bands of frequencies.

Entropies are in bits. Counts are kept as whole numbers, so nothing drifts; sums over counts begin anew now and then.
"""

import math
from typing import Any

from tickloom_kernels.indicators.window import fma, get, lag, put, step

#: Windows after which a sum of many terms begins anew.
_WINDOWS = 32


# --- parts -----------------------------------------------------------------------------------------------------------


@step
def bits(count: float, n: int) -> float:
    """Share of a state with so many of n rows in the entropy, in bits."""
    return -(count / n) * math.log2(count / n) if count > 0.0 else 0.0


@step
def sign_of(k: int, x: float) -> float:
    """1 above zero, -1 below, 0 at zero."""
    if x > 0.0:
        return 1.0
    return -1.0 if x < 0.0 else 0.0


@step
def pattern(window: Any, first: int, order: int) -> int:
    """Code of the order in which ``order`` values stand, the newest ``first`` rows ago; of equals the older is less.

    Lehmer's code: per value how many later ones are below it, as digits of a factorial base.
    """
    number = 0
    for j in range(order - 1, 0, -1):
        x = lag(window, first + j)
        smaller = 0
        for i in range(j):
            smaller += 1 if lag(window, first + i) < x else 0
        number = (number + smaller) * j
    return number


# --- entropies -------------------------------------------------------------------------------------------------------


@step
def sign_entropy(k: int, state: Any, window: Any, n: int) -> Any:
    """Shannon entropy in bits of the signs of the last n returns: up, down and unchanged; 0 to log2(3).

    1 where ups and downs are equally frequent, 0 where all go one way.
    """
    up, down = state
    x = lag(window, 0)
    up, down = up + (1.0 if x > 0.0 else 0.0), down + (1.0 if x < 0.0 else 0.0)
    if k >= n:
        x = lag(window, n)
        up, down = up - (1.0 if x > 0.0 else 0.0), down - (1.0 if x < 0.0 else 0.0)
    return (up, down), bits(up, n) + bits(down, n) + bits(n - up - down, n)


@step
def binned_entropy(k: int, memory: Any, window: Any, n: int, bins: int) -> float:
    """Shannon entropy in bits of the last n returns, in bins of equal width from the least to the largest of them.

    tsfresh's binned_entropy, which is in nats. The bins move with the window. Where all returns are equal it is 0.
    """
    if k < n - 1:
        return 0.0
    low = high = lag(window, 0)
    for j in range(1, n):
        x = lag(window, j)
        low, high = min(low, x), max(high, x)
    if low == high:
        return 0.0
    for b in range(bins):
        put(memory, b, 0.0)
    for j in range(n):
        place = min(int((lag(window, j) - low) / (high - low) * bins), bins - 1)
        put(memory, place, get(memory, place) + 1.0)
    entropy = 0.0
    for b in range(bins):
        entropy += bits(get(memory, b), n)
    return entropy


@step
def permutation_entropy(k: int, state: Any, memory: Any, window: Any, n: int, order: int) -> Any:
    """Entropy of the orders in which ``order`` neighbours stand among the last n values, over its most: 0 to 1.

    Bandt and Pompe 2002, delay 1: n - order + 1 patterns, ``-sum(p log p) / log(order!)``; of equal values the older
    one counts as smaller. 1 for noise, 0 for a straight rise.
    """
    patterns, kinds = n - order + 1, 1
    for j in range(2, order + 1):
        kinds *= j
    if k == 0:
        # A table of c log2 c after the counts.
        for c in range(2, patterns + 1):
            put(memory, kinds + c, c * math.log2(float(c)))
    if k < order - 1:
        return state, 0.0
    (summed,) = state
    number = pattern(window, 0, order)
    count = int(get(memory, number))
    put(memory, number, count + 1.0)
    summed += get(memory, kinds + count + 1) - get(memory, kinds + count)
    seen = k - order + 1
    if seen >= patterns:
        number = pattern(window, patterns, order)
        count = int(get(memory, number))
        put(memory, number, count - 1.0)
        summed += get(memory, kinds + count - 1) - get(memory, kinds + count)
        if seen % (_WINDOWS * n) == 0:
            summed = 0.0
            for number in range(kinds):
                summed += get(memory, kinds + int(get(memory, number)))
    entropy = math.log2(float(patterns)) - summed / patterns
    return (summed,), min(max(entropy / math.log2(float(kinds)), 0.0), 1.0)


# --- strings ---------------------------------------------------------------------------------------------------------


@step
def lempel_ziv(k: int, memory: Any, window: Any, n: int) -> float:
    """Complexity of Lempel and Ziv (1976) of the last n moves, up or not: ``c log2(n) / n``, near 1 for coin tosses.

    c is the number of words in the exhaustive history of the string, oldest first, each the shortest that does not
    occur in what is before its last letter (Kaspar and Schuster 1987).
    """
    if k < n - 1:
        return 0.0
    for j in range(n):
        put(memory, n - 1 - j, 1.0 if lag(window, j) > 0.0 else 0.0)
    words, start = 1, 1
    while start < n:
        longest = 0
        for origin in range(start):
            length = 0
            while start + length < n and get(memory, origin + length) == get(memory, start + length):
                length += 1
            longest = max(longest, length)
        # A word that the string ends in the middle of counts, too.
        words += 1
        start += longest + 1
    return words * math.log2(float(n)) / n


@step
def match_rate(k: int, signs: Any, width: int) -> float:
    """``log2(width + 1) / L``, L one more than the longest match of what follows a row with what begins before it.

    The row is width - 1 rows ago; matches begin up to width rows before it and are at most width long.
    """
    if k < 2 * width - 1:
        return 0.0
    longest = 0
    for back in range(1, width + 1):
        length = 0
        while length < width and lag(signs, width - 1 - length) == lag(signs, width - 1 - length + back):
            length += 1
        longest = max(longest, length)
    return math.log2(width + 1.0) / (longest + 1.0)


@step
def kontoyiannis_entropy(k: int, rate: float, n: int, width: int) -> float:
    """Entropy rate in bits per row of the signs of returns, from how far back a string repeats (Kontoyiannis 1998).

    Mean over n rows of ``log2(width + 1) / L``: L is one more than the length of the longest string from that row on
    that also begins among the ``width`` rows before it (Lopez de Prado 2018, snippet 18.4, with a window). What follows
    a row must be known, so the newest of the n rows is width - 1 rows ago. Low where moves repeat; coin tosses read
    about 0.9 with a width of 200, nearer to 1 with a larger one.
    """
    return max(rate, 0.0)


# --- frequencies -----------------------------------------------------------------------------------------------------


@step
def spectral_energy(k: int, memory: Any, window: Any, n: int) -> Any:
    """Shares of slow, middling and fast waves in the energy of the last n returns; together 1.

    All are 0 where the returns are equal. The discrete Fourier transform of the window, computed anew at each row, so
    nothing drifts. Frequencies from 1 to n / 2 cycles per window are cut into three bands of equal width (frequency f
    is in band ``3 (f - 1) // (n // 2)``); the mean is left out, and each counts as often as it occurs in the two-sided
    spectrum.
    """
    if k == 0:
        for j in range(n):
            put(memory, j, math.cos(2.0 * math.pi * j / n))
            put(memory, n + j, math.sin(2.0 * math.pi * j / n))
    if k < n - 1:
        return 0.0, 0.0, 0.0
    # The cosine is the same from both ends of the window and the sine its opposite, so what they meet is added first.
    # The newest value is the base, so that it needs no term of its own.
    half, pairs, base = n // 2, (n - 1) // 2, lag(window, 0)
    for j in range(1, pairs + 1):
        one, other = lag(window, j) - base, lag(window, n - j) - base
        put(memory, 2 * n + j, one + other)
        put(memory, 3 * n + j, one - other)
    middle = lag(window, half) - base if 2 * half == n else 0.0
    slow = middling = fast = 0.0
    for f in range(1, half + 1):
        real, imaginary = -middle if f % 2 == 1 else middle, 0.0
        place = 0
        for j in range(1, pairs + 1):
            place += f
            place -= n if place >= n else 0
            real = fma(get(memory, 2 * n + j), get(memory, place), real)
            imaginary = fma(get(memory, 3 * n + j), get(memory, n + place), imaginary)
        energy = (real * real + imaginary * imaginary) * (1.0 if 2 * f == n else 2.0)
        band = 3 * (f - 1) // half
        slow += energy if band == 0 else 0.0
        middling += energy if band == 1 else 0.0
        fast += energy if band == 2 else 0.0
    whole = slow + middling + fast
    if whole > 0.0:
        return slow / whole, middling / whole, fast / whole
    return 0.0, 0.0, 0.0
