"""Our orders in flat arrays: the table, the latency lines, the risk numbers, and news on its way to them."""
