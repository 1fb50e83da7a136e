"""Versions, the active one, the way back, history and lineage: worked cases, through one process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tickloom.errors import DataError, TickloomError
from tickloom.storage.catalogue import Ancestor, Catalogue


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with Catalogue(tmp_path / "catalogue", write=True) as opened:
        for version in ("v1", "v2", "v3"):
            opened.put("view", "cross", version, {"columns": ["ema_20"], "rows": 7, "ratio": 0.1})
        yield opened


def actions(catalogue: Catalogue) -> list[tuple[str, str, str]]:
    return [(one.action, one.before, one.version) for one in catalogue.history("view", "cross")]


def test_what_is_put_comes_back(catalogue: Catalogue) -> None:
    found = catalogue.get("view", "cross", "v2")
    assert (found.version, found.metadata) == ("v2", {"columns": ["ema_20"], "rows": 7, "ratio": 0.1})


def test_a_version_is_not_active_until_it_is_promoted(catalogue: Catalogue) -> None:
    assert catalogue.active("view", "cross") is None
    catalogue.promote("view", "cross", "v1")
    assert catalogue.active("view", "cross") == catalogue.get("view", "cross", "v1")


def test_each_rollback_leads_to_what_was_active_before(catalogue: Catalogue) -> None:
    for version in ("v1", "v2", "v3"):
        catalogue.promote("view", "cross", version)
    assert [catalogue.rollback("view", "cross"), catalogue.rollback("view", "cross")] == ["v2", "v1"]
    catalogue.promote("view", "cross", "v3")
    assert catalogue.rollback("view", "cross") == "v1"


def test_there_is_no_way_back_from_the_first_version(catalogue: Catalogue) -> None:
    catalogue.promote("view", "cross", "v1")
    with pytest.raises(DataError, match="view 'cross' cannot be rolled back: no version was active before"):
        catalogue.rollback("view", "cross")


def test_promoting_the_active_version_changes_nothing(catalogue: Catalogue) -> None:
    catalogue.promote("view", "cross", "v1")
    before = actions(catalogue)
    catalogue.promote("view", "cross", "v1")
    assert actions(catalogue) == before


def test_the_history_tells_all_that_was_done_and_why(catalogue: Catalogue) -> None:
    catalogue.promote("view", "cross", "v1")
    catalogue.promote("view", "cross", "v2", reason="better by 3 %")
    catalogue.rollback("view", "cross", reason="too slow")
    assert actions(catalogue) == [
        ("put", "", "v1"),
        ("put", "", "v2"),
        ("put", "", "v3"),
        ("promote", "", "v1"),
        ("promote", "v1", "v2"),
        ("rollback", "v2", "v1"),
    ]
    assert [one.reason for one in catalogue.history("view", "cross")[-2:]] == ["better by 3 %", "too slow"]
    times = [one.at for one in catalogue.history("view", "cross")]
    assert times == sorted(times)


def test_versions_stand_in_the_order_in_which_they_were_entered(catalogue: Catalogue) -> None:
    catalogue.put("view", "cross", "a0", {})
    assert [one.version for one in catalogue.versions("view", "cross")] == ["v1", "v2", "v3", "a0"]


def test_names_that_begin_alike_do_not_meet(catalogue: Catalogue) -> None:
    catalogue.put("view", "cross.two", "v9", {})
    catalogue.put("model", "cross", "v8", {})
    catalogue.promote("view", "cross.two", "v9")
    assert [one.version for one in catalogue.versions("view", "cross")] == ["v1", "v2", "v3"]
    assert catalogue.active("view", "cross") is None
    assert len(catalogue.history("view", "cross.two")) == 2


def test_lineage_leads_from_a_model_to_all_that_it_was_made_from(catalogue: Catalogue) -> None:
    catalogue.put("scales", "cross", "s1", {}, [Ancestor("view", "cross", "v2")])
    made_from = [Ancestor("scales", "cross", "s1"), Ancestor("view", "cross", "v2")]
    catalogue.put("model", "ridge", "m1", {}, made_from)
    catalogue.put("model", "blend", "m2", {}, [Ancestor("model", "ridge", "m1")])
    found = [(one.kind, one.version) for one in catalogue.ancestors("model", "blend", "m2")]
    assert found == [("model", "m1"), ("scales", "s1"), ("view", "v2")]


def test_lineage_to_what_is_not_there_is_refused(catalogue: Catalogue) -> None:
    with pytest.raises(DataError, match="model 'ridge' is made from version 'v7' of view 'cross', which is unknown"):
        catalogue.put("model", "ridge", "m1", {}, [Ancestor("view", "cross", "v7")])
    assert catalogue.versions("model", "ridge") == []


def test_to_put_the_same_version_again_changes_nothing(catalogue: Catalogue) -> None:
    before = catalogue.get("view", "cross", "v1")
    assert catalogue.put("view", "cross", "v1", {"rows": 7, "ratio": 0.1, "columns": ("ema_20",)}) == before
    assert len(catalogue.history("view", "cross")) == 3


def test_a_version_that_says_something_else_is_refused(catalogue: Catalogue) -> None:
    with pytest.raises(DataError, match="version 'v1' of view 'cross' is there already, and says something else"):
        catalogue.put("view", "cross", "v1", {"rows": 8})


@pytest.mark.parametrize("call", ["promote", "get"])
def test_an_unknown_version_is_refused_with_those_that_are_there(catalogue: Catalogue, call: str) -> None:
    with pytest.raises(DataError, match="there is no version 'v4' of view 'cross'; known: v1, v2, v3"):
        getattr(catalogue, call)("view", "cross", "v4")


@pytest.mark.parametrize("name", ["", "a/b", "a\0b", "x" * 101, "-a"])
def test_what_cannot_be_a_key_is_refused(catalogue: Catalogue, name: str) -> None:
    with pytest.raises(DataError, match="is no name for a catalogue"):
        catalogue.put("view", name, "v1", {})


def test_all_is_there_when_it_is_opened_again(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.promote("view", "cross", "v2")
    catalogue.close()
    with Catalogue(tmp_path / "catalogue", write=True) as again:
        again.promote("view", "cross", "v3")
        assert again.rollback("view", "cross") == "v2"
        assert len(again.history("view", "cross")) == 6


def test_a_folder_without_a_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no catalogue in it"):
        Catalogue(tmp_path)


def test_there_is_one_writer_at_a_time(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(TickloomError, match="another process is writing it"):
        Catalogue(tmp_path / "catalogue", write=True)
