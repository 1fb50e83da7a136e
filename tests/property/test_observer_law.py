"""The observer law: attaching an observer, or losing one that raises, changes no byte of the outcome stream."""

from hypothesis import given
from hypothesis import strategies as st
from worlds import BLOCKS, Tape, difference, examples, run, worlds

from tickloom.engine.stream import Observer

SMALL = worlds(most=50)


class Failing(Observer):
    """An observer with a defect that shows at its n-th event."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.calls = 0

    def event(self, row: int, sub: int, cause_row: int, cause_sub: int, event: object) -> None:
        """Count the event, and fail at the last one it can bear."""
        self.calls += 1
        if self.calls == self.left:
            raise ValueError("an observer's own trouble")


@examples(12)
@given(SMALL, st.integers(1, 60), st.sampled_from(BLOCKS))
def test_observers_change_no_byte_and_neither_does_one_that_raises(world, left, block):
    alone, plain = run(world, None, block)
    failing, other = Failing(left), Tape()
    observed, record = run(world, None, block, observers=(failing, other, failing))
    assert difference(alone, observed) == ""
    assert difference(alone, other) == ""
    assert record.status == plain.status
    # Detached by its first error, in both places, and before the second could be called.
    assert failing.calls <= left


@examples(8)
@given(SMALL, st.sampled_from(BLOCKS))
def test_rule_30_observers_see_only_what_stays_and_in_the_order_of_its_names(world, block):
    """Names are (row, sub) with sub counting from 1 after each row, so nothing taken back can hide in them."""
    tape, record = run(world, None, block)
    names = [entry[:2] for entry in tape.entries]
    assert names == sorted(set(names))
    subs: dict[int, int] = {}
    for row, sub in names:
        assert sub == subs.get(row, 0) + 1
        subs[row] = sub
    causes = [entry[2:4] for entry in tape.entries]
    known = set(names)
    assert all(cause < name for cause, name in zip(causes, names, strict=True))
    assert all(cause in known or cause[1] == 0 for cause in causes)
    assert len(record.entries) == sum(type(entry[4]).__name__ != "Features" for entry in tape.entries)
