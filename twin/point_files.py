"""The points of all runs: a file each, beside the telemetry files of the run, which goes when the run goes."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from twin.point_file import PointFile
from twin.tables import Table

ATTACHED = 20  # files that are held open at most, but for a question that needs more at once


class PointFiles:
    """The files of points that are attached to a connection; all calls from one thread.

    Args:
        tables: those that points may be of, by name.
    """

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables = tables
        self._attached: OrderedDict[str, PointFile] = OrderedDict()

    def file(self, db: duckdb.DuckDBPyConnection, run: str, place: Path | None, most: int = ATTACHED) -> PointFile:
        """The file of a run, attached.

        Args:
            db: the connection.
            run: the run.
            place: the file; none keeps it in memory.
            most: files that are attached at once.
        """
        file = self._attached.get(run)
        if file is None:
            while place is not None and len(self._attached) >= most:
                self._attached.popitem(last=False)[1].detach()
            file = self._attached[run] = PointFile(db, place, self._tables)
        self._attached.move_to_end(run)
        return file

    def those(self, db: duckdb.DuckDBPyConnection, places: Mapping[str, Path | None]) -> Sequence[PointFile]:
        """The files of some runs, by name, that have one; all attached at once."""
        there = {run: place for run, place in places.items() if run in self._attached or (place and place.exists())}
        most = max(ATTACHED, len(there))
        return [self.file(db, run, place, most) for run, place in there.items()]

    def recall(self) -> None:
        """After an error: know what the files hold, and nothing else."""
        for file in self._attached.values():
            file.recall()

    def detach(self, run: str) -> None:
        """Let the file of a run go."""
        file = self._attached.pop(run, None)
        if file is not None:
            file.detach()

    def close(self) -> None:
        """Let all files go."""
        while self._attached:
            self._attached.popitem()[1].detach()

    def drop(self) -> None:
        """Know of no file: the connection is closed."""
        self._attached.clear()
