"""For people who write plugins: run one on given rows, and look at what it did."""

from tickloom.testing.runs import Finished, Rows, RowSource, run_text

__all__ = ["Finished", "RowSource", "Rows", "run_text"]
