"""Kept rows: the same rows come back, a damaged file never does, and nothing depends on the folder."""

import logging

import numpy as np
import pytest
from captures import spot_quote, spot_trade, write

from tickloom.storage import records
from tickloom_kernels.rows import WORDS
from tickloom_plugins.dialects import binance_reader
from tickloom_plugins.sources.binance_raw import BinanceRaw

ROWS = np.arange(5 * WORDS, dtype=np.int64).reshape(5, WORDS) * -(2**60) // 7


def keep(folder, rows=ROWS):
    chunks = [(rows[:2], 1), (rows[2:2], 1), (rows[2:], 2)]
    assert [mark for _, mark in records.keep(folder, "key", iter(chunks))] == [1, 1, 2]


def loaded(folder):
    rows = records.load(folder, "key")
    assert rows is not None
    return rows


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_kept_rows_come_back_as_they_were(tmp_path):
    keep(tmp_path / "made" / "for it")
    assert loaded(tmp_path / "made" / "for it").tolist() == ROWS.tolist()


def test_no_rows_at_all_can_be_kept(tmp_path):
    keep(tmp_path, ROWS[:0])
    assert loaded(tmp_path).shape == (0, WORDS)


def test_rows_that_were_never_kept_are_not_there(tmp_path, caplog):
    assert records.load(tmp_path, "key") is None
    assert caplog.records == []


def test_writing_into_loaded_rows_does_not_change_the_kept_ones(tmp_path):
    keep(tmp_path)
    loaded(tmp_path)[:] = 0
    assert loaded(tmp_path).tolist() == ROWS.tolist()


# The header's last five words are zeros that mean nothing.
@pytest.mark.parametrize("place", [*range(0, 24, 5), *range(64, 64 + ROWS.nbytes, 37)])
def test_a_file_with_one_changed_byte_is_not_used(tmp_path, place, caplog):
    keep(tmp_path)
    path = tmp_path / "key.rows"
    content = bytearray(path.read_bytes())
    content[place] ^= 0x80
    path.write_bytes(content)
    assert records.load(tmp_path, "key") is None
    assert "damaged: parsing again" in caplog.text


def test_a_file_with_two_rows_exchanged_is_not_used(tmp_path):
    keep(tmp_path)
    path = tmp_path / "key.rows"
    content = path.read_bytes()
    first, second = content[64 : 64 + 96], content[160 : 160 + 96]
    path.write_bytes(content[:64] + second + first + content[256:])
    assert records.load(tmp_path, "key") is None


@pytest.mark.parametrize("size", [0, 10, 63, 64, 200])
def test_a_short_file_is_not_used(tmp_path, size):
    keep(tmp_path)
    path = tmp_path / "key.rows"
    path.write_bytes(path.read_bytes()[:size])
    assert records.load(tmp_path, "key") is None


def test_a_file_that_cannot_be_read_is_not_used(tmp_path, caplog):
    (tmp_path / "key.rows").mkdir()
    assert records.load(tmp_path, "key") is None
    assert "cannot be read (Is a directory): parsing again" in caplog.text


def test_the_same_rows_may_be_kept_twice_at_once(tmp_path):
    two = [records.keep(tmp_path, "key", iter([(ROWS[:2], 1), (ROWS[2:], 2)])) for _ in range(2)]
    assert [len(list(pair)) for pair in zip(*two, strict=True)] == [2, 2]
    assert loaded(tmp_path).tolist() == ROWS.tolist()
    assert names(tmp_path) == ["key.rows"]


def test_chunks_that_were_not_all_taken_leave_nothing(tmp_path):
    chunks = records.keep(tmp_path, "key", iter([(ROWS, 1), (ROWS, 2)]))
    next(chunks)
    del chunks  # the generator ends here, as it does when a run ends early
    assert names(tmp_path) == []


def test_a_source_that_fails_leaves_nothing(tmp_path):
    def failing():
        yield ROWS, 1
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        list(records.keep(tmp_path, "key", failing()))
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_made_costs_one_warning(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    keep(tmp_path / "file" / "folder")
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "cannot be kept" in caplog.text


def test_a_disk_that_fills_up_costs_one_warning_and_leaves_nothing(tmp_path, caplog, monkeypatch):
    class Full:
        def __init__(self, path, mode):
            self.file = open(path, mode)

        def write(self, data):
            if memoryview(data).nbytes > 64:
                raise OSError(28, "No space left on device")
            return self.file.write(data)

        def close(self):
            self.file.close()
            raise OSError(28, "No space left on device")

    # The first 64 bytes fit, and what is still in the buffer is refused once more when the file is closed.
    def opened(path, mode):
        return Full(path, mode)  # a function becomes a method of Path, a class would not

    monkeypatch.setattr("pathlib.Path.open", opened)
    keep(tmp_path)
    assert len(caplog.records) == 1
    assert "No space left on device" in caplog.text
    assert names(tmp_path) == []


def test_the_key_is_made_of_content_and_settings_and_not_of_the_name(tmp_path):
    one, same, other = (tmp_path / name for name in ("one", "same", "other"))
    one.write_bytes(b"abc")
    same.write_bytes(b"abc")
    other.write_bytes(b"abd")
    key = records.content_key(one, "a", "b")
    assert key == records.content_key(same, "a", "b")
    others = [records.content_key(other, "a", "b"), records.content_key(one, "ab"), records.content_key(one, "b", "a")]
    assert len({key, *others}) == 4


def test_the_folder_is_in_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert records.default_folder() == tmp_path / "tickloom" / "records"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert records.default_folder() == tmp_path / ".cache" / "tickloom" / "records"


# --- through a source ------------------------------------------------------------------------------------------------


@pytest.fixture
def capture(tmp_path):
    return write(tmp_path / "capture.gz", [spot_quote(1), b"broken", spot_trade(1)])


def run(capture, folder, **settings):
    return [(rows.tolist(), mark) for rows, mark in BinanceRaw(path=capture, cache=folder, **settings).chunks()]


def test_the_second_run_parses_nothing_and_gives_the_same_rows(capture, tmp_path, monkeypatch):
    first = run(capture, tmp_path / "cache")
    monkeypatch.setattr(binance_reader.Reader, "read", None)
    assert run(capture, tmp_path / "cache") == first
    assert sum(len(rows) for rows, _ in first) == 3


def test_other_facts_of_the_instrument_are_parsed_anew(capture, tmp_path):
    first = run(capture, tmp_path / "cache")
    finer = run(capture, tmp_path / "cache", instrument={"tick_size": "0.001"})
    assert finer[0][0][0][3] == 10 * first[0][0][0][3]
    assert len(names(tmp_path / "cache")) == 2


def test_a_damaged_cache_is_parsed_again_and_replaced(capture, tmp_path):
    first = run(capture, tmp_path / "cache")
    (path,) = (tmp_path / "cache").iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert run(capture, tmp_path / "cache") == first
    assert path.read_bytes() == whole
