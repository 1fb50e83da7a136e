"""The engine: one loop, one order of events, from a config to the record of a run."""

from tickloom.engine.wiring.build import run_config

__all__ = ["run_config"]
