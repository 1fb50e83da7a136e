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
        ``did you mean 'x'? (known: x, y, z)``, or only the list where nothing is near.
    """
    names = sorted(known)
    listing = f"known: {', '.join(names)}" if names else "none are known"
    close = get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}? ({listing})" if close else listing
