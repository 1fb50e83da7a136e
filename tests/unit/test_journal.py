"""The journal: what is written, when, under which key, and what becomes of a run whose journal cannot be written."""

import json
import struct
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import msgspec
import numpy as np
import pytest
from journals import again, journalled, kept
from loops import AAA, BBB, CONFIG, NONE, START, Listener, Telling, at, table, trade
from records import Story

from tickloom.engine.stream import Observer
from tickloom.errors import RunStoppedError, TickloomError
from tickloom.events import KINDS
from tickloom.record import RunRecord, RunTables
from tickloom.storage import environment, manifest
from tickloom.storage.environment import Environment
from tickloom.storage.inputs import BLOCK
from tickloom.storage.journal import Journal
from tickloom.storage.reader import JournalReader
from tickloom.storage.replay import past_config
from tickloom.storage.runs import look_at
from tickloom.testing.runs import RowSource


class Buyer(Listener):
    """Buys at every tenth trade."""

    def on_trade(self, event: Any) -> None:
        if event.trade_id % 10 == 0:
            self.ctx.submit(0, 1, 1)


class Settled:
    """Trades that the settings decide, so that a journal need not hold them."""

    instruments = (AAA, BBB)
    series = ()

    def __init__(self, path: Path, rows: int = 40) -> None:
        self.path = path
        self.count = rows

    def files(self) -> list[Path]:
        return [self.path]

    def chunks(self) -> Any:
        yield table(*trades(self.count)), at(self.count)

    def progress(self) -> float:
        return 1.0


def trades(count: int) -> list[list[int]]:
    return [trade(n, 1000 + n % 7, number=n) for n in range(count)]


def text(strategy: str = "buyer", settings: str = "") -> str:
    body = CONFIG.format(
        seed=3,
        tail='tail = "10ms"',
        on_fault="stop",
        latency=NONE,
        strategies=f'[strategies.one]\nkind = "{strategy}"',
        extra="",
    )
    return body.replace('kind = "rows"', f'kind = "rows"\n{settings}')


def run(where: Path, count: int = 40, plan: list[tuple[int, None]] | None = None, **more: Any) -> RunRecord:
    source = partial(RowSource, [AAA, BBB], table(*trades(count)), plan or [])
    return journalled(where, text(), {"rows": source, "buyer": Buyer}, **more)


# --- what is in it ---------------------------------------------------------------------------------------------------


def test_a_run_is_written_down_entry_by_entry(tmp_path: Path) -> None:
    record = run(tmp_path)
    # The oracle is the record that the run itself kept.
    encode = msgspec.msgpack.Encoder().encode
    expected = [encode((*entry[:4], type(entry.event).TYPE_ID, entry.event)) for entry in record.entries]
    assert kept(tmp_path) == expected
    assert len(expected) > 12


def test_keys_sort_like_names_and_start_before_the_first_row(tmp_path: Path) -> None:
    run(tmp_path, 300, [(7, None)] * 40)
    with JournalReader(tmp_path / "journal") as journal:
        blocks = list(journal._environment.items("outcomes"))
    keys = [struct.unpack(">IQI", key) for key, _ in blocks]
    assert keys == sorted(keys)
    # Worked by hand: epoch 0, and RunStarted is (-1, 1).
    assert keys[0] == (0, 0, 1)
    for (_, row, sub), (_, block) in zip(keys, blocks, strict=True):
        first = msgspec.msgpack.decode(block)[0]
        assert (row - 1, sub) == tuple(first[:2])


def test_rows_of_a_source_that_cannot_give_them_again_are_kept_in_blocks_at_fixed_numbers(tmp_path: Path) -> None:
    given = table(*trades(700))
    run(tmp_path, 700, [(3, None), (250, None), (10, None), (1, None)])
    with JournalReader(tmp_path / "journal") as journal:
        blocks = list(journal._environment.items("inputs"))
    assert [struct.unpack(">IQ", key) for key, _ in blocks] == [(0, 0), (0, BLOCK), (0, 2 * BLOCK)]
    assert b"".join(block for _, block in blocks) == given.tobytes()


def test_rows_that_settings_and_files_decide_are_not_kept(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("what the rows come from")
    journalled(tmp_path, text(settings='path = "data"'), {"rows": Settled, "buyer": Buyer})
    with JournalReader(tmp_path / "journal") as journal:
        assert list(journal._environment.items("inputs")) == []
        one = journal.manifest.inputs["main"]
        assert one.files is not None
        # sha256sum of the text above, by the system's own program.
        assert one.files[0].sha256 == "126c8ae0287d4ee054775175e6d0e290e20bd69b160d6aba29ae20ef1e52bb5d"
        assert (one.files[0].size, one.settings["path"]) == (23, "data")
        assert journal.progress.sources["main"].rows == 40


def test_the_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    run(tmp_path)
    with JournalReader(tmp_path / "journal") as journal:
        first = journal.manifest
    assert manifest.load(manifest.dump(first)) == first
    assert first.tables.seed == 3
    assert first.tables.instruments == [attrs.evolve(one, venue="sim") for one in (AAA, BBB)]
    assert first.tables.deposits[0, "USD"] == 1_000_000 * 10**8
    assert first.config == str(tmp_path / "run.toml")
    assert {"python", "numpy", "numba"} <= set(first.platform)
    assert first.processor


def test_what_was_published_once_is_not_published_again_by_a_replay(tmp_path: Path) -> None:
    run(tmp_path)
    with JournalReader(tmp_path / "journal") as journal:
        past = journal.manifest
    published = {**past.tables.config, "bus": {"publish": "ipc://@tickloom-test"}}
    again_config = past_config(attrs.evolve(past, tables=attrs.evolve(past.tables, config=published)))
    assert (again_config.bus, again_config.run.seed) == (None, 3)


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    run(tmp_path)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "journal").iterdir()}
    assert modes["data.mdb"] == modes["writer.lock"] == 0o600
    assert (tmp_path / "journal").stat().st_mode & 0o777 == 0o700


def test_an_event_is_found_by_its_name(tmp_path: Path) -> None:
    record = run(tmp_path, 60, [(9, None)] * 5)
    with JournalReader(tmp_path / "journal") as journal:
        for entry in record.entries:
            assert journal.entry(entry.row, entry.sub) == entry
        assert journal.entry(10, 77) is None
        assert journal.entry(99_999, 1) is None


def test_every_kind_of_event_can_be_read_back(tmp_path: Path) -> None:
    samples = {"int": 7, "float": 0.5, "str": "x", "bool": True}
    tables = Story().record()
    with Journal(tmp_path / "journal", "x", Any) as journal:  # type: ignore[arg-type]
        journal._environment = Environment(tmp_path / "journal", write=True)
        made = []
        for number, kind in sorted(KINDS.items()):
            fields = [samples.get(getattr(f.type, "__name__", ""), (0.25, 1.5)) for f in msgspec.structs.fields(kind)]
            made.append(kind(*fields))
            journal.events([(number, 1, -1, 0, made[-1])])
        journal.flush()
        events = [one for one in JournalReader(tmp_path, journal._environment).entries()]
    from tickloom.storage.reader import decode

    assert [decode(one).event for one in events] == made
    assert tables


# --- turns and failures ----------------------------------------------------------------------------------------------


class Turns(Observer):
    """Asks after each turn how much of the journal there is."""

    def __init__(self, where: Path) -> None:
        self.where = where
        self.sizes: list[int] = []
        self.seen = 0
        self.journal: Journal | None = None

    def event(self, *_: Any) -> None:
        self.seen += 1

    def flush(self) -> None:
        assert self.journal is not None
        reader = JournalReader(self.where, self.journal._environment)
        self.sizes.append(self.seen - len(list(reader.entries())))


def test_each_turn_is_committed_when_it_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns(tmp_path)

    def entered(journal: Journal) -> Journal:
        turns.journal = journal
        return journal

    monkeypatch.setattr(Journal, "__enter__", entered)
    run(tmp_path, 60, [(9, None)] * 5, observers=(turns,))
    assert len(turns.sizes) > 6
    assert set(turns.sizes) == {0}


def failing(monkeypatch: pytest.MonkeyPatch, after: int) -> list[int]:
    """Let every write after the first so many fail, as on a full disk."""
    calls: list[int] = []
    write = Environment.write

    def wrapped(self: Environment, puts: Any) -> None:
        calls.append(1)
        if len(calls) > after:
            raise TickloomError("runs/x/journal cannot be written: No space left on device")
        write(self, puts)

    monkeypatch.setattr(Environment, "write", wrapped)
    return calls


def test_a_journal_that_cannot_be_written_stops_the_run_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        calls = failing(patch, 3)
        record = run(tmp_path, 60, [(9, None)] * 5)
    assert record.status == "the journal runs/x/journal cannot be written: No space left on device"
    # The manifest, two turns, the one that failed, and the word on the end: no turn behind a hole.
    assert len(calls) == 5
    assert look_at(tmp_path).status == "crashed"
    assert again(tmp_path, {"buyer": Buyer}).difference is None


def test_an_event_that_cannot_be_encoded_stops_the_run_too(tmp_path: Path) -> None:
    class Odd(Listener):
        def on_trade(self, event: Any) -> None:
            self.ctx.submit(0, 1, 1, tag="\ud800")

    source = partial(RowSource, [AAA, BBB], table(*trades(9)))
    record = journalled(tmp_path, text(), {"rows": source, "buyer": Odd})
    assert record.status.startswith("the journal ")
    assert "surrogates not allowed" in record.status


def test_a_source_that_raised_is_replayed_with_its_error(tmp_path: Path) -> None:
    def raise_it(_turn: int) -> None:
        raise ValueError("the line is dead")

    source = partial(Telling, [(table(*trades(20)), at(20))], raise_it)
    record = journalled(tmp_path, text(), {"rows": source, "buyer": Buyer})
    assert "the line is dead" in record.status
    assert look_at(tmp_path).status == "stopped"
    verdict = again(tmp_path, {"buyer": Buyer})
    assert verdict.difference is None
    assert verdict.record.status == record.status


def test_the_map_grows_when_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "FIRST_MAP", 1 << 16)
    record = run(tmp_path, 4_000)
    assert record.status == "ended"
    assert (tmp_path / "journal" / "data.mdb").stat().st_size > 1 << 16
    assert again(tmp_path, {"buyer": Buyer}).difference is None


# --- the environment -------------------------------------------------------------------------------------------------


def test_there_is_one_writer(tmp_path: Path) -> None:
    first = Environment(tmp_path / "e", write=True)
    with pytest.raises(TickloomError, match="another process is writing it"):
        Environment(tmp_path / "e", write=True)
    first.close()
    Environment(tmp_path / "e", write=True).close()


@pytest.mark.parametrize("left", [0, 100, 5_000, 8_192, 20_000])
def test_a_journal_that_was_cut_off_is_refused_in_one_line(tmp_path: Path, left: int) -> None:
    run(tmp_path)
    with (tmp_path / "journal" / "data.mdb").open("r+b") as file:
        file.truncate(left)
    with pytest.raises(TickloomError) as raised:
        JournalReader(tmp_path / "journal")
    assert str(raised.value).count("\n") == 0
    # LMDB makes an empty file first: that is how a run looks that was killed at once.
    assert look_at(tmp_path).status == ("unreadable" if left else "crashed")


@pytest.mark.parametrize("content", [b"", b"no database at all " * 1_000])
def test_a_file_of_another_kind_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal" / "data.mdb").write_bytes(content)
    with pytest.raises(TickloomError, match="cannot be opened"):
        JournalReader(tmp_path / "journal")


def test_another_environment_is_no_journal(tmp_path: Path) -> None:
    other = Environment(tmp_path / "journal", write=True)
    other.write([("about", b"manifest", b"[1, 2]")])
    other.close()
    with JournalReader(tmp_path / "journal") as journal, pytest.raises(TickloomError, match="cannot be read"):
        assert journal.manifest


def test_a_later_format_is_refused(tmp_path: Path) -> None:
    run(tmp_path)
    with JournalReader(tmp_path / "journal") as journal:
        fields = json.loads(manifest.dump(journal.manifest))
    with pytest.raises(TickloomError, match="has format 3, and this version of tickloom reads 2"):
        manifest.load(json.dumps({**fields, "format": 3}).encode())


def test_rows_may_be_looked_up_from_the_middle_of_a_table(tmp_path: Path) -> None:
    made = Environment(tmp_path / "e", write=True)
    made.write(("t", bytes([n]), bytes(n)) for n in (2, 4, 6))
    # Worked by hand: the entry itself, the last one before it, or none.
    found = {n: made.last_before("t", bytes([n])) for n in (1, 2, 3, 6, 9)}
    assert {n: one and one[0][0] for n, one in found.items()} == {1: None, 2: 2, 3: 2, 6: 6, 9: 6}
    assert [key[0] for key, _ in made.items("t", bytes([3]))] == [4, 6]
    assert made.get("none", b"x") is None
    made.close()


def test_rows_come_in_one_piece_after_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tickloom.storage.reader._PIECE", 20_000)
    run(tmp_path, 1_000)
    with JournalReader(tmp_path / "journal") as journal:
        parts = [rows for rows, _ in journal.source("main").chunks()]
    assert len(parts) > 2
    assert np.array_equal(np.concatenate(parts), table(*trades(1_000)))
    assert parts[0][0, 0] == START


def test_begin_fails_with_the_reason_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file in its place")
    record = run(tmp_path)
    assert record.status.startswith("the journal ")
    assert "File exists" in record.status
    assert isinstance(record, RunTables)
    assert RunStoppedError.__name__ not in record.status
