"""What a step function reads and writes beside numbers: lagged values, memory of its own, levels of a book.

Fused code works on addresses, not on arrays: numba would count references at every slice. A step function never sees an
address by itself; it gets a *window*, a *memory*, a *ladder*, a *table* or a *column*, tuples that the functions below
take, and indices are masked or clipped to what belongs to it: a wrong index reads a wrong number, never foreign memory.
"""

from typing import Any

from numba import njit, types
from numba.core import cgutils
from numba.core.cgutils import ir  # the types of LLVM, as numba itself uses them
from numba.extending import intrinsic

#: How step functions are compiled: inlined into their unit, IEEE 754 throughout, no exceptions.
step = njit(error_model="numpy", forceinline=True)

_INT = ir.IntType(64)
_BYTE = ir.IntType(8)
_FLOAT = ir.DoubleType()


@intrinsic
def load(_typing: Any, _address: Any, _index: Any) -> Any:
    """Read the float64 at ``address + 8 * index``."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], _FLOAT.as_pointer())
        return builder.load(builder.gep(pointer, [arguments[1]]))

    return types.float64(types.int64, types.int64), generate


@intrinsic
def load_int(_typing: Any, _address: Any, _index: Any) -> Any:
    """Read the int64 at ``address + 8 * index``."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], _INT.as_pointer())
        return builder.load(builder.gep(pointer, [arguments[1]]))

    return types.int64(types.int64, types.int64), generate


@intrinsic
def store(_typing: Any, _address: Any, _index: Any, _value: Any) -> Any:
    """Write a float64 at ``address + 8 * index``."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], _FLOAT.as_pointer())
        builder.store(arguments[2], builder.gep(pointer, [arguments[1]]))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.float64), generate


@intrinsic
def store_int(_typing: Any, _address: Any, _index: Any, _value: Any) -> Any:
    """Write an int64 at ``address + 8 * index``."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], _INT.as_pointer())
        builder.store(arguments[2], builder.gep(pointer, [arguments[1]]))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic
def store_byte(_typing: Any, _address: Any, _index: Any, _value: Any) -> Any:
    """Write the lowest byte of an int64 at ``address + index``."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], _BYTE.as_pointer())
        builder.store(builder.trunc(arguments[2], _BYTE), builder.gep(pointer, [arguments[1]]))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic
def _four_past_the_cache(_typing: Any, _to: Any, _source: Any) -> Any:
    """Copy four float64 to an address that is a multiple of 32 bytes, without reading the lines that they are in."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        four = ir.VectorType(_FLOAT, 4)
        to, source = (builder.inttoptr(one, four.as_pointer()) for one in arguments)
        written = builder.store(builder.load(source, align=8), to, align=32)
        written.set_metadata("nontemporal", builder.module.add_metadata([ir.IntType(32)(1)]))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@intrinsic
def fetch(_typing: Any, _address: Any) -> Any:
    """Ask for the line of memory at an address, which is needed soon."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        pointer, number = _BYTE.as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        # For reading, into all caches, of data.
        prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(prefetch, [builder.inttoptr(arguments[0], pointer), number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(types.int64), generate


@intrinsic
def fence(_typing: Any) -> Any:
    """Let nobody see what is written later before what was written earlier."""

    def generate(context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), generate


@step
def stream(to: int, source: int, count: int) -> None:
    """Copy float64 past the processor's cache: for more of them than it holds that is three times as fast.

    An ordinary write reads the line first that it is in.
    """
    n = 0
    while n < count and (to + 8 * n) % 32 != 0:
        store(to, n, load(source, n))
        n += 1
    while n + 4 <= count:
        _four_past_the_cache(to + 8 * n, source + 8 * n)
        n += 4
    while n < count:
        store(to, n, load(source, n))
        n += 1


@intrinsic
def fma(_typing: Any, _a: Any, _b: Any, _c: Any) -> Any:
    """Return ``a * b + c``, rounded once: one link of four cycles in the chain of a recurrence, instead of eight."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), generate


@intrinsic
def _eight_sums(_typing: Any, _address: Any, _count: Any, _base: Any) -> Any:
    """Sum of the distances of values from a base; a multiple of eight values.

    Eight sums, of every eighth value each, whatever the processor can do at a time: so the bits are the same on all.
    They are four and four, because processors that could do eight at once do everything else more slowly then.
    """

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        address, count, base = arguments
        four, lane = ir.VectorType(_FLOAT, 4), ir.IntType(32)
        zero = ir.Constant(four, [0.0] * 4)
        bases = zero
        for n in range(4):
            bases = builder.insert_element(bases, base, lane(n))
        sizes = cgutils.get_or_insert_function(builder.module, ir.FunctionType(four, [four]), "llvm.fabs.v4f64")
        halves = [cgutils.alloca_once_value(builder, zero) for _ in range(2)]
        with cgutils.for_range_slice(builder, _INT(0), count, _INT(8)) as (place, _):
            first = builder.add(address, builder.shl(place, _INT(3)))
            for n, half in enumerate(halves):
                pointer = builder.inttoptr(builder.add(first, _INT(32 * n)), four.as_pointer())
                size = builder.call(sizes, [builder.fsub(builder.load(pointer, align=8), bases)])
                builder.store(builder.fadd(builder.load(half), size), half)
        whole = builder.fadd(builder.load(halves[0]), builder.load(halves[1]))
        a, b, c, d = (builder.extract_element(whole, lane(n)) for n in range(4))
        return builder.fadd(builder.fadd(a, c), builder.fadd(b, d))

    return types.float64(types.int64, types.int64, types.float64), generate


@intrinsic
def choose(_typing: Any, _condition: Any, _a: Any, _b: Any) -> Any:
    """Return ``a`` where the condition holds, else ``b``, always without a branch.

    For conditions that nobody can guess, such as where the next extreme comes: a branch guessed wrongly costs twenty
    cycles, and LLVM makes one wherever an operand comes from memory.
    """

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        condition, a, b = arguments
        found = builder.select(builder.icmp_signed("!=", condition, condition.type(0)), a, b)
        found.set_metadata("unpredictable", builder.module.add_metadata([]))
        return found

    return types.float64(types.boolean, types.float64, types.float64), generate


@intrinsic
def assume(_typing: Any, _condition: Any) -> Any:
    """Promise the compiler that something holds, so that it leaves out what tests it again."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        bit = ir.IntType(1)
        promise = builder.module.declare_intrinsic("llvm.assume", (), ir.FunctionType(ir.VoidType(), [bit]))
        builder.call(promise, [builder.icmp_signed("!=", arguments[0], arguments[0].type(0))])
        return context.get_dummy_value()

    return types.void(types.boolean), generate


@intrinsic
def call(_typing: Any, _function: Any, _a: Any, _b: Any, _c: Any, _d: Any, _e: Any, _f: Any, _g: Any) -> Any:
    """Call the compiled function at an address with seven int64."""

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [_INT] * 7)
        builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), arguments[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 8), generate


@step
def larger(a: float, b: float) -> float:
    """Return the larger one, without a branch."""
    return choose(a > b, a, b)


@step
def lesser(a: float, b: float) -> float:
    """Return the smaller one, without a branch."""
    return choose(a < b, a, b)


@step
def lag(window: tuple[int, int, int, float], back: int) -> float:
    """Return the value that an input had ``back`` rows ago; 0 is the row at hand.

    Valid for ``back`` up to the declared depth, and only for rows that there were: ``back <= k``.
    """
    # The row at hand needs no way through memory, which takes as long as several operations.
    return window[3] if back == 0 else load(window[0], (window[1] - back) & window[2])


@step
def smaller(window: tuple[int, int, int, float], n: int, x: float) -> int:
    """Count which of the n values before the row at hand are smaller than x; n as `lag`.

    A ring is at most two stretches of memory, which processors compare several values of at a time.
    """
    begin, end = (window[1] - n) & window[2], (window[1] - 1) & window[2]
    found, last = 0, end if begin <= end else window[2]
    for place in range(begin, last + 1):
        found += load(window[0], place) < x
    for place in range(0 if begin > end else end + 1, end + 1):
        found += load(window[0], place) < x
    return found


@step
def get(memory: tuple[int, int], index: int) -> float:
    """Read a word of a step's own memory, which begins as zeros."""
    return load(memory[0], index & memory[1])


@step
def put(memory: tuple[int, int], index: int, value: float) -> None:
    """Write a word of a step's own memory."""
    store(memory[0], index & memory[1], value)


@step
def distances(memory: tuple[int, int], first: int, n: int, base: float) -> float:
    """Sum of the distances of n words of a step's own memory from a base; they must not go around its end."""
    first = first & memory[1]
    n = min(max(n, 0), memory[1] + 1 - first)
    address, eights = memory[0] + 8 * first, n - n % 8
    found = _eight_sums(address, eights, base) if eights > 0 else 0.0
    odd = 0.0
    for place in range(eights, n - 1, 2):
        found += abs(load(address, place) - base)
        odd += abs(load(address, place + 1) - base)
    return found + (odd + abs(load(address, n - 1) - base) if n % 2 == 1 else odd)


@step
def own(memory: tuple[int, int], symbol: int) -> tuple[int, int]:
    """Return the memory that a cross-symbol step has for one symbol."""
    return memory[0] + 8 * symbol * (memory[1] + 1), memory[1]


@step
def entry(table: tuple[int, ...], place: int) -> float:
    """Read a word of a fitted table: its constants, then its numbers row by row; ``table[2:]`` is its shape."""
    return load(table[0], min(max(place, 0), table[1] - 1))


@step
def level(ladder: tuple[int, int, int], depth: int) -> float:
    """Read one level of a side of the book; 0 is the best one, and beyond the last the last one is read."""
    return load(ladder[0] + ladder[2] * min(max(depth, 0), ladder[1] - 1), 0)


@step
def at(column: tuple[int, int], symbol: int) -> float:
    """Read the newest value of one symbol; NaN where it has none yet."""
    return load(column[0], symbol * column[1])


@step
def give(column: tuple[int, int], symbol: int, value: float) -> None:
    """Write what a cross-symbol feature says of one symbol."""
    store(column[0], symbol * column[1], value)
