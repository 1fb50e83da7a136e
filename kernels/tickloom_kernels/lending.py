"""Arrays lent to kernels that Python calls at every event: numba takes some 50 ns to look at each of their arguments.

Who calls writes down once where its arrays lie; a kernel gets that one array, and makes the others of it. They are not
kept alive by it: the lender holds them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import carray, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from tickloom_kernels.intrinsics import inlined

#: Words of a loan: where the array's data begin, and its sizes.
_WORDS = 4


def lend(arrays: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Write down where arrays lie.

    Parameters
    ----------
    arrays : sequence of int64
        In one piece each, of one to three dimensions. Whoever calls a kernel with the result holds them, and lends
        them anew when one of them is replaced.

    Returns
    -------
    int64, shape (n, 4)
        Address and sizes of each.

    Raises
    ------
    ValueError
        One of them is no such array.
    """
    lent = np.zeros((len(arrays), _WORDS), np.int64)
    for n, array in enumerate(arrays):
        if array.dtype != np.int64 or not array.flags.c_contiguous or not 0 < array.ndim < _WORDS:
            raise ValueError(f"array {n} of those lent is not int64 in one piece: {array.dtype}, shape {array.shape}")
        lent[n, 0] = array.ctypes.data
        lent[n, 1 : 1 + array.ndim] = array.shape
    return lent


@intrinsic
def _pointer(_typing: Any, _address: Any) -> Any:
    """Return an address as one of int64s."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.int64)(types.int64), generate


@inlined
def vector(lent: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Make the array of one dimension that has been lent in place ``n``."""
    return carray(_pointer(lent[n, 0]), (lent[n, 1],))


@inlined
def matrix(lent: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Make the array of two dimensions that has been lent in place ``n``."""
    return carray(_pointer(lent[n, 0]), (lent[n, 1], lent[n, 2]))


@inlined
def cube(lent: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Make the array of three dimensions that has been lent in place ``n``."""
    return carray(_pointer(lent[n, 0]), (lent[n, 1], lent[n, 2], lent[n, 3]))
