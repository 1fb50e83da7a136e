"""Every registered feature keeps every law of features: a new one is found here without anybody naming it."""

import pytest
from catalogue import FAMILIES, features_of, uses_of

from tickloom.features.declare import Use
from tickloom.testing.conformance.feature import check_features, stream_of


def by_stream(family: str) -> dict[str, list[Use]]:
    """The family's features by the first stream that they run on, under two sets of parameters each."""
    found: dict[str, list[Use]] = {}
    for feature in features_of(family):
        if not feature.across:
            found.setdefault(stream_of([feature()]).name, []).extend(uses_of(feature))
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_features_keep_the_laws(family: str) -> None:
    for stream, uses in by_stream(family).items():
        check_features(uses, stream)
