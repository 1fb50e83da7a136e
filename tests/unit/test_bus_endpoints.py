"""Where a publisher may stand: not where another stands, and not in a network without keys."""

from pathlib import Path

import pytest

from tickloom.bus import Publisher
from tickloom.errors import ConfigError


def test_a_path_is_not_stolen_from_another_publisher(tmp_path: Path) -> None:
    endpoint = f"ipc://{tmp_path}/bus"
    first = Publisher(endpoint)
    first.bind()
    with pytest.raises(ConfigError, match="is taken: another process publishes there"):
        Publisher(endpoint).bind()
    first.close()
    again = Publisher(endpoint)
    again.bind()
    again.close()


def test_off_loopback_nothing_is_bound_without_keys() -> None:
    with pytest.raises(ConfigError, match="can be reached by other machines, and there are no keys"):
        Publisher("tcp://0.0.0.0:*").bind()
