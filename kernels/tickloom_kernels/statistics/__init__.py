"""Statistics of tables of numbers: what scales are fitted from, how far distributions have moved, what columns tell."""
