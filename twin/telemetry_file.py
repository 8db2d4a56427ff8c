"""A file of telemetry in DuckDB, as the one thread that owns it sees it: raw samples, or a coarser level of them.

One wide table per machine type: machine (a small number, see ``shopfloor_machines``), t, q (worst quality code of the
row, 0 is good) and a column per tag (see ``shopfloor_tags``). Tags that come later get a column then. Where a row is an
instant, a column holds numbers or texts. Where it is a minute or an hour, t is its begin, and a column of numbers holds
the lowest, highest, total, how many and the last; of texts the last is kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from plant.messages import Scalar
from plant.time import HOUR
from twin.historian import Block
from twin.levels import GRAIN, LevelName

MOST_TAGS = 400  # columns of a table; what is beyond is refused and counted
BLOCK = 65_536  # bytes: a file of few rows stays below 100 kB, and many rows are written no slower (measured)

_BUCKET = "STRUCT(lowest DOUBLE, highest DOUBLE, total DOUBLE, n BIGINT, last DOUBLE)"
_TABLES = """
CREATE TABLE IF NOT EXISTS {db}.shopfloor_machines (id INTEGER PRIMARY KEY, run VARCHAR, path VARCHAR, type VARCHAR);
CREATE TABLE IF NOT EXISTS {db}.shopfloor_tags (type VARCHAR, tag VARCHAR, name VARCHAR, kind VARCHAR);
CREATE TABLE IF NOT EXISTS {db}.shopfloor_stale (hour BIGINT);
"""
_numbers_of_files = count()


class Piece(NamedTuple):
    """What a file says of one step: of its mean the sum and how many, so that pieces merge exactly."""

    k: int
    lowest: float
    highest: float
    total: float
    n: int
    last: float


class Column(NamedTuple):
    """Where a tag is kept."""

    name: str
    kind: str  # DOUBLE or VARCHAR


def quoted(name: str) -> str:
    """A name as SQL takes it."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _numbers(pieces: Sequence[Sequence[Scalar]], rows: int) -> NDArray[np.float64]:
    """A column of numbers; what is none (absent, text, beyond a double) becomes NaN, which the store keeps as NULL."""
    try:
        return np.fromiter(chain.from_iterable(pieces), dtype=np.float64, count=rows)
    except (TypeError, ValueError, OverflowError):
        return np.array([_number(value) for value in chain.from_iterable(pieces)], dtype=np.float64)


def _number(value: Scalar) -> float:
    try:
        return float(value) if isinstance(value, int | float) else np.nan
    except OverflowError:
        return np.nan


def _texts(pieces: Sequence[Sequence[Scalar]]) -> NDArray[Any]:
    return np.array(
        [value if isinstance(value, str) else None for value in chain.from_iterable(pieces)], dtype=object
    )


def _worst(quality: Mapping[str, int | list[int]] | None, rows: int) -> NDArray[np.int64]:
    """The worst quality code of each row; 0 is good."""
    worst = np.zeros(rows, dtype=np.int64)
    for codes in (quality or {}).values():
        each = codes if isinstance(codes, list) else [codes]
        worst = np.maximum(worst, [max(0, min(code, 2**32 - 1)) for code in each])
    return worst


class TelemetryFile:
    """A file that is attached to a connection; all calls from one thread.

    Args:
        db: the connection.
        file: the file; none keeps it in memory.
        level: of what its rows tell.
    """

    def __init__(self, db: duckdb.DuckDBPyConnection, file: Path | None, level: LevelName) -> None:
        self.db = db
        self.level = level
        self.name = f"file{next(_numbers_of_files)}"
        self.machines: dict[tuple[str, str], tuple[int, str]] = {}
        self.tags: dict[str, dict[str, Column]] = {}
        self.opened: dict[int, int] = {}  # newest instant of each machine when the file was attached
        self.stale: set[int] = set()  # begins of the hours whose coarser levels have to be made
        place = str(file).replace("'", "''") if file else ":memory:"
        if file and file.exists() and not file.stat().st_size:  # a process died in the moment in which it began
            file.unlink()
        fresh = f" (BLOCK_SIZE {BLOCK})" if file and not file.exists() else ""
        db.execute(f"ATTACH '{place}' AS {self.name}{fresh}")
        db.execute(_TABLES.format(db=self.name))
        self.recall()

    def recall(self) -> None:
        """Know what the file holds, and nothing else."""
        db = self.db
        machines = db.execute(f"SELECT id, run, path, type FROM {self.name}.shopfloor_machines").fetchall()  # noqa: S608 ours
        self.machines = {(run, path): (number, kind) for number, run, path, kind in machines}
        self.tags = {}
        tags = db.execute(f"SELECT type, tag, name, kind FROM {self.name}.shopfloor_tags").fetchall()  # noqa: S608 ours
        for kind, tag, name, datatype in tags:
            self.tags.setdefault(kind, {})[tag] = Column(name, datatype)
        self.opened = {}
        if self.level == "raw":
            for kind in self.tags:
                query = f"SELECT machine, max(t) FROM {self.table(kind)} GROUP BY machine"  # noqa: S608 quoted
                self.opened.update(db.execute(query).fetchall())
        self.stale = {hour for (hour,) in db.execute(f"SELECT hour FROM {self.name}.shopfloor_stale").fetchall()}  # noqa: S608 ours

    def detach(self) -> None:
        """Let the file go; its log is taken in."""
        self.db.execute(f"DETACH {self.name}")

    def table(self, kind: str) -> str:
        """The table of a machine type."""
        return f"{self.name}.{quoted(kind)}"

    def newest(self) -> dict[str, dict[str, int]]:
        """Newest instant by run and path, as it was when the file was attached."""
        found: dict[str, dict[str, int]] = {}
        for (run, path), (machine, _) in self.machines.items():
            if machine in self.opened:
                found.setdefault(run, {})[path] = self.opened[machine]
        return found

    def write(self, blocks: Sequence[Block]) -> int:
        """Store raw samples, inside a transaction of the caller; returns how many values found no column."""
        kinds: dict[str, list[Block]] = {}
        for block in blocks:
            kinds.setdefault(block.type, []).append(block)
        return sum(self._write_kind(kind, group) for kind, group in kinds.items())

    def _write_kind(self, kind: str, blocks: Sequence[Block]) -> int:
        db = self.db
        columns, refused = self._columns_of(kind, blocks)
        known = self.know(kind, [(block.run, block.path) for block in blocks])
        machines = np.array([known[block.run, block.path][0] for block in blocks], dtype=np.int32)
        lengths = [len(block.message.t) for block in blocks]
        rows = sum(lengths)
        if not rows:
            return refused
        batch: dict[str, NDArray[Any]] = {
            "machine": np.repeat(machines, lengths),
            "t": np.fromiter(chain.from_iterable(block.message.t for block in blocks), dtype=np.int64, count=rows),
            "q": np.concatenate([_worst(b.message.q, n) for b, n in zip(blocks, lengths, strict=True)]),
        }
        nothing: dict[int, list[Scalar]] = {length: [None] * length for length in lengths}
        told = [(block.message.v, nothing[length]) for block, length in zip(blocks, lengths, strict=True)]
        for i, (tag, column) in enumerate(columns.items()):
            pieces = [v.get(tag) or none for v, none in told]
            batch[f"c{i}"] = _texts(pieces) if column.kind == "VARCHAR" else _numbers(pieces, rows)
        names = ", ".join(("machine", "t", "q", *(quoted(column.name) for column in columns.values())))
        query = f"INSERT INTO {self.table(kind)} ({names}) SELECT * FROM batch"  # noqa: S608 quoted
        opened = np.array([self.opened.get(machine, -1) for machine in machines.tolist()], dtype=np.int64)
        if (batch["t"] <= np.repeat(opened, lengths)).any():  # perhaps stored before the file was attached
            query += f"""
                WHERE NOT EXISTS (
                    SELECT 1 FROM {self.table(kind)} known WHERE known.machine = batch.machine AND known.t = batch.t
                )"""  # noqa: S608 quoted
        db.register("batch", batch)
        try:
            db.execute(query)
        finally:
            db.unregister("batch")
        self.make_stale((np.unique(batch["t"] // HOUR) * HOUR).tolist())
        return refused

    def make_stale(self, hours: Iterable[int]) -> None:
        """Note hours whose coarser levels have to be made, inside a transaction of the caller."""
        new = sorted(set(hours) - self.stale)
        if new:
            self.db.execute(f"INSERT INTO {self.name}.shopfloor_stale SELECT unnest(?)", (new,))
            self.stale.update(new)

    def know(self, kind: str, machines: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], tuple[int, str]]:
        """Number and type of all machines by run and path; those of some machines are given now if they are new."""
        new = [of for of in dict.fromkeys(machines) if of not in self.machines]
        if new:
            first = len(self.machines) + 1
            numbers = list(range(first, first + len(new)))
            row = numbers, [run for run, _ in new], [path for _, path in new], kind
            table = f"{self.name}.shopfloor_machines"
            self.db.execute(f"INSERT INTO {table} SELECT unnest(?), unnest(?), unnest(?), ?", row)
            self.machines.update((of, (number, kind)) for of, number in zip(new, numbers, strict=True))
        return self.machines

    def columns(self, kind: str, wanted: Mapping[str, str]) -> dict[str, Column]:
        """Columns of a machine type by tag; those of the wanted tags are made now if they are new.

        A new table gets all of them at once: to add one to a table costs as much as to make the table.

        Args:
            kind: the machine type.
            wanted: DOUBLE or VARCHAR by tag.
        """
        known = self.tags.get(kind)
        if known is None:
            known = self.tags[kind] = {}
            self._name(kind, wanted)
            told = "".join(f", {quoted(column.name)} {self._stored(column.kind)}" for column in known.values())
            table = f"CREATE TABLE IF NOT EXISTS {self.table(kind)}"
            self.db.execute(f"{table} (machine INTEGER, t BIGINT, q BIGINT{told})")
        for column in self._name(kind, {tag: wanted[tag] for tag in wanted if tag not in known}):
            stored = self._stored(column.kind)
            self.db.execute(f"ALTER TABLE {self.table(kind)} ADD COLUMN {quoted(column.name)} {stored}")
        return known

    def _stored(self, datatype: str) -> str:
        return _BUCKET if self.level != "raw" and datatype == "DOUBLE" else datatype

    def _name(self, kind: str, wanted: Mapping[str, str]) -> list[Column]:
        """Name the columns of tags; the name is the tag's unless another differs from it by case only."""
        known, new = self.tags[kind], []
        for tag, datatype in wanted.items():
            taken = {"machine", "t", "q", *(column.name.lower() for column in known.values())}
            printable = tag.isascii() and tag.isprintable() and tag.strip()
            name = tag if printable and tag.lower() not in taken else f"tag {len(taken)}"
            known[tag] = Column(name, datatype)
            new.append(known[tag])
        if new:
            rows = kind, [*wanted], [column.name for column in new], [column.kind for column in new]
            query = f"INSERT INTO {self.name}.shopfloor_tags SELECT ?, unnest(?), unnest(?), unnest(?)"
            self.db.execute(query, rows)
        return new

    def _columns_of(self, kind: str, blocks: Sequence[Block]) -> tuple[dict[str, Column], int]:
        """Columns of the signals in some blocks by tag; new ones get one."""
        known = self.tags.get(kind, {})
        wanted: dict[str, str] = {}
        refused = 0
        for block in blocks:
            for tag, values in block.message.v.items():
                if tag in wanted:
                    continue
                if tag not in known and (len(known) + len(wanted.keys() - known.keys()) >= MOST_TAGS or len(tag) > 128):
                    refused += len(values)
                    continue
                text = any(isinstance(value, str) for value in values) if tag not in known else False
                wanted[tag] = known[tag].kind if tag in known else "VARCHAR" if text else "DOUBLE"
        columns = self.columns(kind, wanted)
        return {tag: columns[tag] for tag in wanted}, refused

    def pieces(self, owner: tuple[str, str], tag: str, window: tuple[int, int], span: range) -> list[Piece]:
        """What the samples of a window say of each step; see `twin.historian.Historian.select`.

        A minute or hour counts in the step where it begins; of steps that are shorter, each gets what is known of the
        minute or hour in which it begins.

        Args:
            owner: run and path.
            tag: the signal.
            window: [begin, end).
            span: first instants of the steps.
        """
        machine, kind = self.machines.get(owner, (0, ""))
        column = self.tags.get(kind, {}).get(tag)
        if column is None or column.kind != "DOUBLE":
            return []
        grain, step, c = GRAIN[self.level], span.step, quoted(column.name)
        values = {"first": span.start, "step": step, "begin": window[0], "end": window[1], "machine": machine}
        if grain > step:
            return self._spread(self.table(kind), c, {**values, "grain": grain}, span)
        figures = (
            f"min({c}.lowest), max({c}.highest), fsum({c}.total), sum({c}.n)::BIGINT, arg_max({c}.last, t)"
            if grain
            else f"min({c}), max({c}), fsum({c}), count({c}), arg_max({c}, t)"
        )
        query = f"""
            SELECT (t - $first) // $step AS k, {figures} FROM {self.table(kind)}
            WHERE machine = $machine AND t >= $begin AND t < $end AND {c} IS NOT NULL GROUP BY k ORDER BY k"""  # noqa: S608
        return list(map(Piece._make, self.db.execute(query, values).fetchall()))

    def _spread(self, table: str, c: str, values: dict[str, int], span: range) -> list[Piece]:
        """What is known of steps that are shorter than the minutes or hours of the file."""
        query = f"""
            SELECT t, {c}.lowest, {c}.highest, {c}.total, {c}.n, {c}.last FROM {table}
            WHERE machine = $machine AND t > $begin - $grain AND t < $end AND {c} IS NOT NULL ORDER BY t"""  # noqa: S608
        chosen = {key: values[key] for key in ("machine", "begin", "end", "grain")}
        found = []
        for t, *figures in self.db.execute(query, chosen).fetchall():
            first = max(0, -((span.start - t) // span.step))
            after = min(len(span), -((span.start - t - values["grain"]) // span.step))
            found += [Piece(k, *figures) for k in range(first, after)]
        return found

    def latest(self, run: str, path: str) -> dict[str, tuple[int, Scalar]]:
        """The newest sample of each tag; of a minute or hour the last one, at its begin."""
        machine, kind = self.machines.get((run, path), (0, ""))
        tags = self.tags.get(kind, {})
        if not tags:
            return {}
        columns = []
        for column in tags.values():
            name = quoted(column.name)
            value = f"{name}.last" if self.level != "raw" and column.kind == "DOUBLE" else name
            columns.append(f"arg_max({value}, t), max(t) FILTER ({name} IS NOT NULL)")
        query = f"SELECT {', '.join(columns)} FROM {self.table(kind)} WHERE machine = ?"  # noqa: S608 quoted
        found = self.db.execute(query, (machine,)).fetchone() or ()
        pairs = zip(tags, found[::2], found[1::2], strict=True)
        return {tag: (t, value) for tag, value, t in pairs if t is not None}


def make_level(source: TelemetryFile, target: TelemetryFile, begin: int, end: int) -> None:
    """Make the rows of [begin, end) of a coarser level anew out of a finer one, inside a transaction of the caller.

    The sum of an hour is the sum of its minutes' sums; the mean is made of it when it is asked for.
    """
    db, fine, grain = target.db, source.level == "raw", GRAIN[target.level]
    for kind, tags in source.tags.items():
        known = target.columns(kind, {tag: column.kind for tag, column in tags.items()})
        target.know(kind, [of for of, (_, type_) in source.machines.items() if type_ == kind])
        db.execute(f"DELETE FROM {target.table(kind)} WHERE t >= ? AND t < ?", (begin, end))  # noqa: S608 quoted
        names, made = ["machine", "t", "q"], []
        for tag, column in tags.items():
            names.append(quoted(known[tag].name))
            made.append(_bucket(quoted(column.name), column.kind, fine=fine))
        query = f"""
            INSERT INTO {target.table(kind)} ({", ".join(names)})
            SELECT ours.id, made.* EXCLUDE (machine) FROM (
                SELECT machine, t // {grain} * {grain} AS b, max(q) AS worst, {", ".join(made)}
                FROM {source.table(kind)} WHERE t >= ? AND t < ? GROUP BY machine, b
            ) made
            JOIN {source.name}.shopfloor_machines theirs ON theirs.id = made.machine
            JOIN {target.name}.shopfloor_machines ours ON ours.run = theirs.run AND ours.path = theirs.path
            ORDER BY ours.id, b"""  # noqa: S608 quoted
        db.execute(query, (begin, end))


def _bucket(c: str, kind: str, *, fine: bool) -> str:
    """SQL that makes the column of a minute or hour."""
    if kind == "VARCHAR":
        return f"arg_max({c}, t)"
    if fine:
        figures = f"lowest: min({c}), highest: max({c}), total: fsum({c}), n: count({c}), last: arg_max({c}, t)"
    else:
        figures = (
            f"lowest: min({c}.lowest), highest: max({c}.highest), total: fsum({c}.total), "
            f"n: sum({c}.n)::BIGINT, last: arg_max({c}.last, t)"
        )
    return f"CASE WHEN count({c}) > 0 THEN {{{figures}}} END"
