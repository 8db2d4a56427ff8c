"""What a snapshot keeps of an object, and what of it has changed since the last one. Pure.

A class says in one table, `Stored`, what of it is kept: facts, not what is derived from them. Columns grow at their
ends, so all that an object notes is the first row that did not: `Kept.moved`. Of what is kept by key it notes the keys.
"""

from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from sys import intern
from typing import Any, ClassVar, TypedDict, get_args

import msgspec

Change = Sequence[Any]
"""What is new in an object: its values, the rows of its columns, the entries of its tables, the rows of its lists."""

Rows = tuple[int, int, list[Any]]
"""Rows of columns that stand side by side: the first, how many, and each column: bytes of numbers, or a list."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """Attributes of a class that a snapshot keeps, each with its type.

    Args:
        values: kept whole: numbers, and messages.
        columns: groups of columns that stand side by side: an array or bytearray of `int` or `float`, or a list of what
            is named; a tuple of types stands for as many columns.
        tables: dicts and sets, kept by key; values are never None.
        lists: dicts of sorted lists, with the type of their items.
        parts: objects that are `Kept` themselves, or sequences or dicts of them.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[Mapping[str, Any], ...] = ()
    tables: Mapping[str, Any] = field(default_factory=dict)
    lists: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[str, ...] = ()


class Kept:
    """An object of which snapshots are taken.

    Attributes:
        stable: rows of each group of columns that are in the last snapshot and have not changed since.
        sizes: rows of each group of columns that the last snapshot has.
        dirty: keys of each table that may have changed.
        grown: by list, the first row of each key that has changed.
        noted: the values that the last snapshot has.
    """

    __slots__ = ("dirty", "grown", "noted", "sizes", "stable")
    stored: ClassVar[Stored] = Stored()
    table: ClassVar[Stored] = Stored()
    """All that is kept, with that of the classes that it is made from."""

    def __init_subclass__(cls) -> None:
        cls.table = _together([base.__dict__["stored"] for base in reversed(cls.__mro__) if "stored" in base.__dict__])

    def __init__(self) -> None:
        whole = self.table
        self.stable = [0] * len(whole.columns)
        self.sizes = [0] * len(whole.columns)
        self.dirty: dict[str, set[Any]] = {name: set() for name in whole.tables}
        self.grown: dict[str, dict[Any, int]] = {name: {} for name in whole.lists}
        self.noted: tuple[Any, ...] = ()

    def moved(self, row: int, group: int = 0) -> None:
        """The rows of a group of columns are others than they were, or fewer, from this one on."""
        if row < self.stable[group]:
            self.stable[group] = max(0, row)

    def grew(self, name: str, key: object, row: int) -> None:
        """A list has rows that it had not, or others, from this one on."""
        grown = self.grown[name]
        if row < grown.get(key, row + 1):
            grown[key] = row


def _together(tables: Sequence[Stored]) -> Stored:
    return Stored(
        values={name: of for table in tables for name, of in table.values.items()},
        columns=tuple(group for table in tables for group in table.columns),
        tables={name: of for table in tables for name, of in table.tables.items()},
        lists={name: of for table in tables for name, of in table.lists.items()},
        parts=tuple(name for table in tables for name in table.parts),
    )


def walk(name: str, kept: Kept) -> Iterator[tuple[str, Kept]]:
    """An object and all its parts, each with the way to it."""
    yield name, kept
    for part in kept.table.parts:
        found = getattr(kept, part)
        several = found.values() if isinstance(found, Mapping) else found
        each = enumerate([found] if isinstance(found, Kept) else several)
        for i, one in each:
            yield from walk(f"{name}.{part}{i}", one)


def changed(kept: Kept) -> Change | None:
    """What has changed since this was asked last, none if nothing has; it shares nothing that can change."""
    of = kept.table
    values: tuple[Any, ...] | None = None
    rows: list[Rows | None] | None = None
    if of.values:
        told = tuple([getattr(kept, name) for name in of.values])
        if told != kept.noted:
            kept.noted = values = told
    stable, sizes = kept.stable, kept.sizes
    for i, group in enumerate(of.columns):
        columns = _columns(kept, group)
        first, count = stable[i], len(columns[0])
        if first < count or first < sizes[i]:
            rows = rows or [None] * len(stable)
            rows[i] = (first, count - first, [_copy(column, first) for column in columns])
        stable[i] = sizes[i] = count
    tables = {name: _entries(getattr(kept, name), keys) for name, keys in kept.dirty.items() if keys}
    lists = {
        name: {key: (row, getattr(kept, name)[key][row:]) for key, row in grown.items()}
        for name, grown in kept.grown.items()
        if grown
    }
    for keys in kept.dirty.values():
        keys.clear()
    for grown in kept.grown.values():
        grown.clear()
    return (values, rows, tables, lists) if values is not None or rows or tables or lists else None


def restore(kept: Kept, change: Change) -> None:
    """Take in what has changed, out of a snapshot."""
    of = kept.table
    values, rows, tables, lists = change
    if values is not None:
        kept.noted = tuple(values)
        for name, value in zip(of.values, values, strict=True):
            setattr(kept, name, value)
    for i, group in enumerate(of.columns if rows else ()):
        if rows[i] is not None:
            first, count, columns = rows[i]
            for column, kind, told in zip(_columns(kept, group), _kinds(group), columns, strict=True):
                _extend(column, kind, first, told)
            kept.stable[i] = kept.sizes[i] = first + count
    for name, entries in tables.items():
        table = getattr(kept, name)
        for key, value in entries.items():
            _enter(table, key, value)
    for name, grown in lists.items():
        for key, (row, items) in grown.items():
            getattr(kept, name).setdefault(key, [])[row:] = items


def joined(one: Change, other: Change) -> Change:
    """Two changes of an object, the second right after the first, as a single one."""
    values = one[0] if other[0] is None else other[0]
    rows: list[Any] | None = None
    if one[1] or other[1]:
        groups = zip(one[1] or [None] * len(other[1]), other[1] or [None] * len(one[1]), strict=True)
        rows = [_joined(a, b) for a, b in groups]
    tables = {
        name: {**one[2].get(name, {}), **other[2].get(name, {})} for name in dict.fromkeys((*one[2], *other[2]))
    }
    lists = {}
    for name in dict.fromkeys((*one[3], *other[3])):
        lists[name] = dict(one[3].get(name, {}))
        for key, (row, items) in other[3].get(name, {}).items():
            before = lists[name].get(key)
            lists[name][key] = (row, items) if before is None else _longer(before, row, items)
    return values, rows, tables, lists


def settled(change: Change) -> Change:
    """A change with which an object begins: no key of it can be gone that never was."""
    values, rows, tables, lists = change
    for name, entries in tables.items():
        tables[name] = {key: value for key, value in entries.items() if value is not None}
    return values, rows, tables, lists


def read(kept: Kept, told: bytes) -> Change:
    """A change of an object out of bytes.

    Raises:
        msgspec.MsgspecError: it is none of such an object.
    """
    kind = type(kept)
    if kind not in _DECODERS:
        _DECODERS[kind] = _decoder(kind.table)
    return _DECODERS[kind].decode(told)


_DECODERS: dict[type[Kept], msgspec.msgpack.Decoder[Change]] = {}


def _decoder(of: Stored) -> msgspec.msgpack.Decoder[Change]:
    values = tuple(of.values.values())
    rows = tuple([_optional(_tuple(int, int, _tuple(*map(_column, _kinds(group))))) for group in of.columns])
    tables = {name: _table(table) for name, table in of.tables.items()}
    lists = {name: dict[str, tuple[int, list[item]]] for name, item in of.lists.items()}  # type: ignore[valid-type]
    every = _optional(_tuple(*values)), _optional(_tuple(*rows)), _named(tables), _named(lists)
    return msgspec.msgpack.Decoder(_tuple(*every))


def _tuple(*kinds: Any) -> Any:
    """The type of a tuple of these types."""
    return tuple.__class_getitem__(kinds)


def _optional(kind: Any) -> Any:
    return kind | None


def _named(kinds: Mapping[str, Any]) -> Any:
    """The type of a dict some of whose keys may be missing."""
    return TypedDict("Named", kinds, total=False)  # type: ignore[operator]  # it is made from a table


def _column(kind: Any) -> Any:
    return bytes if kind in {int, float} else list[kind]


def _table(kind: Any) -> Any:
    """The type of a table's entries: one that is gone is none; of a set, one that is there is true."""
    of = get_args(kind)
    return dict[of[0], Any] if len(of) == 1 else dict[of[0], of[1] | None]  # type: ignore[valid-type]


def _kinds(group: Mapping[str, Any]) -> list[Any]:
    return [kind for of in group.values() for kind in (of if isinstance(of, tuple) else (of,))]


def _columns(kept: Kept, group: Mapping[str, Any]) -> list[Any]:
    found = [getattr(kept, name) for name in group]
    if any(isinstance(one, tuple) for one in found):
        return [column for one in found for column in (one if isinstance(one, tuple) else (one,))]
    return found


def _copy(column: Any, first: int) -> bytes | list[Any]:
    """The last rows of a column."""
    last: Any = column[first:]
    return last if isinstance(last, list) else last.tobytes() if isinstance(last, array) else bytes(last)


def _extend(column: Any, kind: Any, first: int, told: Any) -> None:
    del column[first:]
    if isinstance(column, array):
        column.frombytes(told)
    elif kind is str or kind == str | None:
        column.extend([text and intern(text) for text in told])
    else:
        column.extend(told)


def _entries(table: Any, keys: Collection[Any]) -> dict[Any, Any]:
    if isinstance(table, set):
        return {key: True if key in table else None for key in keys}
    return {key: copy(table.get(key)) for key in keys}


def _enter(table: Any, key: Any, value: Any) -> None:
    if isinstance(table, set):
        (table.add if value else table.discard)(key)
    elif value is None:
        table.pop(key, None)
    else:
        table[key] = value


def _joined(one: Rows | None, other: Rows | None) -> Rows | None:
    if one is None or other is None:
        return one or other
    first, count, columns = one
    keep = other[0] - first
    if keep <= 0:
        return other
    widths = [len(column) // count for column in columns]
    pairs = zip(columns, widths, other[2], strict=True)
    return first, keep + other[1], [column[: keep * width] + more for column, width, more in pairs]


def _longer(before: tuple[int, list[Any]], row: int, items: list[Any]) -> tuple[int, list[Any]]:
    first, known = before
    return (first, [*known[: row - first], *items]) if row > first else (row, items)
