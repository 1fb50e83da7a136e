"""Keeps compiled functions as machine code, and loads them without what numba needs in order to compile.

To load from its own cache numba first sets up all of its types, which takes a third of a second in every process. A
function of plain int64 needs nothing of that: its object file is linked by LLVM.
"""

import hashlib
import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core import base, externals
from numba.core.codegen import ll  # LLVM, as numba itself uses it
from numba.core.registry import cpu_target


@cache
def machine() -> str:
    """Return 12 hexadecimal digits of what machine code depends on besides its source: processor and compilers."""
    features = ll.get_host_cpu_features().flatten()
    said = [numba.__version__, str(ll.llvm_version_info), ll.get_process_triple(), ll.get_host_cpu_name(), features]
    said += [
        str(sys.implementation.cache_tag),
        str(numba.config.CPU_NAME),
        str(numba.config.CPU_FEATURES),
        str(numba.config.OPT),
    ]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:12]


def keep(compiled: Any, path: Path) -> None:
    """Write a compiled C function to a file.

    Parameters
    ----------
    compiled : cfunc
        Compiled in this process.
    path : Path
        Another process may read or write it at the same time.

    Raises
    ------
    OSError
        It cannot be written; nothing of it stays.
    """
    library = compiled._library
    module = library._final_module
    called = [*module.functions, *module.global_variables]
    code = library._get_compiled_object()
    head = {
        "hash": hashlib.sha256(code).hexdigest(),
        "entry": compiled._wrapper_name,
        "needs": [one.name for one in called if one.is_declaration and not one.name.startswith("llvm.")],
    }
    part = path.with_suffix(f".{os.getpid()}")
    try:
        part.write_bytes(json.dumps(head).encode() + b"\n" + code)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OSError(error.errno, f"compiled features cannot be kept: {error.strerror}", str(path.parent)) from error


def link(path: Path) -> int:
    """Load a compiled C function.

    Returns
    -------
    int
        Its address, valid as long as this process lives.

    Raises
    ------
    ValueError
        The file is not as `keep` wrote it.
    """
    head, _, code = path.read_bytes().partition(b"\n")
    said, engine = json.loads(head), _engine()
    if not isinstance(said, dict) or {*said} != {"hash", "entry", "needs"}:
        raise ValueError(f"{path} is no compiled function")
    if hashlib.sha256(code).hexdigest() != said["hash"]:
        raise ValueError(f"{path} is damaged")
    if any(ll.address_of_symbol(name) is None for name in said["needs"]):
        # Something that numba defines when it sets up itself, such as what raises errors.
        cpu_target.target_context.refresh()
    engine.add_object_file(ll.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return int(engine.get_function_address(said["entry"]))


@cache
def _engine() -> Any:
    # The names that numba gives to functions of its own, of Python and of mathematics.
    base._load_global_helpers()
    externals.c_math_functions.install(None)
    ll.initialize_native_target()
    ll.initialize_native_asmprinter()
    target = ll.Target.from_triple(ll.get_process_triple()).create_target_machine(jit=True)
    return ll.create_mcjit_compiler(ll.parse_assembly(""), target)
