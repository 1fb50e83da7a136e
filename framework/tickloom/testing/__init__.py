"""For people who write plugins: run one on given rows, and look at what it did."""

from tickloom.testing.runs import Finished, Prepared, Rows, RowSource, prepare, run_text

__all__ = ["Finished", "Prepared", "RowSource", "Rows", "prepare", "run_text"]
