"""The way of rows to InfluxDB: made lines of and written down in one thread, sent and made minutes of in another."""

import logging
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from plant.description import Plant
from plant.errors import StoreError
from twin.historian import Block
from twin.influx_address import InfluxAddress
from twin.influx_notes import Notes, note, recall
from twin.influx_reader import InfluxReader, Owners
from twin.influx_server import InfluxServer, LinesError
from twin.influx_spool import DEAD_LETTERS, InfluxSpool
from twin.line_protocol import lines_of, point_line, telemetry_lines
from twin.minutes import minutes_table, points, question
from twin.tables import LINE, Point, Table, tables_of

log = logging.getLogger(__name__)


class InfluxSender:
    """Sends what is written down, oldest first.

    Args:
        plant: the description.
        address: where the server is.
        spool: where rows are on their way.
        file: of the notes.
        patience: seconds that an answer of the server may take.

    Attributes:
        tables: all tables by name: those of the plant, and those of minutes.
        stored: rows that the server has taken.
        beyond: rows that were older than the server keeps any.
    """

    def __init__(
        self, plant: Plant, address: InfluxAddress, spool: InfluxSpool, file: Path, *, patience: float
    ) -> None:
        self._telemetry = {name: table for name, table in tables_of(plant).items() if table.raw}
        minutes = [minutes_table(table) for table in self._telemetry.values()]
        self.tables: dict[str, Table] = {**tables_of(plant), **{table.name: table for table in minutes}}
        self.server = InfluxServer(address, patience=patience)
        self._owners = Owners(plant, self._telemetry)
        self.reader = InfluxReader(self.server, self._owners)
        self._spool = spool
        self._file = file
        self.notes = Notes()
        self._lock = Lock()  # of the notes
        self.stored = self.beyond = 0

    def open(self) -> None:
        """Know what a process before has left.

        Raises:
            OSError: the folder cannot be used.
        """
        self._spool.open()
        self.notes = recall(self._file)

    def write_down(self, items: Sequence[Block | Point]) -> None:
        """Make lines of rows and write them down, telemetry first; called by one thread only.

        Raises:
            OSError: the disk does not take them.
        """
        told: list[bytes] = []
        said: list[bytes] = []
        for item in items:
            if isinstance(item, Point):
                if line := point_line(item, self.tables[item.table]):
                    said.append(line)
            else:
                table = self._owners.table(item.path, item.type)
                told += telemetry_lines(item.message, table, self._owners.labels(item.run, item.path))
        self._spool.append("raw", told)
        self._spool.append("points", said)
        with self._lock:
            for item in items:
                if isinstance(item, Point):
                    if item.table == "line_account":
                        self.notes.pointed(item.labels[LINE.index("run")], item.at)
                elif item.message.t:
                    self.notes.sampled(item.run, item.path, item.message.t)
            note(self._file, self.notes)

    def send(self) -> bool:
        """Send the oldest of what is written down, or make the minutes of an hour; false if there is neither.

        Raises:
            StoreError: the server takes nothing now.
            OSError: the spool cannot be read.
        """
        if batches := self._spool.next():
            bucket = self.server.address.holder(raw=batches[0].lane == "raw")
            try:
                self._store(bucket, self._spool.body(batches), sum(batch.rows for batch in batches))
            except BaseException:
                self._spool.keep()
                raise
            self._spool.done(batches)
            return True
        with self._lock:
            due = self.notes.due()
        if due:
            self._make_minutes(*due)
            return True
        return False

    def _store(self, bucket: str, body: bytes, rows: int) -> None:
        """Store lines; those that cannot be are buried, and harm the others in nothing."""
        bad: list[tuple[bytes, str]] = []
        try:
            beyond = self.server.write(bucket, body)
        except LinesError as error:
            lines = list(lines_of(body))
            beyond = self._store_halves(bucket, lines, error, bad)
        if bad:
            log.warning("%d rows are given up, and kept in %s: %s", len(bad), DEAD_LETTERS, bad[0][1])
            self._spool.bury(bad)
        self.stored += rows - beyond - len(bad)
        self.beyond += beyond

    def _store_halves(
        self, bucket: str, lines: Sequence[bytes], error: LinesError, bad: list[tuple[bytes, str]]
    ) -> int:
        """Store what can be stored of some lines that were refused together; lines may be stored twice."""
        if len(lines) == 1:
            bad.append((lines[0], str(error)))
            return 0
        beyond = 0
        for piece in (lines[: len(lines) // 2], lines[len(lines) // 2 :]):
            try:
                beyond += self.server.write(bucket, b"\n".join(piece))
            except LinesError as inner:
                beyond += self._store_halves(bucket, piece, inner, bad)
        return beyond

    def _make_minutes(self, run: str, hour: int) -> None:
        """Make the minutes of an hour, all of whose samples are stored."""
        raw = self.server.address.raw
        made: list[bytes] = []
        for table in self._telemetry.values():
            minutes = minutes_table(table)
            try:
                (found,) = self.server.ask(raw, question(table, run, hour))
            except StoreError as error:
                if "unsupported" not in str(error):
                    raise
                log.warning("no minutes of %s are made: %s", table.name, error)  # a stranger wrote texts for numbers
                continue
            for one in found:
                rows = points(minutes, one.tags, one.columns, one.values)
                made += filter(None, (point_line(row, minutes) for row in rows))
        self._spool.append("points", made)
        with self._lock:
            self.notes.made(run, hour)
