"""The telemetry file in DuckDB, as the one thread that owns it sees it.

One wide table per machine type: machine (a small number, see ``shopfloor_machines``), t, q (worst quality code of the
row, 0 is good) and a column per tag (see ``shopfloor_tags``). Tags that come later get a column then.
"""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from plant.messages import Scalar
from twin.historian import Block
from twin.values import Series

MOST_TAGS = 400  # columns of a table; what is beyond is refused and counted

_TABLES = """
CREATE TABLE IF NOT EXISTS shopfloor_machines (id INTEGER PRIMARY KEY, run VARCHAR, path VARCHAR, type VARCHAR);
CREATE TABLE IF NOT EXISTS shopfloor_tags (type VARCHAR, tag VARCHAR, name VARCHAR, kind VARCHAR);
"""


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _numbers(values: list[Scalar]) -> NDArray[np.float64]:
    """A column of numbers; what is none (absent, text, beyond a double) becomes NaN, which the store keeps as NULL."""
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return np.array([_number(value) for value in values], dtype=np.float64)


def _number(value: Scalar) -> float:
    try:
        return float(value) if isinstance(value, int | float) else np.nan
    except OverflowError:
        return np.nan


def _texts(values: list[Scalar]) -> NDArray[Any]:
    return np.array([value if isinstance(value, str) else None for value in values], dtype=object)


def _worst(quality: Mapping[str, int | list[int]] | None, rows: int) -> NDArray[np.int64]:
    """The worst quality code of each row; 0 is good."""
    worst = np.zeros(rows, dtype=np.int64)
    for codes in (quality or {}).values():
        each = codes if isinstance(codes, list) else [codes]
        worst = np.maximum(worst, [max(0, min(code, 2**32 - 1)) for code in each])
    return worst


class TelemetryFile:
    """The file; all calls from one thread."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.db: duckdb.DuckDBPyConnection | None = None
        self.machines: dict[tuple[str, str], tuple[int, str]] = {}
        self.tags: dict[str, dict[str, tuple[str, str]]] = {}
        self.opened: dict[int, int] = {}  # newest instant of each machine when the file was opened
        self.newest: dict[str, dict[str, int]] = {}
        self._doubtful = True  # nothing was read yet, or a write has failed

    def open(self) -> duckdb.DuckDBPyConnection:
        """The connection; opened, or opened again after an error."""
        if self._doubtful and self.file is not None:
            self.close()
        if self.db is None:
            if self.file is not None:
                self.file.parent.mkdir(parents=True, exist_ok=True)
            self.db = duckdb.connect(":memory:" if self.file is None else str(self.file))
        if self._doubtful:
            self._recall(self.db)
            self._doubtful = False
        return self.db

    def _recall(self, db: duckdb.DuckDBPyConnection) -> None:
        """Know what the file holds, and nothing else."""
        db.execute(_TABLES)
        machines = db.execute("SELECT id, run, path, type FROM shopfloor_machines").fetchall()
        self.machines = {(run, path): (number, kind) for number, run, path, kind in machines}
        self.tags = {}
        for kind, tag, name, datatype in db.execute("SELECT type, tag, name, kind FROM shopfloor_tags").fetchall():
            self.tags.setdefault(kind, {})[tag] = (name, datatype)
        self.opened = {}
        for kind in self.tags:
            query = f"SELECT machine, max(t) FROM {_quoted(kind)} GROUP BY machine"  # noqa: S608 quoted
            self.opened.update(db.execute(query).fetchall())
        self.newest = {}
        for (run, path), (machine, _) in self.machines.items():
            if machine in self.opened:
                self.newest.setdefault(run, {})[path] = self.opened[machine]

    def close(self) -> None:
        """Close the file."""
        if self.db is not None:
            self.db.close()
            self.db = None

    def write(self, blocks: Sequence[Block]) -> int:
        """Store blocks in one transaction; returns how many values found no column."""
        db = self.open()
        kinds: dict[str, list[Block]] = {}
        for block in blocks:
            kinds.setdefault(block.type, []).append(block)
        refused = 0
        db.execute("BEGIN")
        try:
            for kind, group in kinds.items():
                refused += self._write_kind(db, kind, group)
            db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(duckdb.Error):
                db.execute("ROLLBACK")
            self._doubtful = True
            raise
        for run, path, _, message in blocks:
            if message.t:
                known = self.newest.setdefault(run, {})
                known[path] = max(known.get(path, -1), *message.t)
        return refused

    def _write_kind(self, db: duckdb.DuckDBPyConnection, kind: str, blocks: Sequence[Block]) -> int:
        columns, refused = self._columns_of(db, kind, blocks)
        machines = np.array([self._machine(db, block) for block in blocks], dtype=np.int32)
        lengths = [len(block.message.t) for block in blocks]
        if not sum(lengths):
            return refused
        batch: dict[str, NDArray[Any]] = {
            "machine": np.repeat(machines, lengths),
            "t": np.array([t for block in blocks for t in block.message.t], dtype=np.int64),
            "q": np.concatenate([_worst(b.message.q, n) for b, n in zip(blocks, lengths, strict=True)]),
        }
        for i, (tag, _, datatype) in enumerate(columns):
            values: list[Scalar] = []
            for block, length in zip(blocks, lengths, strict=True):
                values.extend(block.message.v.get(tag) or [None] * length)
            batch[f"c{i}"] = _texts(values) if datatype == "VARCHAR" else _numbers(values)
        names = ", ".join(("machine", "t", "q", *(_quoted(name) for _, name, _ in columns)))
        query = f"INSERT INTO {_quoted(kind)} ({names}) SELECT * FROM batch"  # noqa: S608 quoted
        opened = np.array([self.opened.get(machine, -1) for machine in machines.tolist()], dtype=np.int64)
        if (batch["t"] <= np.repeat(opened, lengths)).any():  # perhaps stored before the file was opened
            query += f"""
                WHERE NOT EXISTS (
                    SELECT 1 FROM {_quoted(kind)} known WHERE known.machine = batch.machine AND known.t = batch.t
                )"""  # noqa: S608 quoted
        db.register("batch", batch)
        try:
            db.execute(query)
        finally:
            db.unregister("batch")
        return refused

    def _machine(self, db: duckdb.DuckDBPyConnection, block: Block) -> int:
        found = self.machines.get((block.run, block.path))
        if found is None:
            found = (len(self.machines) + 1, block.type)
            row = (found[0], block.run, block.path, block.type)
            db.execute("INSERT INTO shopfloor_machines VALUES (?, ?, ?, ?)", row)
            self.machines[block.run, block.path] = found
        return found[0]

    def _columns_of(
        self, db: duckdb.DuckDBPyConnection, kind: str, blocks: Sequence[Block]
    ) -> tuple[list[tuple[str, str, str]], int]:
        """Tag, column and type of the signals in some blocks; new ones get a column."""
        known = self.tags.get(kind)
        if known is None:
            db.execute(f"CREATE TABLE IF NOT EXISTS {_quoted(kind)} (machine INTEGER, t BIGINT, q BIGINT)")
            known = self.tags[kind] = {}
        found, refused = {}, 0
        for block in blocks:
            for tag, values in block.message.v.items():
                if tag in found:
                    continue
                if tag not in known and (len(known) >= MOST_TAGS or len(tag) > 128):
                    refused += len(values)
                    continue
                found[tag] = known.get(tag) or self._add_column(db, kind, tag, values)
        return [(tag, name, datatype) for tag, (name, datatype) in found.items()], refused

    def _add_column(
        self, db: duckdb.DuckDBPyConnection, kind: str, tag: str, values: Iterable[Scalar]
    ) -> tuple[str, str]:
        """A column for a new tag; its name is the tag's unless another differs from it by case only."""
        datatype = "VARCHAR" if any(isinstance(value, str) for value in values) else "DOUBLE"
        taken = {"machine", "t", "q", *(name.lower() for name, _ in self.tags[kind].values())}
        printable = tag.isascii() and tag.isprintable() and tag.strip()
        name = tag if printable and tag.lower() not in taken else f"tag {len(taken)}"
        db.execute(f"ALTER TABLE {_quoted(kind)} ADD COLUMN {_quoted(name)} {datatype}")
        db.execute("INSERT INTO shopfloor_tags VALUES (?, ?, ?, ?)", (kind, tag, name, datatype))
        self.tags[kind][tag] = (name, datatype)
        return name, datatype

    def select(self, run: str, path: str, tag: str, span: range) -> Series:
        """Minimum, mean, maximum and last value of a tag per step."""
        db = self.open()
        rows = dict.fromkeys(range(len(span)), (None, None, None, None))
        machine, kind = self.machines.get((run, path), (0, ""))
        name, datatype = self.tags.get(kind, {}).get(tag, ("", ""))
        if datatype == "DOUBLE":
            column = _quoted(name)
            query = f"""
                SELECT (t - $begin) // $step AS k, min({column}), avg({column}), max({column}), arg_max({column}, t)
                FROM {_quoted(kind)} WHERE machine = $machine AND t >= $begin AND t < $end GROUP BY k"""  # noqa: S608
            values = {"begin": span.start, "step": span.step, "end": span.stop, "machine": machine}
            for step, *figures in db.execute(query, values).fetchall():
                rows[step] = tuple(figures)
        lowest, mean, highest, last = (list(column) for column in zip(*rows.values(), strict=True))
        return Series(t=list(span), min=lowest, mean=mean, max=highest, last=last)

    def latest(self, run: str, path: str) -> dict[str, tuple[int, Scalar]]:
        """The newest sample of each tag."""
        db = self.open()
        machine, kind = self.machines.get((run, path), (0, ""))
        tags = self.tags.get(kind, {})
        if not tags:
            return {}
        quoted = [_quoted(name) for name, _ in tags.values()]
        columns = ", ".join(f"arg_max({name}, t), max(t) FILTER ({name} IS NOT NULL)" for name in quoted)
        query = f"SELECT {columns} FROM {_quoted(kind)} WHERE machine = ?"  # noqa: S608 quoted
        found = db.execute(query, (machine,)).fetchone() or ()
        pairs = zip(tags, found[::2], found[1::2], strict=True)
        return {tag: (t, value) for tag, value, t in pairs if t is not None}
