"""Telemetry of a data set: a table per machine and day, a row per instant, a column per tag."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plant.messages import Scalar, Tag, Telemetry
from plant.paths import Node
from plant.time import DAY, format_instant
from shopfloor.facts import Window
from shopfloor.schema import TELEMETRY
from twin import ColumnKind, GrowingTables, column

KINDS: dict[str, ColumnKind] = {"float": "float", "int": "int", "str": "text", "bool": "flag"}
ROWS = 20_000  # of a machine that are taken into its table at once: fewer cost more a row
TAKEN = ("run", "path", "ts", "quality")


def tag_columns(tags: Mapping[str, Tag]) -> dict[str, str]:
    """Name of the column of each tag: its own, but for those that the table has already, by upper and lower case."""
    taken, named = set(TAKEN), {}
    for tag in tags:
        name = tag
        while name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        named[tag] = name
    return named


@dataclass(kw_only=True)
class _Machine:
    """What one machine has told that is in no table yet."""

    node: Node
    type: str
    tags: Mapping[str, Tag]
    messages: list[Telemetry] = field(default_factory=list)
    pieces: list[list[NDArray[Any]]] = field(default_factory=list)
    day: int = -1

    @property
    def rows(self) -> int:
        """Rows of the pieces."""
        return sum(len(piece[0]) for piece in self.pieces)


class Samples:
    """Samples on their way into files, which are written when their day is over.

    Args:
        tables: where rows wait.
        folder: of the data set.
        run: name of the run.
        window: which rows are told.
        machines: type and chosen tags of each machine.

    Attributes:
        files: rows of each file that is there, by its name in the folder.
        rows: rows of each machine type.
    """

    def __init__(
        self,
        tables: GrowingTables,
        folder: Path,
        run: str,
        window: Window,
        machines: Mapping[Node, tuple[str, Mapping[str, Tag]]],
    ) -> None:
        self._tables = tables
        self._folder = folder
        self._run = run
        self._window = window
        self._machines = {
            node: _Machine(node=node, type=kind, tags=tags) for node, (kind, tags) in machines.items() if tags
        }
        self.files: dict[str, int] = {}
        self.rows: dict[str, int] = {machine.type: 0 for machine in self._machines.values()}

    def telemetry(self, node: Node, message: Telemetry) -> None:
        """A block of samples."""
        if (machine := self._machines.get(node)) is not None:
            machine.messages.append(message)

    def settle(self) -> None:
        """All messages up to an instant at which blocks end are here: make rows of them, and files of days before."""
        for machine in self._machines.values():
            if machine.messages:
                self._take(machine, *_joined(machine.messages, machine.tags))
                machine.messages.clear()

    def close(self) -> None:
        """The window is over."""
        self.settle()
        for machine in self._machines.values():
            self._finish(machine)

    def _take(self, machine: _Machine, t: NDArray[np.int64], columns: list[NDArray[Any]]) -> None:
        """Put rows into the tables of their days."""
        first, after = np.searchsorted(t, [self._window.begin, self._window.end]).tolist()
        while first < after:
            day = int(t[first]) // DAY
            until = min(after, int(np.searchsorted(t, (day + 1) * DAY)))
            if day != machine.day:
                self._finish(machine)
                machine.day = day
                kinds = {name: KINDS[machine.tags[tag].datatype] for tag, name in tag_columns(machine.tags).items()}
                self._tables.begin(machine.node.path, {"ts": "int", **kinds, "quality": "int"})
            machine.pieces.append([t[first:until], *(values[first:until] for values in columns)])
            first = until
            if machine.rows >= ROWS:
                self._flush(machine)

    def _flush(self, machine: _Machine) -> None:
        if machine.pieces:
            columns = [_together(pieces) for pieces in zip(*machine.pieces, strict=True)]
            self._tables.append_columns(machine.node.path, columns)
            machine.pieces.clear()

    def _finish(self, machine: _Machine) -> None:
        """A day of a machine is over."""
        if machine.day < 0:
            return
        self._flush(machine)
        path = machine.node.path
        day = format_instant(machine.day * DAY)[:10]
        name = f"{TELEMETRY}/{machine.type}/{path.replace('/', '.')}/{day}.parquet"
        rows = self._tables.store(path, self._folder / name, {"run": self._run, "path": path})
        self.files[name] = rows
        self.rows[machine.type] += rows
        machine.day = -1


def _together(pieces: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Pieces of a column as one; what is masked stays so."""
    whole = np.concatenate([np.ma.getdata(piece) for piece in pieces])
    if not any(isinstance(piece, np.ma.MaskedArray) for piece in pieces):
        return whole
    return np.ma.masked_array(whole, mask=np.concatenate([np.ma.getmaskarray(piece) for piece in pieces]))


def _joined(messages: Sequence[Telemetry], tags: Mapping[str, Tag]) -> tuple[NDArray[np.int64], list[NDArray[Any]]]:
    """One row per instant, its columns being the tags, then the quality; null where a tag was not sampled."""
    t = np.array([instant for message in messages for instant in message.t], dtype=np.int64)
    times, row = np.unique(t, return_inverse=True)
    aligned = len(times) == len(t) and bool((times == t).all())  # one block after the other, as a rule
    columns = []
    for tag, about in tags.items():
        values: list[Scalar] = []
        for message in messages:
            values.extend(message.v.get(tag) or [None] * len(message.t))
        columns.append(column(values if aligned else _spread(values, row, len(times)), KINDS[about.datatype]))
    worst = np.zeros(len(times), dtype=np.int64)
    if any(message.q for message in messages):
        np.maximum.at(worst, row, [code for message in messages for code in _codes(message, tags)])
    return times, [*columns, worst]


def _spread(values: Sequence[Scalar], row: NDArray[np.intp], rows: int) -> list[Scalar]:
    """Values in the rows of their instants; a later one that is there goes before an earlier one."""
    spread: list[Scalar] = [None] * rows
    for value, place in zip(values, row.tolist(), strict=True):
        if value is not None:
            spread[place] = value
    return spread


def _codes(message: Telemetry, tags: Mapping[str, Tag]) -> list[int]:
    """The worst quality code of each instant, over the chosen tags."""
    worst = [0] * len(message.t)
    for tag, codes in (message.q or {}).items():
        if tag in tags:
            each = codes if isinstance(codes, list) else [codes] * len(worst)
            worst = list(map(max, worst, each))
    return worst
