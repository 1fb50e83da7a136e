"""Laws of time-ordered splits: no training label knows of what it is tested on, and every row is tested once."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tickloom.errors import DataError
from tickloom.evaluation.splits import Split, purged_folds, walk_forward


@st.composite
def labels(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Rows with equal times among them, and labels of any length."""
    steps = draw(st.lists(st.integers(0, 3), min_size=4, max_size=60))
    spans = draw(st.lists(st.integers(0, 9), min_size=len(steps), max_size=len(steps)))
    times = np.cumsum(steps)
    return times, times + spans


def overlaps(split: Split, times: np.ndarray, ends: np.ndarray) -> bool:
    """Whether any training label meets any test label, pair by pair."""
    return any(times[a] <= ends[b] and times[b] <= ends[a] for a in split.train for b in split.test)


def attempt(splits) -> list[Split]:
    try:
        return list(splits)
    except DataError as error:
        assume("no row is left" not in str(error))
        raise


@given(labels(), st.integers(2, 6), st.integers(0, 5))
def test_purged_folds_keep_their_laws(rows, folds: int, embargo: int) -> None:
    times, ends = rows
    assume(folds <= len(times))
    splits = attempt(purged_folds(times, ends, folds, embargo))
    assert np.concatenate([split.test for split in splits]).tolist() == list(range(len(times)))
    for split in splits:
        assert not overlaps(split, times, ends)
        after = split.train[split.train > split.test[-1]]
        assert (times[after] > ends[split.test].max() + embargo).all()


@given(labels(), st.integers(2, 6), st.integers(0, 5))
def test_purged_folds_leave_out_no_row_without_a_reason(rows, folds: int, embargo: int) -> None:
    times, ends = rows
    assume(folds <= len(times))
    for split in attempt(purged_folds(times, ends, folds, embargo)):
        begin, end = times[split.test[0]], ends[split.test].max()
        for row in np.setdiff1d(np.arange(len(times)), np.concatenate([split.train, split.test])):
            assert ends[row] >= begin and times[row] <= end + embargo


@given(labels(), st.integers(1, 6), st.integers(1, 30), st.booleans())
def test_walking_forward_keeps_its_laws(rows, folds: int, train: int, sliding: bool) -> None:
    times, ends = rows
    assume(folds <= len(times) - train)
    splits = attempt(walk_forward(times, ends, folds, train, sliding))
    assert np.concatenate([split.test for split in splits]).tolist() == list(range(train, len(times)))
    for split in splits:
        assert split.train.max() < split.test.min()
        assert not overlaps(split, times, ends)
        assert not sliding or split.test[0] - split.train.min() <= train


def test_the_worked_case_of_a_hundred_rows_with_labels_of_five() -> None:
    # Test rows 20..39 have labels from 20 to 44: training rows are those that end before 20, and begin after 44.
    times = np.arange(100)
    for embargo in (0, 3):
        split = list(purged_folds(times, times + 5, 5, embargo))[1]
        assert split.test.tolist() == list(range(20, 40))
        assert split.train.tolist() == [*range(15), *range(45 + embargo, 100)]


def test_an_expanding_window_grows_and_a_sliding_one_moves() -> None:
    times = np.arange(10)
    expanding = [split.train.tolist() for split in walk_forward(times, times, 3, 4)]
    sliding = [split.train.tolist() for split in walk_forward(times, times, 3, 4, sliding=True)]
    assert expanding == [[0, 1, 2, 3], [0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5, 6, 7]]
    assert sliding == [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7]]


def test_purging_closes_the_leak_that_shuffled_folds_have() -> None:
    # Noise without any law; labels of 50 overlapping values. A nearest neighbour in time "foretells" them only where
    # it has seen nearly the same label in training.
    noise = np.random.default_rng(5).normal(size=2050)
    times = np.arange(2000)
    label = np.array([noise[k : k + 50].sum() for k in times])

    def score(train: np.ndarray, test: np.ndarray) -> float:
        nearest = train[np.abs(times[test][:, None] - times[train]).argmin(axis=1)]
        return float(np.corrcoef(label[nearest], label[test])[0, 1])

    shuffled = np.array_split(np.random.default_rng(6).permutation(times), 20)
    leaking = np.mean([score(np.setdiff1d(times, test), test) for test in shuffled])
    purged = np.mean([score(split.train, split.test) for split in purged_folds(times, times + 49, 20)][1:-1])
    assert leaking > 0.9
    assert abs(purged) < 0.3


@pytest.mark.parametrize(
    ("times", "ends", "said"),
    [
        ([0, 2, 1, 3], [9, 9, 9, 9], "times must ascend; row 2 breaks that"),
        ([0, 1, 2, 3], [0, 0, 2, 3], "no label ends before it begins; row 1 breaks that"),
        ([0, 1, 2, 3], [3, 3, 3, 3], "no row is left to train on for the test of rows 0 to 1"),
    ],
)
def test_labels_that_cannot_be_split_are_refused(times: list[int], ends: list[int], said: str) -> None:
    with pytest.raises(DataError, match=said):
        list(purged_folds(times, ends, 2))


@pytest.mark.parametrize("folds", [0, 1, 5])
def test_folds_that_cannot_be_made_are_refused(folds: int) -> None:
    with pytest.raises(DataError, match="from 2 to 4 folds"):
        list(purged_folds([0, 1, 2, 3], [0, 1, 2, 3], folds))
