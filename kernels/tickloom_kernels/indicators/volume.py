"""Volume: where in the bar it was traded, with which move of the price, and how much there is beside the usual."""

import math
from typing import Any

from tickloom_kernels.indicators.window import fma, lag, step


@step
def money_flow(k: int, high: float, low: float, close: float, volume: float) -> float:
    """Volume times where the close stands in the bar, from -1 at the low to 1 at the high; 0 in a bar without range."""
    return ((close - low) - (high - close)) / (high - low) * volume if high > low else 0.0


@step
def accumulation_distribution(k: int, state: Any, flow: float) -> Any:
    """Chaikin's accumulation/distribution line: the running sum of volume times where the close stands in the bar.

    A bar without range adds nothing. The line depends on where the stream began for ever; its changes do not.
    """
    (line,) = state
    line += flow
    return (line,), line


@step
def chaikin_oscillator(k: int, state: Any, flow: float, fast: int, slow: int) -> Any:
    """Fast less slow EMA of Chaikin's accumulation/distribution line; both are seeded with its first value."""
    line, quick, calm = state
    line += flow
    if k == 0:
        quick = calm = line
    else:
        quick = fma(2.0 / (fast + 1.0), line - quick, quick)
        calm = fma(2.0 / (slow + 1.0), line - calm, calm)
    return (line, quick, calm), quick - calm


@step
def chaikin_money_flow(k: int, flow: float, volume: float, n: int) -> float:
    """Chaikin's money flow, -1 to 1: volume times where the close stands in the bar, over the volume, of n rows.

    0 where nothing was traded.
    """
    return flow / volume if volume > 0.0 else 0.0


@step
def force(k: int, closes: Any, volume: float) -> float:
    """Change of the close times the volume."""
    return (lag(closes, 0) - lag(closes, 1)) * volume if k > 0 else 0.0


@step
def force_index(k: int, average: float, n: int) -> float:
    """Elder's force index: the EMA of the change of the close times the volume (Elder, Trading for a Living, 1993)."""
    return average


@step
def market_facilitation(k: int, high: float, low: float, volume: float) -> float:
    """Williams' market facilitation index: range of the bar per unit of volume; 0 where nothing was traded."""
    return (high - low) / volume if volume != 0.0 else 0.0


@step
def negative_volume(k: int, state: Any, closes: Any, volumes: Any) -> Any:
    """Negative volume index: takes part in the close's relative change on rows with less volume than the row before.

    Begins at 1000, and depends on where the stream began for ever (Dysart; Fosback 1976).
    """
    (index,) = state
    if k == 0:
        index = 1000.0
    else:
        last = lag(closes, 1)
        if lag(volumes, 0) < lag(volumes, 1) and last != 0.0:
            index += index * ((lag(closes, 0) - last) / last)
    return (index,), index


@step
def positive_volume(k: int, state: Any, closes: Any, volumes: Any) -> Any:
    """Positive volume index: takes part in the close's relative change on rows with more volume than the row before.

    Begins at 1000, and depends on where the stream began for ever (Dysart; Fosback 1976).
    """
    (index,) = state
    if k == 0:
        index = 1000.0
    else:
        last = lag(closes, 1)
        if lag(volumes, 0) > lag(volumes, 1) and last != 0.0:
            index += index * ((lag(closes, 0) - last) / last)
    return (index,), index


@step
def on_balance(k: int, state: Any, closes: Any, volume: float) -> Any:
    """Granville's on-balance volume: adds the volume where the close rose, takes it away where it fell.

    Begins with the volume of the first row, as TA-Lib does (others: 0); its level depends on where the stream began.
    """
    (line,) = state
    if k == 0:
        line = volume
    else:
        close, last = lag(closes, 0), lag(closes, 1)
        side = (1.0 if close > last else 0.0) - (1.0 if close < last else 0.0)
        line = fma(side, volume, line)
    return (line,), line


@step
def volume_oscillator(k: int, fast_average: float, slow_average: float, fast: int, slow: int, kind: int) -> float:
    """Percentage volume oscillator: by how many percent the fast average of the volume is above the slow one.

    0 where the slow average is 0.
    """
    return 100.0 * (fast_average - slow_average) / slow_average if slow_average != 0.0 else 0.0


@step
def price_volume_trend(k: int, state: Any, closes: Any, volume: float) -> Any:
    """Price and volume trend: the running sum of volume times the relative change of the close.

    Begins at 0; a row whose close before is 0 adds nothing. Its level depends on where the stream began.
    """
    (line,) = state
    if k > 0:
        last = lag(closes, 1)
        if last != 0.0:
            line += (lag(closes, 0) - last) / last * volume
    return (line,), line


@step
def relative_volume(k: int, volume: float, means: Any, n: int) -> float:
    """Volume over its mean of the n rows before, the row at hand not included; 0 where nothing was traded in them."""
    usual = lag(means, 1) if k > 0 else 0.0
    return volume / usual if usual > 0.0 else 0.0


@step
def flows(k: int, prices: Any, volume: float) -> Any:
    """Price times volume, in the first output where the price rose and in the second where it fell."""
    price = lag(prices, 0)
    change, flow = price - lag(prices, 1) if k > 0 else 0.0, price * volume
    # A mean of three prices that did not change may differ in its last bits.
    same = 1e-14 * abs(price)
    return flow if change > same else 0.0, flow if change < -same else 0.0


@step
def money_flow_index(k: int, rising: float, falling: float, n: int) -> float:
    """Money flow index, 0 to 100: typical price times volume of n changes, and how much of it on rises.

    0 without any flow. A typical price that differs by less than 1e-14 of itself has not changed.
    """
    both = rising + falling
    return 100.0 * (rising / both) if both > 0.0 else 0.0


@step
def williams(k: int, state: Any, high: float, low: float, closes: Any) -> Any:
    """Williams' accumulation/distribution: the running sum of the close's way from the true low or the true high.

    From the true low where the close rose, from the true high (below 0) where it fell. It takes no volume. Begins at 0;
    its level depends on where the stream began.
    """
    (line,) = state
    if k > 0:
        close, last = lag(closes, 0), lag(closes, 1)
        if close > last:
            line += close - min(low, last)
        elif close < last:
            line += close - max(high, last)
    return (line,), line


@step
def ease(k: int, highs: Any, lows: Any, volume: float) -> float:
    """Move of the bar's middle times its range, over its volume; 0 where nothing was traded."""
    if k == 0 or volume == 0.0:
        return 0.0
    high, low = lag(highs, 0), lag(lows, 0)
    move = (high + low) / 2.0 - (lag(highs, 1) + lag(lows, 1)) / 2.0
    return move * (high - low) / volume


@step
def ease_of_movement(k: int, average: float, n: int) -> float:
    """Arms' ease of movement: simple average of (move of the bar's middle) times (its range) over (its volume).

    Without the factor (10 000 to 100 000 000) by which charts blow it up. A bar without volume counts as 0 (Arms 1989).
    """
    return average


@step
def volume_force(k: int, state: Any, high: float, low: float, close: float, volume: float) -> Any:
    """Klinger's volume force: volume, signed by the trend, larger the smaller the bar is beside its trend so far."""
    price, trend, measured, before = state
    here, reach = high + low + close, high - low
    now = 1.0 if here > price else -1.0
    signed = 0.0
    if k > 1:
        measured = measured + reach if now == trend else before + reach
        if measured != 0.0:
            signed = volume * abs(2.0 * (reach / measured - 1.0)) * now * 100.0
    # The second bar has no trend yet, so the third begins one.
    return (here, now if k > 1 else 0.0, measured, reach), signed


@step
def klinger(k: int, quick: float, calm: float, fast: int, slow: int) -> float:
    """Klinger's volume oscillator: fast less slow EMA of the volume force; take an EMA of 13 of it as its signal.

    The trend is 1 where high + low + close rose and -1 elsewhere. The cumulative measurement cm adds up the ranges dm
    of a trend, and begins with the range of the bar before it. The force is ``100 volume trend |2 (dm / cm - 1)|``, 0
    where cm is 0. This is the convention of StockCharts and talipp; charts that call a plain EMA difference of signed
    volume by the same name differ for ever (Klinger, Stocks and Commodities, December 1997).
    """
    return quick - calm


@step
def signed(k: int, closes: Any, volume: float) -> float:
    """Volume with the sign of the change of the close."""
    change = lag(closes, 0) - lag(closes, 1) if k > 0 else 0.0
    return volume if change > 0.0 else (-volume if change < 0.0 else 0.0)


@step
def volume_zone(k: int, direction: float, whole: float, n: int) -> float:
    """Volume zone oscillator, -100 to 100: EMA of the volume signed by the close's change, over that of the volume.

    A row whose close did not change counts in the second only; 0 where nothing was traded (Khalil and Steckler, Stocks
    and Commodities, May 2011).
    """
    return 100.0 * direction / whole if whole > 0.0 else 0.0


@step
def volume_change(k: int, volumes: Any, n: int) -> float:
    """By how many percent the volume has changed over n rows; 0 where there was none then."""
    if k < n:
        return 0.0
    last = lag(volumes, n)
    return 100.0 * (lag(volumes, 0) - last) / last if last != 0.0 else 0.0


@step
def volume_score(k: int, volume: float, mean: float, variance: float, n: int) -> float:
    """How many standard deviations (of the population) the volume is above its mean of n rows; 0 where it is flat."""
    return (volume - mean) / math.sqrt(variance) if variance > 0.0 else 0.0


@step
def qlib_mean(k: int, volume: float, mean: float, n: int) -> float:
    """Mean volume of n rows over the volume at hand (qlib's VMA, without its guard of 1e-12); 0 where that is 0."""
    return mean / volume if volume != 0.0 else 0.0


@step
def qlib_deviation(k: int, volume: float, variance: float, n: int) -> float:
    """Volatility of the volume: standard deviation (of a sample) of n rows over the volume at hand (qlib's VSTD).

    0 where that is 0.
    """
    return math.sqrt(variance * n / (n - 1.0)) / volume if volume != 0.0 else 0.0


@step
def moved_volume(k: int, closes: Any, volume: float) -> float:
    """Volume times the size of the relative change of the close; 0 where the close before is 0."""
    last = lag(closes, 1) if k > 0 else 0.0
    return abs(lag(closes, 0) / last - 1.0) * volume if last != 0.0 else 0.0


@step
def qlib_weighted(k: int, mean: float, variance: float, n: int) -> float:
    """How uneven volume times size of return is: standard deviation (of a sample) over mean (qlib's WVMA).

    0 where nothing was traded or nothing moved.
    """
    return math.sqrt(variance * n / (n - 1.0)) / mean if mean > 0.0 else 0.0


@step
def changes(k: int, volumes: Any) -> Any:
    """How much the volume rose and how much it fell, one of them 0."""
    change = lag(volumes, 0) - lag(volumes, 1) if k > 0 else 0.0
    return max(change, 0.0), max(-change, 0.0)


@step
def qlib_rises(k: int, rose: float, fell: float, n: int) -> float:
    """Part of the rises in all changes of the volume of n rows, 0 to 1; 0 where it never changed (qlib's VSUMP)."""
    both = rose + fell
    return rose / both if both > 0.0 else 0.0


@step
def qlib_falls(k: int, rose: float, fell: float, n: int) -> float:
    """Part of the falls in all changes of the volume of n rows, 0 to 1; 0 where it never changed (qlib's VSUMN)."""
    both = rose + fell
    return fell / both if both > 0.0 else 0.0


@step
def qlib_balance(k: int, rose: float, fell: float, n: int) -> float:
    """Rises less falls in all changes of the volume of n rows, -1 to 1; 0 where it never changed (qlib's VSUMD)."""
    both = rose + fell
    return (rose - fell) / both if both > 0.0 else 0.0
