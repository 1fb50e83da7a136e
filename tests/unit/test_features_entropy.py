"""Entropies and frequencies against scipy and numpy, and against words counted and searched one by one."""

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from catalogue import CATALOGUE, from_candles
from literals import Bars, Floats, Literal, computed, faults, faults_at_least, mean, of_closes
from scipy import stats

from tickloom.errors import ConfigError
from tickloom.features.columns import BAR
from tickloom.features.plan import ViewPlan
from tickloom_plugins.features.indicators import entropy

FAMILY = "entropy"


def bits(counts: Any) -> float:
    return float(stats.entropy(np.array(list(counts), float), base=2))


def of_signs(bars: Bars, n: int) -> float:
    return bits(Counter(np.sign(bars.returns[-n:]).tolist()).values())


def of_bins(bars: Bars, n: int, bins: int) -> float:
    return bits(np.histogram(bars.returns[-n:], bins)[0])


def of_orders(bars: Bars, n: int, order: int) -> float:
    closes = bars.close[-n:]
    words = [tuple(np.argsort(closes[k : k + order], kind="stable")) for k in range(n - order + 1)]
    return bits(Counter(words).values()) / math.log2(math.factorial(order))


def words_of(text: str) -> list[str]:
    """Exhaustive history of a string: each word the shortest that is not in the text before its own last letter."""
    words, at = [], 0
    while at < len(text):
        size = 1
        while at + size < len(text) and text[at : at + size] in text[: at + size - 1]:
            size += 1
        words.append(text[at : at + size])
        at += size
    return words


def of_words(bars: Bars, n: int) -> float:
    text = "".join("1" if r > 0 else "0" for r in bars.returns[-n:])
    return len(words_of(text)) * math.log2(n) / n


def of_matches(bars: Bars, n: int, width: int) -> float:
    text = "".join("-0+"[int(np.sign(r)) + 1] for r in bars.returns)
    found = []
    for at in range(len(text) - n - width + 1, len(text) - width + 1):
        size = 0
        while size < width and any(text[j : j + size + 1] == text[at : at + size + 1] for j in range(at - width, at)):
            size += 1
        found.append(math.log2(width + 1) / (size + 1))
    return mean(found)


def of_waves(bars: Bars, n: int) -> list[float]:
    """Energy by band from the two-sided spectrum."""
    returns = bars.returns[-n:]
    if not np.ptp(returns):
        return [0.0, 0.0, 0.0]
    energy = np.abs(np.fft.fft(returns - returns.mean())) ** 2
    shares = [0.0, 0.0, 0.0]
    for place in range(1, n):
        frequency = min(place, n - place)
        shares[3 * (frequency - 1) // (n // 2)] += energy[place] / energy[1:].sum()
    return shares


LITERALS: dict[str, Literal] = {
    "sign_entropy": (lambda n: n, of_signs),
    "binned_entropy": (lambda n, bins: n, of_bins),
    "permutation_entropy": (lambda n, order: n - 1, of_orders),
    "lempel_ziv": (lambda n: n, of_words),
    "kontoyiannis_entropy": (lambda n, width: 2 * width + n - 1, of_matches),
    "spectral_energy": (lambda n: n, of_waves),
}


@pytest.mark.parametrize("which", [0, 1], ids=["random", "still"])
@pytest.mark.parametrize("name", CATALOGUE[FAMILY].split())
def test_an_entropy_is_what_its_definition_gives(name: str, which: int) -> None:
    assert faults(FAMILY, name, LITERALS[name], which) == []


def test_entropies_of_the_fewest_rows_are_what_their_definitions_give() -> None:
    assert faults_at_least(FAMILY, LITERALS, lambda _: 1e-12) == []


@pytest.mark.parametrize("symbol", ["BTC", "DOGE"])
@pytest.mark.parametrize("name", CATALOGUE[FAMILY].split())
def test_an_entropy_is_what_its_definition_gives_of_real_candles(name: str, symbol: str, market_data: Path) -> None:
    assert faults(FAMILY, name, LITERALS[name], from_candles(market_data, symbol, 700)) == []


def test_the_bands_of_a_spectrum_add_up_to_one() -> None:
    for use, got in computed(FAMILY, 0).items():
        if use.feature.name == "spectral_energy":
            assert np.nanmax(np.abs(got.sum(axis=0) - 1)) < 1e-14


def test_the_words_of_a_string_are_those_of_lempel_and_ziv() -> None:
    # The example of their paper: 0001101001000101 has the history 0 001 10 100 1000 101.
    assert words_of("0001101001000101") == ["0", "001", "10", "100", "1000", "101"]


def moved(up: Floats) -> Floats:
    """Make closes that rise by a hundredth where told, and fall otherwise."""
    return np.exp(np.concatenate([[0.0], np.cumsum(np.where(up, 0.01, -0.01))]))


@pytest.mark.parametrize(
    ("use", "regular", "tosses"),
    [
        (entropy.sign_entropy(n=1000), 1.0, 1.0),
        (entropy.lempel_ziv(n=1000), 3 * math.log2(1000) / 1000, 1.05),
        (entropy.kontoyiannis_entropy(n=1000, width=200), math.log2(201) / 201, 0.9),
    ],
    ids=["sign_entropy", "lempel_ziv", "kontoyiannis_entropy"],
)
def test_what_goes_up_and_down_by_turns_is_simple_and_coin_tosses_are_not(
    use: Any, regular: float, tosses: float
) -> None:
    # Of coin tosses each is near 1; the last one reads low with a window of 200.
    turns, toss = np.arange(1600) % 2 == 0, np.random.default_rng(2).random(1600) < 0.5
    assert of_closes(use, moved(turns))[-1] == pytest.approx(regular, rel=1e-12)
    assert of_closes(use, moved(toss))[-1] == pytest.approx(tosses, abs=0.1)


def test_a_straight_rise_has_one_order_and_no_entropy() -> None:
    assert of_closes(entropy.permutation_entropy(), np.arange(1.0, 100))[-1] == 0.0


def test_a_wave_is_in_the_band_of_its_frequency() -> None:
    returns = np.sin(2 * np.pi * np.arange(200) * 4 / 64) / 100
    found = of_closes(entropy.spectral_energy(n=64), np.exp(np.concatenate([[0.0], np.cumsum(returns)])))
    assert found[-1] == pytest.approx(1.0)


def test_an_order_that_does_not_fit_the_window_is_told() -> None:
    with pytest.raises(ConfigError, match="n is 5, it must be above the order, which is 5"):
        ViewPlan(BAR, [entropy.permutation_entropy(n=5, order=5)])
