"""Telemetry of older versions, all runs in one file, brought over into a file a run and day.

Every day is a transaction, and rows that are there already are left alone: who is interrupted goes on the next time.
The old file is read only; it is deleted by the caller when all of it is stored. Until then both need room.
"""

from collections.abc import Callable
from pathlib import Path

import duckdb

from plant.time import DAY, HOUR
from twin.telemetry_file import TelemetryFile, quoted

OLD = "telemetry.duckdb"

FileOf = Callable[[str, int], TelemetryFile]
"""Gives the file of raw samples of a run and an instant."""


def bring_over(db: duckdb.DuckDBPyConnection, file: Path, file_of: FileOf) -> int:
    """Copy all rows of the old file; returns how many days of runs and machine types there were."""
    place = str(file).replace("'", "''")
    db.execute(f"ATTACH '{place}' AS old")
    try:
        kinds: dict[str, list[tuple[str, str, str]]] = {}
        for kind, *column in db.execute("SELECT type, tag, name, kind FROM old.shopfloor_tags").fetchall():
            kinds.setdefault(kind, []).append((column[0], column[1], column[2]))
        return sum(_bring_kind(db, kind, columns, file_of) for kind, columns in kinds.items())
    finally:
        db.execute("DETACH old")


def _bring_kind(
    db: duckdb.DuckDBPyConnection, kind: str, columns: list[tuple[str, str, str]], file_of: FileOf
) -> int:
    days = db.execute(
        f"""SELECT DISTINCT m.run, rows.t // {DAY} AS day FROM old.{quoted(kind)} rows
            JOIN old.shopfloor_machines m ON m.id = rows.machine ORDER BY ALL"""  # noqa: S608 quoted
    ).fetchall()
    machines = db.execute("SELECT run, path FROM old.shopfloor_machines WHERE type = ?", (kind,)).fetchall()
    for run, day in days:
        target = file_of(run, day * DAY)
        db.execute("BEGIN")
        try:
            known = target.columns(kind, {tag: datatype for tag, _, datatype in columns})
            target.know(kind, [of for of in machines if of[0] == run])
            new = [known[tag].name for tag, _, _ in columns]
            into = ", ".join(["machine", "t", "q", *map(quoted, new)])
            chosen = ", ".join(["ours.id", "rows.t", "rows.q", *(f"rows.{quoted(name)}" for _, name, _ in columns)])
            source = f"""FROM old.{quoted(kind)} rows
                JOIN old.shopfloor_machines m ON m.id = rows.machine AND m.run = $run"""
            within = f"rows.t >= {day * DAY} AND rows.t < {(day + 1) * DAY}"
            db.execute(
                f"""INSERT INTO {target.table(kind)} ({into}) SELECT {chosen} {source}
                    JOIN {target.name}.shopfloor_machines ours ON ours.run = m.run AND ours.path = m.path
                    WHERE {within} AND NOT EXISTS (
                        SELECT 1 FROM {target.table(kind)} known WHERE known.machine = ours.id AND known.t = rows.t
                    ) ORDER BY ours.id, rows.t""",  # noqa: S608 quoted
                {"run": run},
            )
            hours = db.execute(f"SELECT DISTINCT rows.t // {HOUR} {source} WHERE {within}", {"run": run}).fetchall()
            target.make_stale(hour * HOUR for (hour,) in hours)
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise
    return len(days)
