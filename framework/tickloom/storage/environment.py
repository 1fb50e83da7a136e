"""The rules of LMDB, in one place: who may write, how the map grows, what is synchronised when, and what errors mean.

- One process writes an environment, and holds a lock file for as long as it does; any number of others read it.
- The map is address space, not memory and not disk. It starts at 1 GiB and is doubled when it is full.
- A transaction is written by the system's ``write``, not into the map: a full disk is then an error with a name, and
  not a signal that kills the process.
- ``fsync`` is called by `Environment.sync` only. What has been committed survives any end of the process, kill -9
  included, because the system has it; what a loss of power may cost, `docs/reference/journal.md` says.
- Folders have mode 0700 and files 0600: what is in them is the business of one user.
- Nobody reads inside one transaction for long: a reader that stays would keep old pages from being used again.
"""

import errno
import fcntl
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Self

from tickloom.errors import TickloomError

if TYPE_CHECKING:
    import lmdb

#: Bytes of the map at first.
FIRST_MAP = 1 << 30
#: Tables of an environment at most.
_TABLES = 16
#: Bytes that `Environment.items` reads within one transaction, about: a run that reads its own journal has little time.
_STRETCH = 1 << 18

#: Table, key and value of one thing to be written.
Put = tuple[str, bytes, bytes]


class Environment:
    """One LMDB environment: tables of bytes by bytes, in the order of their keys.

    Parameters
    ----------
    folder : Path
        Where; made for a writer that finds none.
    write : bool
        Whether to write. There is one writer at a time.

    Raises
    ------
    TickloomError
        There is no environment, another process writes it, or its files are damaged or no such files at all.
    """

    def __init__(self, folder: Path, write: bool = False) -> None:
        # Imported here: the command line and its help need no lmdb.
        import lmdb

        self._folder = folder
        self._write = write
        self._tables: dict[str, lmdb._Database] = {}
        # The map may only grow while nobody in this process reads.
        self._using = Lock()
        self._lock = -1
        try:
            if write:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._lock = _locked(folder)
            self._env = self._opened()
        except BaseException as error:
            self._unlock()
            if isinstance(error, OSError | lmdb.Error):
                raise _failure(folder, "opened", error) from error
            raise

    def _opened(self) -> "lmdb.Environment":
        import lmdb

        if not self._write and not (self._folder / "data.mdb").is_file():
            raise TickloomError(f"{self._folder}: there is no journal in it")
        env = lmdb.open(
            str(self._folder),
            map_size=FIRST_MAP if self._write else 0,
            readonly=not self._write,
            create=self._write,
            # Readers enter themselves into a file beside the data, which they cannot where they may not write.
            lock=self._write or os.access(self._folder, os.W_OK),
            mode=0o600,
            sync=False,
            max_dbs=_TABLES,
        )
        try:
            self._check_size(env)
        except TickloomError:
            env.close()
            raise
        return env

    def _check_size(self, env: "lmdb.Environment") -> None:
        """Refuse a file that has been cut off: reading behind its end would kill the process."""
        pages = env.info()["last_pgno"] + 1
        if (self._folder / "data.mdb").stat().st_size < pages * env.stat()["psize"] and not self._write:
            raise TickloomError(f"{self._folder}: its data.mdb has been cut off; nothing can be read from it")

    # --- writing -----------------------------------------------------------------------------------------------------

    def write(self, puts: Iterable[Put]) -> None:
        """Write in one transaction, all or nothing; the map grows as it must.

        Raises
        ------
        TickloomError
            Nothing can be written, for example because the disk is full. What was committed before stays.
        """
        import lmdb

        puts = tuple(puts)
        try:
            while True:
                try:
                    self._put(puts)
                    return
                except lmdb.MapFullError:
                    with self._using:
                        self._env.set_mapsize(2 * self._env.info()["map_size"])
        except (OSError, lmdb.Error) as error:
            raise _failure(self._folder, "written", error) from error

    def _put(self, puts: tuple[Put, ...]) -> None:
        tables = [self._table(name) for name, _, _ in puts]
        with self._env.begin(write=True) as transaction:
            for table, (_, key, value) in zip(tables, puts, strict=True):
                transaction.put(key, value, db=table)

    def sync(self) -> None:
        """Wait until the disk itself has everything.

        Raises
        ------
        TickloomError
            The disk does not take it.
        """
        import lmdb

        try:
            self._env.sync(True)
        except (OSError, lmdb.Error) as error:
            raise _failure(self._folder, "written", error) from error

    # --- reading -----------------------------------------------------------------------------------------------------

    def get(self, table: str, key: bytes) -> bytes | None:
        """Return the value of a key, or None."""
        with self._reading(table) as reading:
            return reading.get(key)

    def last_before(self, table: str, key: bytes) -> tuple[bytes, bytes] | None:
        """Return the entry with this key or the last one before it, or None."""
        with self._reading(table) as reading:
            return reading.last_before(key)

    def items(self, table: str, start: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Yield keys and values from ``start`` on, in order; what is written meanwhile may be among them."""
        while True:
            with self._reading(table) as reading:
                stretch = reading.stretch(start)
            yield from stretch
            if not stretch:
                return
            start = stretch[-1][0] + b"\0"

    def _reading(self, table: str) -> "_Reading":
        return _Reading(self, table)

    def _table(self, name: str) -> "lmdb._Database":
        if name not in self._tables:
            self._tables[name] = self._env.open_db(name.encode(), create=self._write)
        return self._tables[name]

    # --- the end -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of the files, and of the right to write them."""
        with self._using:
            self._env.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


class _Reading:
    """A short transaction that reads one table."""

    def __init__(self, environment: Environment, table: str) -> None:
        self._environment = environment
        self._name = table

    def __enter__(self) -> Self:
        import lmdb

        environment = self._environment
        environment._using.acquire()
        try:
            try:
                self._begin()
            except lmdb.MapResizedError:
                # The writer, another process, has made the map larger.
                environment._env.set_mapsize(0)
                self._begin()
        except BaseException as error:
            environment._using.release()
            if isinstance(error, OSError | lmdb.Error):
                raise _failure(environment._folder, "read", error) from error
            raise
        return self

    def _begin(self) -> None:
        import lmdb

        environment = self._environment
        try:
            self._table: lmdb._Database | None = environment._table(self._name)
        except (lmdb.NotFoundError, lmdb.ReadonlyError):
            self._table = None  # nothing has been written into it yet
        self._transaction = environment._env.begin()

    def __exit__(self, *_: object) -> None:
        self._transaction.abort()
        self._environment._using.release()

    def get(self, key: bytes) -> bytes | None:
        return None if self._table is None else self._transaction.get(key, db=self._table)

    def last_before(self, key: bytes) -> tuple[bytes, bytes] | None:
        if self._table is None:
            return None
        cursor = self._transaction.cursor(self._table)
        if cursor.set_range(key):
            found = cursor.key() == key or cursor.prev()
        else:
            found = cursor.last()
        return (cursor.key(), cursor.value()) if found else None

    def stretch(self, start: bytes) -> list[tuple[bytes, bytes]]:
        """Copy entries from a key on, up to `_STRETCH` bytes."""
        found: list[tuple[bytes, bytes]] = []
        if self._table is None:
            return found
        cursor = self._transaction.cursor(self._table)
        size = 0
        if cursor.set_range(start):
            for key, value in cursor:
                found.append((key, value))
                size += len(value)
                if size >= _STRETCH:
                    break
        return found


def locked(folder: Path) -> bool:
    """Tell whether a living process holds the right to write an environment."""
    try:
        handle = os.open(folder / "writer.lock", os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _locked(folder: Path) -> int:
    """Take the right to write an environment; the system takes it back whatever becomes of the process."""
    handle = os.open(folder / "writer.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise TickloomError(f"{folder}: another process is writing it") from error
    return handle


def _failure(folder: Path, what: str, error: Exception) -> TickloomError:
    """Say in one line why an environment cannot be used."""
    return TickloomError(f"{folder} cannot be {what}: {_reason(error)}")


def _reason(error: Exception) -> str:
    """Take the reason out of what lmdb says, which starts with the name of its function."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = " ".join(str(error).split())
    reason = text.partition(": ")[2] or text
    # What lmdb makes of a write of which only a part was done.
    return f"{reason}, as on a full disk" if reason == os.strerror(errno.EIO) else reason
