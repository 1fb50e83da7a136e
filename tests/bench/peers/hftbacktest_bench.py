"""hftbacktest on the same rows and with the same two strategies as `test_bench_compiled`; needs its own environment.

python hftbacktest_bench.py ROWS.npy      (pip install hftbacktest==2.4.4; ROWS.npy is written by test_bench_compiled)
"""

import sys
import time

import numpy as np
from hftbacktest import (
    BUY,
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    GTC,
    GTX,
    LIMIT,
    LOCAL_EVENT,
    MARKET,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
    ROIVectorMarketDepthBacktest,
)  # fmt: skip
from hftbacktest.types import event_dtype
from numba import njit

TICK, LOT = 0.1, 0.001


def events(rows):
    """Turn rows of ours into events of theirs."""
    made = np.zeros(len(rows), event_dtype)
    made["exch_ts"] = made["local_ts"] = rows[:, 0]
    made["px"] = rows[:, 3] * TICK
    made["qty"] = rows[:, 4] * LOT
    side = np.where(rows[:, 5] > 0, BUY_EVENT, SELL_EVENT)
    made["ev"] = np.where(rows[:, 11] == 1, TRADE_EVENT, DEPTH_EVENT) | EXCH_EVENT | LOCAL_EVENT | side
    return made


def backtest(data, depth):
    asset = (
        BacktestAsset().data(data).linear_asset(1.0).constant_order_latency(1_000_000, 1_000_000)
        .risk_adverse_queue_model().no_partial_fill_exchange().trading_value_fee_model(-0.00005, 0.0007)
        .tick_size(TICK).lot_size(LOT)
    )  # fmt: skip
    if depth == "roi":
        return ROIVectorMarketDepthBacktest([asset.roi_lb(28_000.0).roi_ub(32_000.0)])
    return HashMapMarketDepthBacktest([asset])


@njit
def cross(hbt):
    fast = slow = 0.0
    seen = orders = held = 0
    while hbt.wait_next_feed(False, 60_000_000_000) == 2:
        depth = hbt.depth(0)
        bid, ask = depth.best_bid, depth.best_ask
        if np.isnan(bid) or np.isnan(ask):
            continue
        price = (bid + ask) * 0.5
        if fast == 0.0:
            fast = slow = price
        fast += 2 / 51 * (price - fast)
        slow += 2 / 2001 * (price - slow)
        seen += 1
        side = 1 if fast > slow else -1
        if seen < 2000 or side == held:
            continue
        quantity = 0.01 if held == 0 else 0.02
        orders += 1
        if side > 0:
            hbt.submit_buy_order(0, orders, ask, quantity, GTC, MARKET, False)
        else:
            hbt.submit_sell_order(0, orders, bid, quantity, GTC, MARKET, False)
        held = side
        hbt.clear_inactive_orders(0)
    return orders


@njit
def quote(hbt):
    orders = 0
    while hbt.elapse(10_000_000) == 0:
        hbt.clear_inactive_orders(0)
        depth = hbt.depth(0)
        if np.isnan(depth.best_bid) or np.isnan(depth.best_ask):
            continue
        bid, ask = int(np.round(depth.best_bid / TICK)) - 1, int(np.round(depth.best_ask / TICK)) + 1
        buys = sells = True
        working = hbt.orders(0).values()
        while working.has_next():
            order = working.get()
            if order.side == BUY:
                if order.price_tick == bid:
                    buys = False
                elif order.cancellable:
                    hbt.cancel(0, order.order_id, False)
            elif order.price_tick == ask:
                sells = False
            elif order.cancellable:
                hbt.cancel(0, order.order_id, False)
        if buys:
            orders += 1
            hbt.submit_buy_order(0, bid, bid * TICK, 0.01, GTX, LIMIT, False)
        if sells:
            orders += 1
            hbt.submit_sell_order(0, ask, ask * TICK, 0.01, GTX, LIMIT, False)
    return orders


def main():
    rows = np.load(sys.argv[1])
    data, small = events(rows), events(rows[:20_000])
    for name, strategy in (("cross", cross), ("quote", quote)):
        for depth in ("hash", "roi"):
            warm = backtest(small, depth)
            strategy(warm)
            warm.close()
            times = []
            for _ in range(3):
                run = backtest(data, depth)
                started = time.perf_counter()
                orders = strategy(run)
                times.append(time.perf_counter() - started)
                fills = run.state_values(0).num_trades
                run.close()
            best = sorted(times)[1]
            print(
                f"hftbacktest {name} {depth}: {len(rows) / best / 1e6:.2f} M events/s, {orders} orders, {fills} fills"
            )


if __name__ == "__main__":
    main()
