"""What all tests share: where the market data lies, and how hypothesis runs."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    # A failing example is reported as found: shrinking takes minutes, and HYPOTHESIS_PROFILE=soak does it.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile(
    "soak", parent=settings.get_profile("suite"), max_examples=5_000, derandomize=False, phases=tuple(Phase)
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))


@pytest.fixture(scope="session")
def market_data() -> Path:
    """Folder of real market data: ``TICKLOOM_DATA``, or ``../shared/data`` beside the checkout; skips without it."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("TICKLOOM_DATA") or beside)
    if not folder.is_dir():
        pytest.skip(f"no market data: set TICKLOOM_DATA (looked at {folder})")
    os.environ["TICKLOOM_DATA"] = str(folder)
    return folder
