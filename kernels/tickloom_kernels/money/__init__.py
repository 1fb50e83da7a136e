"""Money in int64: exact arithmetic, and a ledger as one flat array."""
