"""The words of the kernel's language, as plain Python has them.

The kernel is written in a small typed part of Python: records of fields that take 8 bytes each (whole numbers, numbers,
truths, other records, rows of these), functions and methods. As it stands it runs as plain Python; `program` compiles
it. Whole numbers have 64 bits there, divisions and remainders are those of Python.

A local variable has one type; an optional one that begins as none is annotated. Nothing else is truth than a truth:
``x != 0``, not ``x``. Rows have a fixed length. There are no strings, no exceptions, no closures.
"""

from typing import Any

MASK = 0xFFFF_FFFF_FFFF_FFFF


class Record:
    """What has fields; they are those that the class annotates, at first at the values that it gives them."""


Row = list
"""A row of things of one kind; it keeps its length."""


def new_row(length: int, item: Any) -> list[Any]:
    """A row of so many times the same; its type is that of the variable or field that it is given to."""
    return [item] * length


def drop(record: Record) -> None:
    """A record is needed no more: its memory may be used for another one of its class."""


def memory_full() -> bool:
    """Whether memory has run out; what was made since then must not be trusted."""
    return False


def wrap_add(a: int, b: int) -> int:
    """Sum of two words of 64 bits."""
    return (a + b) & MASK


def wrap_mul(a: int, b: int) -> int:
    """Product of two words of 64 bits."""
    return (a * b) & MASK


def shift_right(word: int, bits: int) -> int:
    """A word of 64 bits shifted right, zeros coming in from the left."""
    return word >> bits
