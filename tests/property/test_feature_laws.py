"""Every registered feature keeps every law of features: a new one is found here without anybody naming it."""

import pytest
from catalogue import FAMILIES, by_stream

from tickloom.testing.conformance.feature import check_features


@pytest.mark.parametrize("family", FAMILIES)
def test_features_keep_the_laws(family: str) -> None:
    for stream, uses in by_stream(family).items():
        check_features(uses, stream)
