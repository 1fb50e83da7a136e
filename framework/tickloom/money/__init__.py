"""Arithmetic under instruments and ledger: exact decimals, rounding, and what a fill does to a position."""
