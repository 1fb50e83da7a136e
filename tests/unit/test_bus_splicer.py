"""One stream after another through the splicer, each case worked by hand; the property test has the rest."""

from typing import Any

import pytest

from tickloom.bus.following import sequence
from tickloom.bus.following.items import Gap, Restarted
from tickloom.bus.following.sequence import GRACE, MOST_ASKED, PATIENCE, Request, Splicer

LIFE = 100
FILLS = "fill.main|"


@pytest.fixture
def splicer() -> Splicer[str]:
    return made(from_start=True)


def made(from_start: bool) -> Splicer[str]:
    return Splicer(from_start, lambda topic, frame, skip, count: (frame, skip, count))


def out(splicer: Splicer[str]) -> list[Any]:
    items = list(splicer.out)
    splicer.out.clear()
    return items


def test_frames_in_order_go_out_at_once(splicer: Splicer[str]) -> None:
    splicer.frame(LIFE, FILLS, 1, 2, "a")
    splicer.frame(LIFE, FILLS, 3, 1, "b")
    assert out(splicer) == [("a", 0, 2), ("b", 0, 1)]
    assert splicer.complete
    assert splicer.next_due() is None


def test_only_the_hole_is_asked_for_and_the_answer_is_spliced_in(splicer: Splicer[str]) -> None:
    splicer.frame(LIFE, FILLS, 1, 2, "a")
    splicer.frame(LIFE, FILLS, 6, 2, "c")
    assert splicer.requests(0.0) == [Request(FILLS, 3, 3)]
    # The answer is cut otherwise than what was sent, and reaches into what is held.
    splicer.frame(LIFE, FILLS, 2, 5, "b")
    assert out(splicer) == [("a", 0, 2), ("b", 1, 4), ("c", 1, 1)]
    assert splicer.complete
    assert splicer.duplicates == 2


def test_a_range_is_asked_for_again_only_when_its_answer_is_late(splicer: Splicer[str]) -> None:
    splicer.head(LIFE, FILLS, 4)
    (request,) = splicer.requests(0.0)
    splicer.asked(request, 0.0)
    assert splicer.requests(PATIENCE / 2) == []
    assert splicer.next_due() == PATIENCE
    assert splicer.requests(PATIENCE) == [request]


def test_a_large_hole_is_asked_for_in_parts_the_next_when_one_has_come(splicer: Splicer[str]) -> None:
    splicer.head(LIFE, FILLS, MOST_ASKED + 10)
    (request,) = splicer.requests(0.0)
    assert request == (FILLS, 1, MOST_ASKED)
    splicer.asked(request, 0.0)
    splicer.frame(LIFE, FILLS, 1, MOST_ASKED, "part")
    splicer.answered(LIFE, FILLS, MOST_ASKED, 1, 0.5)
    assert splicer.requests(0.5) == [(FILLS, MOST_ASKED + 1, 10)]


def test_what_is_gone_is_told_of_around_what_is_held(splicer: Splicer[str]) -> None:
    splicer.frame(LIFE, FILLS, 3, 1, "held")
    splicer.head(LIFE, FILLS, 6)
    splicer.answered(LIFE, FILLS, 0, 6, 0.0)
    assert out(splicer) == [Gap(FILLS, LIFE, 1, 2), ("held", 0, 1), Gap(FILLS, LIFE, 4, 5)]
    assert splicer.lost == 4
    assert splicer.requests(0.0) == [(FILLS, 6, 1)]


def test_an_answer_without_anything_is_not_asked_for_again_at_once(splicer: Splicer[str]) -> None:
    splicer.head(LIFE, FILLS, 1)
    splicer.answered(LIFE, FILLS, 0, 1, 5.0)
    assert splicer.requests(5.0) == []
    assert splicer.requests(5.0 + PATIENCE) == [(FILLS, 1, 1)]


def test_a_later_life_ends_all_streams_and_counts_from_one_again(splicer: Splicer[str]) -> None:
    splicer.frame(LIFE, FILLS, 1, 1, "a")
    splicer.frame(LIFE, FILLS, 4, 1, "held")
    splicer.frame(LIFE + 1, FILLS, 1, 1, "new")
    assert out(splicer) == [
        ("a", 0, 1),
        Gap(FILLS, LIFE, 2, 3),
        ("held", 0, 1),
        Restarted(LIFE, LIFE + 1),
        ("new", 0, 1),
    ]


def test_frames_of_an_earlier_life_are_thrown_away(splicer: Splicer[str]) -> None:
    splicer.frame(LIFE, FILLS, 1, 1, "a")
    splicer.frame(LIFE - 1, FILLS, 2, 1, "old")
    splicer.head(LIFE - 1, FILLS, 9)
    splicer.answered(LIFE - 1, FILLS, 0, 9, 0.0)
    assert out(splicer) == [("a", 0, 1)]
    assert splicer.complete


def test_who_joins_late_begins_at_the_head_and_misses_nothing_that_begins_later() -> None:
    splicer = made(from_start=False)
    splicer.head(LIFE, "sig.m|", 7, 0.0)
    splicer.frame(LIFE, FILLS, 5, 1, "first heard")
    splicer.joined()
    assert out(splicer) == [("first heard", 0, 1)]
    splicer.frame(LIFE, "sig.m|", 9, 1, "one later")
    splicer.frame(LIFE, "pos.main|", 2, 1, "of a new stream")
    assert splicer.requests(0.0) == [("pos.main|", 1, 1), ("sig.m|", 8, 1)]


def test_what_only_a_hello_told_of_may_still_be_under_way(splicer: Splicer[str]) -> None:
    splicer.head(LIFE, FILLS, 2, now=1.0)
    assert splicer.requests(1.0) == []
    assert splicer.next_due() == 1.0 + GRACE
    splicer.frame(LIFE, FILLS, 1, 2, "a")
    assert splicer.complete


def test_memory_for_what_comes_too_early_is_bounded(splicer: Splicer[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequence, "MOST_HELD", 3)
    splicer.frame(LIFE, FILLS, 2, 2, "held")
    splicer.frame(LIFE, FILLS, 4, 2, "no room")
    splicer.frame(LIFE, FILLS, 1, 1, "repaired")
    assert out(splicer) == [("repaired", 0, 1), ("held", 0, 2)]
    assert splicer.requests(0.0) == [(FILLS, 4, 2)]
    splicer.frame(LIFE, FILLS, 7, 3, "room again")
    splicer.frame(LIFE, FILLS, 4, 3, "asked")
    assert out(splicer) == [("asked", 0, 3), ("room again", 0, 3)]
