"""The book below its top: depth, imbalance over levels, cost of walking it, slope, flow at every level."""

from typing import Any

from tickloom.features import FittedTable, Float, Int, Ladder, Table, feature
from tickloom.features.fitted import integrated_flow as fitted
from tickloom_kernels.indicators import book_depth

SIZES = (Ladder("bid_size"), Ladder("ask_size"))
BOOK = (Ladder("bid_price"), Ladder("bid_size"), Ladder("ask_price"), Ladder("ask_size"))
LEVELS = {"levels": Int(5, 1, 1000)}
DECAY = {"decay": Float(0.5, 0.0, 100.0)}
BOTH: dict[str, Any] = {"outputs": ("bid", "ask"), "oracle": "literal"}
TRADED: dict[str, Any] = {"outputs": ("buy", "sell"), "parameters": {"quantity": Float(1.0, 1e-12)}}

depth_imbalance = feature(inputs=SIZES, parameters=LEVELS, unit="ratio", oracle="literal")(book_depth.depth_imbalance)
depth_imbalance_weighted = feature(inputs=SIZES, parameters={**LEVELS, **DECAY}, unit="ratio", oracle="literal")(
    book_depth.depth_imbalance_weighted
)
depth_near = feature(inputs=("mid", *BOOK), parameters={"bps": Float(10.0, 0.0, 1e4)}, unit="volume", **BOTH)(
    book_depth.depth_near
)
sweep_price = feature(inputs=("mid", *BOOK), unit="price", power=1, oracle="literal", **TRADED)(book_depth.sweep_price)
cost_to_trade = feature(
    inputs=lambda quantity: (sweep_price(quantity=quantity).buy, sweep_price(quantity=quantity).sell, "mid"),
    unit="basis points",
    oracle="literal",
    **TRADED,
)(book_depth.cost_to_trade)
book_slope = feature(
    inputs=("mid", *BOOK),
    parameters=LEVELS,
    unit="volume per basis point",
    convention="least squares through the origin",
    reference="Naes and Skjeltorp, Order book characteristics and the volume-volatility relation, 2006",
    **BOTH,
)(book_depth.book_slope)
book_pressure = feature(inputs=("mid", *BOOK), parameters=LEVELS, unit="ratio", oracle="literal")(
    book_depth.book_pressure
)
order_flow_imbalance_level = feature(
    inputs=BOOK,
    parameters={"level": Int(1, 1, 1000)},
    memory=4,
    lookback=1,
    unit="volume",
    oracle="literal",
    reference="Xu, Gould and Howison, Multi-level order-flow imbalance in a limit order book, 2018",
)(book_depth.order_flow_imbalance_level)
order_flow_imbalance_weighted = feature(
    inputs=BOOK,
    parameters={**LEVELS, **DECAY},
    memory=lambda levels, decay: 4 * levels,
    lookback=1,
    unit="volume",
    oracle="literal",
    reference="Xu, Gould and Howison, Multi-level order-flow imbalance in a limit order book, 2018",
)(book_depth.order_flow_imbalance_weighted)
#: Five levels that weigh the same.
EQUAL = FittedTable(kind=fitted.KIND, shape=(5,), numbers=(0.2,) * 5)
integrated_order_flow_imbalance = feature(
    inputs=BOOK,
    parameters={"weights": Table(EQUAL, ("levels",), (1,), (fitted.MOST_LEVELS,))},
    memory=lambda weights: 4 * weights.shape[0],
    lookback=1,
    unit="volume",
    convention="first principal component of the flows at all levels, by its l1 norm",
    oracle="literal",
    reference="Cont, Cucuringu and Zhang, Cross-impact of order flow imbalance in equity markets, 2023",
)(book_depth.integrated_order_flow_imbalance)
