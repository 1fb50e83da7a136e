"""The top of the book, from quotes or from book updates; what needs to know what was traded runs on books only."""

import math
from typing import Any

from tickloom.features import FittedTable, Float, Int, Table, Window, feature
from tickloom.features.fitted import microprice as fitted
from tickloom_kernels.indicators import order_book
from tickloom_plugins.features.indicators.terms import log_return, total

TOP = ("bid", "bid_size", "ask", "ask_size")
SECONDS = {"seconds": Float(60.0, 1e-3, 1e7)}


def faded(seconds: float, **_: Any) -> int:
    """Rows in which all but a millionth has faded, if there is one per second; more rows per second need more."""
    return math.ceil(-seconds * math.log(1e-6))


#: Of everything whose past fades in seconds.
FADING: dict[str, Any] = {"parameters": SECONDS, "converge": faded, "stability": "converging", "oracle": "literal"}

time_decay = feature(inputs=(Window("time", 1),), parameters=SECONDS, unit="ratio", oracle="literal")(
    order_book.time_decay
)
quote_intensity = feature(inputs=lambda seconds: (time_decay(seconds=seconds),), state=1, unit="per second", **FADING)(
    order_book.quote_intensity
)
mid_variance = feature(
    inputs=lambda seconds: (log_return("mid", n=1), time_decay(seconds=seconds)),
    state=1,
    unit="ratio^2 per second",
    reference="Hansen and Lunde, Realized variance and market microstructure noise, 2006",
    **FADING,
)(order_book.mid_variance)

# --- prices ----------------------------------------------------------------------------------------------------------

quoted_spread = feature(inputs=("bid", "ask"), unit="price", power=1, stability="exact", oracle="literal")(
    order_book.quoted_spread
)
relative_spread = feature(inputs=("bid", "ask", "mid"), unit="basis points", oracle="literal")(
    order_book.relative_spread
)
weighted_mid = feature(inputs=TOP, unit="price", power=1, convention="imbalance weighted", oracle="literal")(
    order_book.weighted_mid
)
microprice_momentum = feature(
    inputs=lambda n: (Window(weighted_mid(), n),),
    parameters={"n": Int(10)},
    lookback=lambda n: n,
    unit="basis points",
    convention="of the weighted mid",
    oracle="literal",
)(order_book.microprice_momentum)
queue_imbalance = feature(
    inputs=("bid_size", "ask_size"),
    unit="ratio",
    oracle="literal",
    reference="Gould and Bonart, Queue imbalance as a one-tick-ahead price predictor, 2016",
)(order_book.queue_imbalance)
STOIKOV = "Stoikov, The micro-price: a high-frequency estimator of future prices, 2018"
#: Adjustments of 0: the plain mid.
NO_ADJUSTMENT = FittedTable(kind=fitted.KIND, shape=(10, 2), numbers=(0.0,) * 20, constants=(("tick", 1.0),))
microprice = feature(
    inputs=("bid", "ask", queue_imbalance()),
    outputs=("price", "adjustment"),
    parameters={"table": Table(NO_ADJUSTMENT, ("imbalance buckets", "spreads"), fitted.LEAST, fitted.MOST)},
    unit="price",
    # A table knows the tick of the prices that it was fitted on.
    power=None,
    convention="of a table that was fitted before",
    oracle="literal",
    reference=STOIKOV,
)(order_book.microprice)
microprice_online = feature(
    inputs=("bid", "ask", queue_imbalance()),
    outputs=("price", "adjustment"),
    parameters={"buckets": Int(10, 2, 40), "spreads": Int(2, 1, 10)},
    state=4,
    memory=lambda buckets, spreads: ((buckets + 1) // 2 * spreads) * ((buckets + 1) // 2 * spreads + 3),
    unit="price",
    power=1,
    stability="path",
    convention="estimated while it runs, not from a table fitted before",
    oracle="literal",
    reference=STOIKOV,
)(order_book.microprice_online)

# --- flow at the best prices -----------------------------------------------------------------------------------------

CONT: dict[str, Any] = {
    "unit": "volume",
    "oracle": "literal",
    "reference": "Cont, Kukanov and Stoikov, The price impact of order book events, 2014",
}
order_flow_imbalance = feature(inputs=tuple(Window(name, 1) for name in TOP), lookback=1, **CONT)(
    order_book.order_flow_imbalance
)
order_flow_imbalance_sum = feature(
    inputs=lambda n: (total(order_flow_imbalance(), n=n),), parameters={"n": Int(20)}, **CONT
)(order_book.order_flow_imbalance_sum)
order_flow_imbalance_decayed = feature(
    inputs=lambda seconds: (order_flow_imbalance(), time_decay(seconds=seconds)),
    state=1,
    **{**FADING, **CONT},
)(order_book.order_flow_imbalance_decayed)

# --- how long the best prices stand ----------------------------------------------------------------------------------

#: What it says depends on when the price became the best one, which may be any time ago.
STANDING: dict[str, Any] = {"state": 3, "outputs": ("ahead", "age"), "stability": "path", "oracle": "literal"}
LIVES: dict[str, Any] = {
    "parameters": {"n": Int(20)},
    "state": 4,
    "unit": "seconds",
    "stability": "path",
    "oracle": "literal",
}
bid_queue = feature(name="bid_queue", inputs=("bid", "bid_size", "time"), unit=("volume", "seconds"), **STANDING)(
    order_book.best_queue
)
ask_queue = feature(name="ask_queue", inputs=("ask", "ask_size", "time"), unit=("volume", "seconds"), **STANDING)(
    order_book.best_queue
)
bid_life = feature(name="bid_life", inputs=("bid", "time"), **LIVES)(order_book.best_life)
ask_life = feature(name="ask_life", inputs=("ask", "time"), **LIVES)(order_book.best_life)

# --- with what was traded, which only books tell ---------------------------------------------------------------------

bid_cancelled = feature(
    inputs=(Window("bid", 1), Window("bid_size", 1), "sold"), lookback=1, unit="volume", oracle="literal"
)(order_book.bid_cancelled)
ask_cancelled = feature(
    inputs=(Window("ask", 1), Window("ask_size", 1), "bought"), lookback=1, unit="volume", oracle="literal"
)(order_book.ask_cancelled)
bid_cancel_burst = feature(
    inputs=lambda seconds: (bid_cancelled(), time_decay(seconds=seconds)), state=1, unit="volume", **FADING
)(order_book.bid_cancel_burst)
ask_cancel_burst = feature(
    inputs=lambda seconds: (ask_cancelled(), time_decay(seconds=seconds)), state=1, unit="volume", **FADING
)(order_book.ask_cancel_burst)
traded_imbalance = feature(
    inputs=lambda seconds: ("bought", "sold", time_decay(seconds=seconds)), state=2, unit="ratio", **FADING
)(order_book.traded_imbalance)
trades_per_update = feature(
    inputs=lambda seconds: ("buys", "sells", time_decay(seconds=seconds)), state=2, unit="ratio", **FADING
)(order_book.trades_per_update)
