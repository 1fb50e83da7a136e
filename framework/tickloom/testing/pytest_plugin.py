"""What pytest finds in this distribution: the fixture with which the author of a plugin measures it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tickloom.testing.latency import Latency


@pytest.fixture
def plugin_latency(request: pytest.FixtureRequest) -> "Callable[..., Latency]":
    """Measure a plugin under pytest-benchmark: ``plugin_latency(Drop, n=20)``, with the parameters of `measure`.

    The benchmark times a run with the plugin. Its ``extra_info`` has nanoseconds per tick of that run, of the same run
    with a plugin that does nothing, and of a bare loop, all timed in turn. Returned is a
    `tickloom.testing.Latency`; it is printed, too.
    """
    if not request.config.pluginmanager.hasplugin("benchmark"):
        pytest.fail("plugin_latency needs pytest-benchmark: pip install pytest-benchmark", pytrace=False)
    benchmark = request.getfixturevalue("benchmark")

    def measure(plugin: Any, ticks: Any = None, config: str = "", /, *, kind: str = "", **settings: Any) -> "Latency":
        from tickloom.testing.latency import ROUNDS, Race

        race = Race(plugin, ticks, config, kind, settings)
        benchmark.pedantic(race.ours, setup=lambda: ((race.before(),), {}), rounds=ROUNDS)
        latency = race.latency()
        for name in ("ns_per_tick", "idle_ns_per_tick", "bare_ns_per_tick", "ns_per_call", "ticks", "calls"):
            benchmark.extra_info[name] = getattr(latency, name)
        print(f"\n{latency}")
        return latency

    return measure
