"""What LLVM can do and numba has no name for: bits of a word, arrays whose references nobody counts; and inlining."""

from typing import Any

from numba import njit, types
from numba.core.cgutils import ir  # the types of LLVM, as numba itself uses them
from numba.extending import intrinsic

#: How functions are compiled that a kernel calls at every row or command: a call costs more than they do.
inlined = njit(cache=True, nogil=True, forceinline=True)

_WORD = 64
#: For LLVM: what a word without bits gives is said by us.
_ZERO_IS_DEFINED = ir.Constant(ir.IntType(1), 0)


@intrinsic
def highest(_typing: Any, _word: Any) -> Any:
    """Return the place of the highest bit of an int64, 0 to 63; -1 where none is set."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.sub(arguments[0].type(_WORD - 1), builder.ctlz(arguments[0], _ZERO_IS_DEFINED))

    return types.int64(types.int64), generate


@intrinsic
def lowest(_typing: Any, _word: Any) -> Any:
    """Return the place of the lowest bit of an int64, 0 to 63; 64 where none is set."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], _ZERO_IS_DEFINED)

    return types.int64(types.int64), generate


@intrinsic
def borrowed(_typing: Any, array: Any) -> Any:
    """Return an array that is another one, and does not keep it alive.

    numba counts references with atomic instructions, a pair of them for an argument of a function that is not
    inlined: seven nanoseconds. A kernel that goes over rows borrows its arrays first; its caller holds them meanwhile.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lent = context.make_array(signature.args[0])(context, builder, arguments[0])
        lent.meminfo = lent.meminfo.type(None)
        return lent._getvalue()

    return array(array), generate
