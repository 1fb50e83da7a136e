"""The book below its top: depth and imbalance over levels, the cost of walking it, its slope, flow at every level.

A level without size is not there, and a book with fewer levels than asked for counts those that it has.
"""

import math
from typing import Any

from tickloom_kernels.indicators.order_book import flow
from tickloom_kernels.indicators.window import entry, get, level, put, step


@step
def size_at(sizes: Any, j: int) -> float:
    """Size of a level; 0 where there is none."""
    size = level(sizes, j)
    return size if j < sizes[1] and size > 0.0 else 0.0


@step
def balance(bid: float, ask: float) -> float:
    """Bid less ask over their sum; 0 where there is nothing."""
    both = bid + ask
    return (bid - ask) / both if both > 0.0 else 0.0


@step
def depth_imbalance(k: int, bid_sizes: Any, ask_sizes: Any, levels: int) -> float:
    """Imbalance of the sizes of the best levels of both sides, -1 to 1; 0 where there are none."""
    bid = ask = 0.0
    for j in range(min(levels, bid_sizes[1])):
        bid += size_at(bid_sizes, j)
        ask += size_at(ask_sizes, j)
    return balance(bid, ask)


@step
def depth_imbalance_weighted(k: int, bid_sizes: Any, ask_sizes: Any, levels: int, decay: float) -> float:
    """Imbalance of the best levels, each weighing ``exp(-decay)`` times the one above it, -1 to 1."""
    bid = ask = 0.0
    keep, weight = math.exp(-decay), 1.0
    for j in range(min(levels, bid_sizes[1])):
        bid += weight * size_at(bid_sizes, j)
        ask += weight * size_at(ask_sizes, j)
        weight *= keep
    return balance(bid, ask)


@step
def depth_near(
    k: int, mid: float, bid_prices: Any, bid_sizes: Any, ask_prices: Any, ask_sizes: Any, bps: float
) -> tuple[float, float]:
    """Size that stands within a distance of the mid on either side, in units of the base.

    The distance is in basis points of the mid. No more than the levels of the view are seen.
    """
    bid = ask = 0.0
    low, high = mid - mid * bps * 1e-4, mid + mid * bps * 1e-4
    for j in range(bid_sizes[1]):
        if level(bid_prices, j) >= low:
            bid += size_at(bid_sizes, j)
        if level(ask_prices, j) <= high:
            ask += size_at(ask_sizes, j)
    return bid, ask


@step
def walk(mid: float, prices: Any, sizes: Any, quantity: float) -> float:
    """Average price of a market order that takes the levels of one side; what they lack is had at the worst of them."""
    left, paid, price = quantity, 0.0, mid
    for j in range(prices[1]):
        size = size_at(sizes, j)
        if size > 0.0 and left > 0.0:
            price = level(prices, j)
            paid += min(left, size) * price
            left -= min(left, size)
    return (paid + left * price) / quantity


@step
def sweep_price(
    k: int, mid: float, bid_prices: Any, bid_sizes: Any, ask_prices: Any, ask_sizes: Any, quantity: float
) -> tuple[float, float]:
    """Average price at which a quantity would be bought and sold at once, walking the book.

    Where the levels hold less, the rest is taken at the worst level of the view; the mid where a side has none.
    """
    return walk(mid, ask_prices, ask_sizes, quantity), walk(mid, bid_prices, bid_sizes, quantity)


@step
def cost_to_trade(k: int, buy: float, sell: float, mid: float, quantity: float) -> tuple[float, float]:
    """Cost of buying and of selling a quantity at once, in basis points of the mid (half the spread is part of it)."""
    return 1e4 * (buy - mid) / mid, 1e4 * (mid - sell) / mid


@step
def slope(mid: float, prices: Any, sizes: Any, levels: int) -> float:
    """Least-squares slope, through the origin, of the summed size on the distance from the mid in basis points."""
    size = above = below = 0.0
    for j in range(min(levels, prices[1])):
        here = size_at(sizes, j)
        if here > 0.0:
            size += here
            distance = 1e4 * abs(level(prices, j) - mid) / mid
            above += distance * size
            below += distance * distance
    return above / below if below > 0.0 else 0.0


@step
def book_slope(
    k: int, mid: float, bid_prices: Any, bid_sizes: Any, ask_prices: Any, ask_sizes: Any, levels: int
) -> tuple[float, float]:
    """Steepness of the book: size that one more basis point of distance from the mid gives, on either side.

    The slope of a line through the origin, fitted by least squares to the sizes summed from the best price outwards
    (Naes and Skjeltorp 2006 measure the same with elasticities, which break where a size is 1). 0 for an empty side.
    """
    return slope(mid, bid_prices, bid_sizes, levels), slope(mid, ask_prices, ask_sizes, levels)


@step
def push(mid: float, prices: Any, sizes: Any, levels: int) -> float:
    """Sum of sizes over their relative distances from the mid."""
    total = 0.0
    for j in range(min(levels, prices[1])):
        distance = abs(level(prices, j) - mid)
        total += size_at(sizes, j) * mid / distance if distance > 0.0 else 0.0
    return total


@step
def book_pressure(
    k: int, mid: float, bid_prices: Any, bid_sizes: Any, ask_prices: Any, ask_sizes: Any, levels: int
) -> float:
    """Imbalance of the best levels, each weighing as much as it is near the mid, -1 to 1.

    Sizes are divided by their distance from the mid. A level at the mid itself, as in a locked book, does not count.
    """
    return balance(push(mid, bid_prices, bid_sizes, levels), push(mid, ask_prices, ask_sizes, levels))


@step
def side_flow(memory: Any, at: int, prices: Any, sizes: Any, j: int, sign: float) -> float:
    """Flow into one level of one side since the update before, which ``memory`` keeps; a level without size is far."""
    size = size_at(sizes, j)
    price = sign * level(prices, j) if size > 0.0 else -math.inf
    came = flow(price, size, get(memory, at), get(memory, at + 1))
    put(memory, at, price)
    put(memory, at + 1, size)
    return came


@step
def order_flow_imbalance_level(
    k: int, memory: Any, bid_prices: Any, bid_sizes: Any, ask_prices: Any, ask_sizes: Any, level_number: int
) -> float:
    """Order-flow imbalance of one update at one level of the book; level 1 is the best price.

    As `order_flow_imbalance`, with the prices and sizes of the m-th best levels, which gives the vector of Xu, Gould
    and Howison (2018) when several levels are chosen. A level that is not there has no size at a price behind all.
    """
    bid = side_flow(memory, 0, bid_prices, bid_sizes, level_number - 1, 1.0)
    ask = side_flow(memory, 2, ask_prices, ask_sizes, level_number - 1, -1.0)
    return bid - ask if k > 0 else 0.0


@step
def order_flow_imbalance_weighted(
    k: int, memory: Any, bid_prices: Any, bid_sizes: Any, ask_prices: Any, ask_sizes: Any, levels: int, decay: float
) -> float:
    """Order-flow imbalance of one update summed over levels, each weighing ``exp(-decay)`` times the one above it.

    With ``decay = 0`` all weigh the same. The levels are those of `order_flow_imbalance_level`.
    """
    total, keep, weight = 0.0, math.exp(-decay), 1.0
    for j in range(min(levels, bid_prices[1])):
        bid = side_flow(memory, 4 * j, bid_prices, bid_sizes, j, 1.0)
        ask = side_flow(memory, 4 * j + 2, ask_prices, ask_sizes, j, -1.0)
        total += weight * (bid - ask)
        weight *= keep
    return total if k > 0 else 0.0


@step
def integrated_order_flow_imbalance(
    k: int, memory: Any, bid_prices: Any, bid_sizes: Any, ask_prices: Any, ask_sizes: Any, weights: Any
) -> float:
    """Order-flow imbalance of one update over all levels, weighed by their first principal component.

    ``sum(w_m e_m)`` of the flows of `order_flow_imbalance_level`, with weights whose sizes sum to 1, fitted on training
    rows (`tickloom.features.fitted.integrated_flow.fit_integrated_flow`). Its `total` over n updates is the integrated
    flow of these. Without fitted weights five levels weigh the same, and the label says ``unfitted``. Levels beyond the
    depth of the view count nothing.

    Cont, Cucuringu and Zhang (2023), who divide it by the average depth of the interval besides.
    """
    total = 0.0
    for j in range(min(weights[2], bid_prices[1])):
        bid = side_flow(memory, 4 * j, bid_prices, bid_sizes, j, 1.0)
        ask = side_flow(memory, 4 * j + 2, ask_prices, ask_sizes, j, -1.0)
        total += entry(weights, j) * (bid - ask)
    return total if k > 0 else 0.0
