"""Telemetry out of InfluxDB: series, latest samples, and how far points have come. Blocking."""

from plant.description import Plant
from plant.messages import Scalar
from plant.paths import parse_node
from plant.time import MINUTE
from twin.influx_server import InfluxServer
from twin.influxql import quoted, text
from twin.minutes import Piece, minutes_table, series
from twin.tables import MACHINE, Table, machine_label
from twin.values import Series


class Owners:
    """Whose telemetry is whose: labels and tables of the machines of a plant, by path.

    Args:
        plant: the description.
        tables: its tables by name.
    """

    def __init__(self, plant: Plant, tables: dict[str, Table]) -> None:
        self._plant = plant.plant
        self._tables = tables
        self._types = {
            node.path: station.type
            for line in plant.lines
            for station in line.stations
            for node in line.machines(station)
        }

    def labels(self, run: str, path: str) -> tuple[tuple[str, str], ...]:
        """Labels of a machine in a run, by name."""
        node = parse_node(path)
        values = (self._plant, run, node.area, node.line, node.station or "", machine_label(node))
        return tuple(zip(MACHINE, values, strict=True))

    def table(self, path: str, kind: str | None = None) -> Table:
        """The table of a machine; one without fields if the plant does not know its type.

        Args:
            path: of the machine.
            kind: its type, where that is known.
        """
        if kind is not None:
            self._types.setdefault(path, kind)
        name = kind or self._types.get(path, "")
        return self._tables.get(name) or Table(name=name, title=name, labels=MACHINE, fields={}, raw=True)


class InfluxReader:
    """What a historian is asked about telemetry.

    Args:
        server: where it is asked.
        owners: whose telemetry is whose.
    """

    def __init__(self, server: InfluxServer, owners: Owners) -> None:
        self._server = server
        self._address = server.address
        self._owners = owners

    def _source(self, table: str, run: str, path: str) -> str:
        told = " AND ".join(f"{quoted(key)} = {text(value)}" for key, value in self._owners.labels(run, path))
        return f"FROM {quoted(table)} WHERE {told}"

    def select(self, run: str, path: str, tag: str, span: range) -> Series:
        """Minimum, mean, maximum and last value of a tag per step; see `twin.historian.Historian`.

        Samples tell first; of the time before the first of them, their minutes.
        """
        table = self._owners.table(path)
        field = table.fields.get(tag)
        if not table.name or not (self._number(table, tag) if field is None else field.datatype != "text"):
            return series(span, (), ())
        source, name, step = self._source(table.name, run, path), quoted(tag), span.step
        window = f"AND time >= {span.start}u AND time < {span.stop}u"
        stepped, first = self._server.ask(
            self._address.raw,
            f"SELECT min({name}), max({name}), sum({name}), count({name}), last({name}) {source} {window} "
            f"GROUP BY time({step}u, {span.start % step}u) fill(none)",
            f"SELECT first({name}) {source} {window}",
        )
        known = first[0].values[0][0] if first else span.stop
        old: list[Piece] = []
        if known >= span.start + MINUTE and field is not None:
            old = self._minutes(minutes_table(table), run, path, tag, range(span.start, known // MINUTE * MINUTE, step))
        return series(span, [_piece(row) for one in stepped for row in one.values], old)

    def _number(self, table: Table, tag: str) -> bool:
        """Whether a signal that no table has is a number."""
        (keys,) = self._server.ask(self._address.raw, f"SHOW FIELD KEYS FROM {quoted(table.name)}")
        return any(row[0] == tag and row[1] in {"float", "integer"} for one in keys for row in one.values)

    def _minutes(self, table: Table, run: str, path: str, tag: str, span: range) -> list[Piece]:
        if not len(span):
            return []
        before = span.start - MINUTE if span.step < MINUTE else span.start - 1
        names = ", ".join(quoted(f"{tag}_{figure}") for figure in ("min", "max", "sum", "n", "last"))
        (found,) = self._server.ask(
            self._address.bucket,
            f"SELECT {names} {self._source(table.name, run, path)} "
            f"AND time > {before}u AND time < {span.stop}u ORDER BY time",
        )
        return [_piece(row) for one in found for row in one.values if None not in row]

    def latest(self, run: str, path: str) -> dict[str, tuple[int, Scalar]]:
        """The newest sample of each tag; where samples are gone, of the newest minute."""
        table = self._owners.table(path)
        if not table.name:
            return {}
        found = self._newest(self._address.raw, table, run, path, "")
        if table.fields:
            old = self._newest(self._address.bucket, minutes_table(table), run, path, "_last")
            found = {**{tag: told for tag, told in old.items() if tag in table.fields}, **found}
        return found

    def _newest(self, bucket: str, table: Table, run: str, path: str, ending: str) -> dict[str, tuple[int, Scalar]]:
        (keys,) = self._server.ask(bucket, f"SHOW FIELD KEYS FROM {quoted(table.name)}")
        names = [(row[0], row[1]) for one in keys for row in one.values if row[0].endswith(ending)]
        if not names:
            return {}
        source = self._source(table.name, run, path)
        told = self._server.ask(bucket, *(f"SELECT last({quoted(name)}) {source}" for name, _ in names))
        newest: dict[str, tuple[int, Scalar]] = {}
        for (name, kind), series_ in zip(names, told, strict=True):
            for one in series_:
                ((t, value),) = one.values
                newest[name.removesuffix(ending)] = (t, float(value) if kind == "float" else value)
        return newest

    def recorded(self, run: str) -> int | None:
        """Instant of the newest point of a line's account of a run; none without one."""
        (found,) = self._server.ask(
            self._address.bucket,
            f'SELECT * FROM "line_account" WHERE "run" = {text(run)} ORDER BY time DESC LIMIT 1',  # noqa: S608 quoted
        )
        return int(found[0].values[0][0]) if found else None


def _piece(row: list[float]) -> Piece:
    t, lowest, highest, total, n, last = row
    return Piece(int(t), float(lowest), float(highest), float(total), int(n), float(last))
