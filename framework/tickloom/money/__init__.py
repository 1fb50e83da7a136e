"""Arithmetic under instruments and ledger: exact decimals, rounding, positions, and an instrument's terms."""
