"""What a historian in InfluxDB remembers from start to start: how far it has come, and what is to be done."""

from pathlib import Path

import msgspec

from plant.time import HOUR
from twin.minutes import LATE


class Notes(msgspec.Struct, kw_only=True):
    """How far a historian has come.

    Args:
        newest: by run and path, instant of the newest sample that is stored or written down on the way there.
        points: by run, instant of the newest point of a line's account, likewise.
        stale: by run, begins of the hours whose minutes have to be made.
    """

    newest: dict[str, dict[str, int]] = {}
    points: dict[str, int] = {}
    stale: dict[str, set[int]] = {}

    def sampled(self, run: str, path: str, instants: list[int]) -> None:
        """Samples of a machine are written down."""
        known = self.newest.setdefault(run, {})
        known[path] = max(known.get(path, instants[0]), *instants)
        self.stale.setdefault(run, set()).update(t // HOUR * HOUR for t in instants)

    def pointed(self, run: str, at: int) -> None:
        """A point of a line's account is written down."""
        self.points[run] = max(self.points.get(run, at), at)

    def due(self) -> tuple[str, int] | None:
        """The first hour that is over, and late enough, whose minutes have to be made, and its run."""
        for run, hours in self.stale.items():
            last = max(self.newest.get(run, {}).values(), default=0)
            if hours and (hour := min(hours)) + HOUR + LATE <= last:
                return run, hour
        return None

    def made(self, run: str, hour: int) -> None:
        """The minutes of an hour are made."""
        self.stale.get(run, set()).discard(hour)


def recall(file: Path) -> Notes:
    """The notes of a file; empty ones if there is none, or none that can be read: they save work, no more."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Notes)
    except (OSError, msgspec.DecodeError):
        return Notes()


def note(file: Path, notes: Notes) -> None:
    """Write them down, whole or not at all.

    Raises:
        OSError: they cannot be written.
    """
    new = file.with_suffix(".tmp")
    new.write_bytes(msgspec.json.encode(notes))
    new.replace(file)
