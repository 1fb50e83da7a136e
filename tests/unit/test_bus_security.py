"""Who may listen on the bus: keys, the list of the allowed, and the refusal to be open to a network without them.

The oracle is ZeroMQ itself over real sockets: a message arrives within a moment or it does not. What happens without
our rules (a CURVE server that lets any key in) is shown beside them.
"""

import logging
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq
from click.testing import CliRunner

from tickloom.bus.security import (
    Guard,
    ListenerKeys,
    bind,
    identify,
    is_loopback,
    read_listener_keys,
    read_publisher_keys,
    write_keys,
)
from tickloom.cli import main
from tickloom.errors import ConfigError

Context = zmq.Context[zmq.Socket[bytes]]
#: How long is waited for what should not come (ms); what should come is waited for much longer.
MOMENT, LONG = 150, 5_000


@pytest.fixture
def context() -> Iterator[Context]:
    context: Context = zmq.Context()
    yield context
    context.destroy(linger=0)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Folders of keys of a publisher, and of a listener that it has not let in yet."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    write_keys(ours, "publisher")
    write_keys(theirs, "alice")
    shutil.copy(ours / "publisher.key", theirs)
    return ours, theirs


@pytest.fixture
def guard(context: Context, folders: tuple[Path, Path]) -> Iterator[Guard]:
    guard = Guard(context, read_publisher_keys(folders[0]))
    yield guard
    guard.stop()


def allow(folders: tuple[Path, Path]) -> None:
    ours, theirs = folders
    shutil.copy(theirs / "alice.key", ours / "allowed")


def publisher(context: Context, guard: Guard | None) -> zmq.Socket[bytes]:
    socket = context.socket(zmq.XPUB)
    bind(socket, "tcp://127.0.0.1:*", guard)
    return socket


def address(bound: zmq.Socket[bytes]) -> str:
    return bound.getsockopt_string(zmq.LAST_ENDPOINT)


def hears(context: Context, server: zmq.Socket[bytes], keys: ListenerKeys | None, patience: int = LONG) -> bool:
    """Whether a listener's subscription reaches the publisher, and a message then reaches the listener."""
    with context.socket(zmq.SUB) as listener:
        if keys:
            identify(listener, keys)
        listener.connect(address(server))
        listener.subscribe(b"")
        if server.poll(patience):
            server.recv()
        server.send(b"news")
        return bool(listener.poll(patience))


def test_key_on_the_list_hears_everything(context, folders, guard) -> None:
    allow(folders)
    assert hears(context, publisher(context, guard), read_listener_keys(folders[1]))


def test_key_that_is_not_on_the_list_hears_nothing_and_is_told_of_without_naming_it(
    context, folders, guard, caplog
) -> None:
    server, keys = publisher(context, guard), read_listener_keys(folders[1])
    with caplog.at_level(logging.DEBUG, logger="tickloom"):
        assert not hears(context, server, keys, MOMENT)
        assert not hears(context, server, keys, MOMENT)
    # Once, however often it tries.
    assert [one.message for one in caplog.records if one.name.startswith("tickloom")] == [
        f"listener refused: its key is not in {folders[0] / 'allowed'} (1 refused so far)"
    ]
    assert guard.refused >= 2
    assert keys.secret.decode() not in caplog.text


def test_listener_without_keys_hears_nothing(context, folders, guard) -> None:
    allow(folders)
    assert not hears(context, publisher(context, guard), None, MOMENT)


def test_request_for_what_was_missed_needs_a_key_on_the_list_too(context, folders, guard) -> None:
    router = context.socket(zmq.ROUTER)
    bind(router, "tcp://127.0.0.1:*", guard)
    for listed in (False, True):
        with context.socket(zmq.DEALER) as dealer:
            identify(dealer, read_listener_keys(folders[1]))
            dealer.connect(address(router))
            dealer.send(b"what did I miss?")
            assert bool(router.poll(LONG if listed else MOMENT)) is listed
            dealer.linger = 0
        allow(folders)


def test_key_may_listen_from_the_moment_it_is_put_on_the_list_and_not_after_it_was_taken_off(
    context, folders, guard
) -> None:
    server, keys = publisher(context, guard), read_listener_keys(folders[1])
    assert not hears(context, server, keys, MOMENT)
    allow(folders)
    assert hears(context, server, keys)
    (folders[0] / "allowed" / "alice.key").unlink()
    assert not hears(context, server, keys, MOMENT)


def test_list_that_cannot_be_read_lets_nobody_in_and_everybody_again_once_it_is_mended(context, folders, guard) -> None:
    allow(folders)
    server, keys = publisher(context, guard), read_listener_keys(folders[1])
    half = folders[0] / "allowed" / "half.key"
    half.write_text("curve\n")
    assert not hears(context, server, keys, MOMENT)
    half.unlink()
    assert hears(context, server, keys)


def test_guarded_socket_admits_nobody_where_no_authenticator_answers(context, folders) -> None:
    # Bare ZeroMQ lets any key in here: the reference measured it, and the second half shows it.
    allow(folders)
    keys, theirs = read_publisher_keys(folders[0]), read_listener_keys(folders[1])
    guard = Guard(context, keys)
    guarded, bare = context.socket(zmq.XPUB), context.socket(zmq.XPUB)
    guard.protect(guarded)
    bare.curve_server, bare.curve_secretkey = True, keys.secret
    guard.stop()
    for socket in (guarded, bare):
        socket.bind("tcp://127.0.0.1:*")
    assert not hears(context, guarded, theirs, MOMENT)
    assert hears(context, bare, theirs)


def test_listener_does_not_listen_to_a_publisher_with_another_key(context, folders, guard, tmp_path) -> None:
    allow(folders)
    write_keys(tmp_path / "impostor", "publisher")
    shutil.copy(tmp_path / "impostor" / "publisher.key", folders[1])
    assert not hears(context, publisher(context, guard), read_listener_keys(folders[1]), MOMENT)


def test_socket_off_loopback_is_not_bound_without_keys(context) -> None:
    socket = context.socket(zmq.XPUB)
    with pytest.raises(ConfigError) as caught:
        bind(socket, "tcp://*:0", None)
    line = str(caught.value)
    assert line.startswith("bus.publish: tcp://*:0 can be reached by other machines, and there are no keys;")
    assert "`tickloom keys new publisher --in keys`" in line
    assert "bus.keys" in line
    assert socket.last_endpoint == b""


def test_socket_is_not_bound_behind_an_authenticator_that_does_not_run(context, guard) -> None:
    guard.stop()
    socket = context.socket(zmq.XPUB)
    with pytest.raises(ConfigError, match="authenticator"):
        bind(socket, "tcp://127.0.0.1:*", guard)
    assert socket.last_endpoint == b""


def test_socket_off_loopback_is_bound_behind_a_guard(context, folders, guard) -> None:
    allow(folders)
    socket = context.socket(zmq.XPUB)
    bind(socket, "tcp://0.0.0.0:*", guard)
    port = address(socket).rpartition(":")[2]
    with context.socket(zmq.SUB) as listener:
        identify(listener, read_listener_keys(folders[1]))
        listener.connect(f"tcp://127.0.0.1:{port}")
        listener.subscribe(b"")
        assert socket.poll(LONG)


def test_endpoint_that_is_taken_is_one_clear_line(context) -> None:
    first = publisher(context, None)
    taken = address(first)
    with pytest.raises(ConfigError, match=f"bus.publish: {taken} cannot be bound: Address already in use"):
        bind(context.socket(zmq.XPUB), taken, None)


@pytest.mark.parametrize(
    ("endpoint", "inside"),
    [
        ("ipc://@tickloom", True),
        ("ipc:///run/tickloom", True),
        ("inproc://here", True),
        ("tcp://127.0.0.1:5555", True),
        ("tcp://127.8.9.1:*", True),
        ("tcp://localhost:5555", True),
        ("tcp://[::1]:5555", True),
        ("tcp://*:5555", False),
        ("tcp://0.0.0.0:5555", False),
        ("tcp://[::]:5555", False),
        ("tcp://10.0.0.1:5555", False),
        ("tcp://eth0:5555", False),
        ("tcp://localhost.example.org:5555", False),
        ("udp://127.0.0.1:5555", False),
        ("nonsense", False),
        ("", False),
    ],
)
def test_only_what_this_machine_alone_can_reach_is_loopback(endpoint: str, inside: bool) -> None:
    assert is_loopback(endpoint) is inside


def test_secret_is_its_owners_alone_and_nothing_prints_it(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    before = os.umask(0)
    try:
        result = CliRunner().invoke(main, ["keys", "new", "publisher", "--in", str(folder)])
    finally:
        os.umask(before)
    secret = read_publisher_keys(folder).secret.decode()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes == {"keys": 0o700, "allowed": 0o700, "publisher.key": 0o644, "publisher.key_secret": 0o600}
    assert result.exit_code == 0
    assert str(folder / "publisher.key") in result.output
    assert secret not in result.output
    assert secret not in repr(read_publisher_keys(folder))
    assert secret not in (folder / "publisher.key").read_text()


@pytest.mark.parametrize("taken", ["alice.key", "alice.key_secret"])
def test_keys_are_never_overwritten(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("precious")
    result = CliRunner().invoke(main, ["keys", "new", "alice", "--in", str(tmp_path)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"Error: {tmp_path / taken} is there already; keys are never overwritten: choose another name\n"
    )
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [(taken, "precious")]


@pytest.mark.parametrize("name", ["../alice", "a b", "", "alice.key"])
def test_name_of_keys_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="no name for keys"):
        write_keys(tmp_path, name)


def test_secret_that_others_may_read_is_not_used(folders) -> None:
    secret = folders[0] / "publisher.key_secret"
    secret.chmod(0o640)
    with pytest.raises(ConfigError, match=f"`chmod 600 {secret}`"):
        read_publisher_keys(folders[0])


def test_what_is_missing_from_a_folder_of_keys_is_named_with_the_next_step(folders, tmp_path: Path) -> None:
    ours, theirs = folders
    with pytest.raises(ConfigError, match=r"publisher.key_secret is missing; make it with `tickloom keys new pub"):
        read_publisher_keys(tmp_path / "none")
    with pytest.raises(ConfigError, match=r"listener.key_secret is missing; make it with `tickloom keys new listener"):
        read_listener_keys(tmp_path / "none")
    (ours / "allowed").rmdir()
    with pytest.raises(ConfigError, match=r"allowed is no folder; make it, and put the public keys"):
        read_publisher_keys(ours)
    (theirs / "publisher.key").unlink()
    with pytest.raises(ConfigError, match=r"publisher.key is missing; ask for the public key"):
        read_listener_keys(theirs)
    write_keys(theirs, "bob")
    with pytest.raises(ConfigError, match=r"here are several: alice.key_secret, bob.key_secret"):
        read_listener_keys(theirs)


@pytest.mark.parametrize("text", ["", "curve\n", 'curve\n    public-key = "short"\n', "\udcff\x00"])
def test_file_that_holds_no_key_is_one_clear_line(folders, text: str) -> None:
    (folders[1] / "publisher.key").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=r"publisher.key: no key that can be read in it"):
        read_listener_keys(folders[1])
