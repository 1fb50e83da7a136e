"""The errors a user can cause: each is one line that says what, where, and what would be valid."""

from collections.abc import Iterable
from difflib import get_close_matches


class TickloomError(Exception):
    """Something outside the program is wrong; the text is the whole message, for a person."""


class ConfigError(TickloomError):
    """A config, an option or a name in one of them is wrong."""


class DataError(TickloomError):
    """Market data cannot be used at all."""


class OrderError(TickloomError, ValueError):
    """A strategy asked for an order that cannot exist, such as a price off the grid."""


class RunStoppedError(TickloomError):
    """The run cannot go on; raised by what must not be missed, such as a journal that can no longer be written."""


#: More names than these are counted and not listed.
_MOST, _SOME = 40, 5


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which names would have been valid, the nearest first.

    Parameters
    ----------
    name : str
        What was written.
    known : iterable of str
        What would have been valid.

    Returns
    -------
    str
        ``did you mean 'x'? (known: x, y, z)``, or only the list where nothing is near; of very many, the nearest.
    """
    names = sorted(known)
    if len(names) > _MOST:
        near = get_close_matches(name, names, n=_SOME, cutoff=0.4)
        listing = f"{len(names)} are known" + (f", such as {', '.join(near)}" if near else "")
    else:
        listing = f"known: {', '.join(names)}" if names else "none are known"
    close = get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}? ({listing})" if close else listing
