"""What a publisher says about itself before anything else: version, tables, kinds, and where each stream stands."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import sha256

import attrs
import msgspec

from tickloom.bus.wire import VERSION, WireError
from tickloom.events import KINDS, Event
from tickloom.instruments import Instrument
from tickloom.record import RunTables


class Greeting(msgspec.Struct, frozen=True):
    """The little that ZeroMQ sends to every new listener by itself (`XPUB_WELCOME_MSG`): where to ask for the rest."""

    epoch: int
    replay: str


class Schema(msgspec.Struct, frozen=True, array_like=True):
    """A kind of event as the publisher declares it; ``digest`` is of names and types of its fields, in order."""

    name: str
    topic: str
    revision: int
    digest: str
    fields: tuple[str, ...]


class Head(msgspec.Struct, frozen=True, array_like=True):
    """Where a stream stands: the publisher's number of it, its newest event, and the first that can still be had."""

    stream: int
    seq: int
    kept_from: int


class Welcome(msgspec.Struct, frozen=True):
    """The answer to ``hello``.

    Attributes
    ----------
    version : int
        Of the protocol (`tickloom.bus.wire.VERSION`).
    epoch : int
        The publisher's life.
    run : str
        Name of the run's config.
    over : bool
        Whether the run is over.
    instruments : sequence of dict
        By index: the settings of `tickloom.instruments.Instrument`, decimals as text.
    accounts, strategies, models, views, sources, venues, series : sequence of str
        The run's other tables, by index.
    account_venues : sequence of int
        Venue (index) of each account.
    schemas : dict
        Type id to `Schema`.
    heads : dict
        Topic to `Head`, of every stream that has an event.
    """

    version: int
    epoch: int
    run: str
    over: bool
    instruments: Sequence[Mapping[str, str | int]]
    accounts: Sequence[str]
    account_venues: Sequence[int]
    strategies: Sequence[str]
    models: Sequence[str]
    views: Sequence[str]
    sources: Sequence[str]
    venues: Sequence[str]
    series: Sequence[str]
    schemas: Mapping[int, Schema]
    heads: Mapping[str, Head]

    def instrument_table(self) -> list[Instrument]:
        """Make the instruments, which turn ticks and lots into decimals."""
        return [Instrument(**one) for one in self.instruments]  # type: ignore[arg-type]  # what `settings_of` wrote


_SETTINGS = tuple(field for field in attrs.fields(Instrument) if field.init)
_decode = msgspec.msgpack.Decoder(Welcome).decode


def settings_of(instrument: Instrument) -> dict[str, str | int]:
    """List what an instrument is made from, decimals as text."""
    values = {field.name: getattr(instrument, field.name) for field in _SETTINGS}
    return {
        name: value if isinstance(value, int) else f"{value:f}" if isinstance(value, Decimal) else str(value)
        for name, value in values.items()
    }


def schema_of(kind: type[Event]) -> Schema:
    """Describe a kind of event."""
    fields = msgspec.inspect.type_info(kind).fields  # type: ignore[attr-defined]  # a Struct has fields
    text = ",".join(f"{field.encode_name}:{type(field.type).__name__}" for field in fields)
    digest = sha256(f"{kind.TYPE_ID}:{text}".encode()).hexdigest()[:16]
    return Schema(kind.__name__, kind.TOPIC, kind.REVISION, digest, kind.__struct_fields__)


#: Every kind this side knows, by type id.
SCHEMAS = {type_id: schema_of(kind) for type_id, kind in KINDS.items()}


def make_welcome(tables: RunTables, epoch: int, over: bool, heads: Mapping[str, Head]) -> bytes:
    """Write the answer to ``hello`` as msgpack."""
    names = ("accounts", "account_venues", "strategies", "models", "views", "sources", "venues", "series")
    welcome = Welcome(
        version=VERSION,
        epoch=epoch,
        run=tables.name,
        over=over,
        instruments=[settings_of(one) for one in tables.instruments],
        schemas=SCHEMAS,
        heads=heads,
        **{name: tuple(getattr(tables, name)) for name in names},
    )
    return msgspec.msgpack.encode(welcome)


def read_greeting(payload: bytes) -> Greeting:
    """Read the first word of a publisher; a `WireError` says where it cannot be read."""
    try:
        return msgspec.msgpack.decode(payload, type=Greeting)
    except (msgspec.DecodeError, RecursionError) as error:
        raise WireError(f"the publisher's greeting cannot be read: {error}") from None


def read_welcome(payload: bytes) -> Welcome:
    """Read the answer to ``hello``, and hold the publisher's kinds against ours.

    Raises
    ------
    WireError
        It cannot be read, or a kind of the publisher is another one than ours: fields may only be added, at the end.
    """
    try:
        welcome = _decode(payload)
    except (msgspec.DecodeError, RecursionError) as error:
        raise WireError(f"the publisher's welcome cannot be read: {error}") from None
    for type_id, theirs in welcome.schemas.items():
        ours = SCHEMAS.get(type_id)
        if ours is not None and ours.digest != theirs.digest:
            shared = min(len(ours.fields), len(theirs.fields))
            if ours.fields[:shared] != theirs.fields[:shared] or len(ours.fields) == len(theirs.fields):
                raise WireError(
                    f"the publisher's {theirs.name} has {', '.join(theirs.fields)} (revision {theirs.revision}), "
                    f"ours {', '.join(ours.fields)} (revision {ours.revision}): install the same tickloom on both sides"
                )
    return welcome
