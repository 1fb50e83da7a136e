"""Makes what drives views callable from Python, without numba's look at the types of arguments.

Many rows go through a C function that is called without Python's lock. One row goes through a function of Python's own
kind, which takes a third of the time of a call that numba wraps: it gets the addresses of Python objects and gives one
back, and the address of its *frame* (see `tickloom_kernels.fused`) is the object that it is bound to.
"""

import ctypes
import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from numba import cfunc, types
from numba.core import cgutils
from numba.core.cgutils import ir
from numba.extending import intrinsic
from numpy.typing import NDArray

from tickloom_kernels import fused
from tickloom_kernels.fused import ASKED, REFUSAL, REFUSED, TOLD, VECTOR, advance_one
from tickloom_kernels.indicators import window
from tickloom_kernels.indicators.window import load_int, step, store_int
from tickloom_kernels.views.objects import keep, link, machine

_INT = ir.IntType(64)
_many_rows, _instants = step(fused.drive), step(fused.across)
#: Bytes of an array object before the address of its data: those of any Python object.
_DATA = object.__basicsize__
#: Flag of a method that gets its arguments as an array and their number.
_FASTCALL = 0x0080


def _call_python(builder: Any, name: str, given: Any, returned: Any = _INT) -> Any:
    """Call a function of Python's C interface, whose objects and numbers are int64."""
    kind = ir.FunctionType(returned, [_INT] * len(given))
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), given)


@intrinsic
def _number(_typing: Any, _object: Any) -> Any:
    """Return the value of a Python int; -1 with an error set where it is none."""

    def generate(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return _call_python(builder, "PyLong_AsLongLong", given)

    return types.int64(types.int64), generate


@intrinsic
def _error(_typing: Any) -> Any:
    """Return the error that is set, or 0."""

    def generate(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return _call_python(builder, "PyErr_Occurred", given)

    return types.int64(), generate


@intrinsic
def _held(_typing: Any, _object: Any) -> Any:
    """Return an object that somebody else refers to from now on, too."""

    def generate(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        _call_python(builder, "Py_IncRef", given, ir.VoidType())
        return given[0]

    return types.int64(types.int64), generate


@intrinsic
def _called(_typing: Any, _object: Any) -> Any:
    """Call an object with nothing; return what it returns, or 0 with an error set."""

    def generate(_context: Any, builder: Any, _signature: Any, given: Any) -> Any:
        return _call_python(builder, "PyObject_CallNoArgs", given)

    return types.int64(types.int64), generate


def data_of(array: NDArray[Any]) -> int:
    """Return where the data of an array begin.

    ``array.ctypes.data`` says the same and takes ten times as long. The place of that word in an array is part of the
    interface that extensions of numpy are compiled against.
    """
    return ctypes.c_ssize_t.from_address(id(array) + _DATA).value


def _drive(frame: int, count: int) -> int:
    return _many_rows(frame, count)


def _across(frame: int, instants: int, count: int) -> int:
    _instants(frame, instants, count)
    return 0


def _update(bound: int, arguments: int, count: int) -> int:
    """Run the units over the one row of a frame, of the symbol that is the only argument or 0; return the vector."""
    frame = _number(bound)
    symbol = _number(load_int(arguments, 0)) if count > 0 else 0
    if symbol == -1 and _error() != 0:
        return 0
    told = advance_one(frame, symbol) if count <= 1 else REFUSED
    store_int(frame, TOLD, told)
    if told == REFUSED:
        store_int(frame, ASKED, symbol)
        return _called(load_int(frame, REFUSAL))
    return _held(load_int(frame, VECTOR))


class _Definition(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("about", ctypes.c_char_p),
    )


def _address(function: Callable[..., Any], arguments: int, folder: Path) -> int:
    """Return the address of a compiled function of so many int64, from a folder or by compiling it."""
    path = folder / f"tickloom{function.__name__}_{_source()}.{machine()}.o"
    with suppress(FileNotFoundError, ValueError):
        return link(path)
    signature = f"int64({', '.join(['int64'] * arguments)})"
    keep(cfunc(signature, error_model="numpy")(function), path)
    return link(path)


@cache
def _source() -> str:
    """Return 16 hexadecimal digits of the source of all that is compiled here."""
    files = [Path(__file__), Path(fused.__file__), Path(window.__file__)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


@cache
def driving(folder: Path) -> Callable[[int, int], int]:
    """Return `fused.drive`; Python's lock is not held in it. ``folder`` is where compiled code is kept."""
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(_address(_drive, 2, folder))


@cache
def crossing(folder: Path) -> Callable[[int, int, int], int]:
    """Return `fused.across`; Python's lock is not held in it."""
    kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)
    return kind(_address(_across, 3, folder))


@cache
def _definition(folder: Path) -> _Definition:
    about = b"update($self, symbol=0, /)\n--\n\nStep over the one row that stands in `row`, and return `vector`."
    return _Definition(b"update", _address(_update, 3, folder), _FASTCALL, about)


def prepare(folder: Path) -> None:
    """Compile what drives any view, where it is not compiled yet."""
    driving(folder)
    _definition(folder)


def updating(frame: int, owner: object, folder: Path) -> Callable[..., Any]:
    """Return the function that steps over the one row of a frame.

    Parameters
    ----------
    frame : int
        Its address. The frame names two objects by their addresses: what is returned, and what is called, with
        nothing, where the row or the symbol is refused; that must raise.
    owner : object
        Keeps the frame and both objects, and lives as long as the function.
    folder : Path
        Where compiled code is kept.

    Returns
    -------
    callable
        Takes the symbol, 0 by default.
    """
    make = ctypes.pythonapi.PyCFunction_NewEx
    make.restype, make.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.py_object, ctypes.py_object)
    # A function refers to its module, which is what the owner takes the place of.
    found: Callable[..., Any] = make(ctypes.addressof(_definition(folder)), frame, owner)
    return found
