"""Calls a strategy's kernel at its address; numba itself would look it up anew at each call, which takes 120 us.

A kernel is compiled by its strategy's author, and the drivers by us, once for all kernels of a signature.
"""

from collections.abc import Callable
from typing import Any

from numba import types
from numba.core import cgutils
from numba.core.dispatcher import Dispatcher
from numba.extending import intrinsic


def address_of(kernel: Any, signature: Any) -> int:
    """Return the address of a kernel.

    Raises
    ------
    TypeError
        It is not compiled, or not with that signature.
    """
    if not isinstance(kernel, Dispatcher):
        raise TypeError("is no function compiled by numba")
    compiled = kernel.overloads.get(tuple(signature.args))
    if compiled is None or compiled.signature.return_type != signature.return_type:
        raise TypeError(f"is compiled with {[str(one) for one in kernel.nopython_signatures]}")
    address: int = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
    return address


def _calling(kernel: Any) -> Callable[..., Any]:
    """Make what writes the call of a kernel of one signature; an error of the kernel is one of its caller."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        convention = context.call_conv
        kind = convention.get_function_type(kernel.return_type, kernel.args)
        function = builder.inttoptr(arguments[0], kind.as_pointer())
        status, result = convention.call_function(builder, function, kernel.return_type, kernel.args, arguments[1:])
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return result

    return generate


def caller_of_four(kernel: Any) -> Any:
    """Return a function for kernels: (address, four arguments of the kernel) to what an emission kernel returns."""

    @intrinsic
    def call(_typing: Any, _address: Any, _a: Any, _b: Any, _c: Any, _d: Any) -> Any:
        return kernel.return_type(types.int64, *kernel.args), _calling(kernel)

    return call


def caller_of_seven(kernel: Any) -> Any:
    """Return a function for kernels: (address, seven arguments of the kernel) to what an order kernel returns."""

    @intrinsic
    def call(_typing: Any, _address: Any, _a: Any, _b: Any, _c: Any, _d: Any, _e: Any, _f: Any, _g: Any) -> Any:
        return kernel.return_type(types.int64, *kernel.args), _calling(kernel)

    return call
