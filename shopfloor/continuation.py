"""Going on with a run after a stop or a crash: which messages of it the twin has already, exactly.

A run is a function of (plant, seed, start), so it is simulated again and the messages that are known are left out. Each
node's messages come in one fixed order; a session records how many of them went before it (``base``) and how many of
its own repeat what went before (``births``), so the last journaled (session, n) of a node says how far it came.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from plant.description import Plant
from plant.errors import StoreError
from plant.messages import KINDS, Emission, Telemetry

BOOK = "runs.json"


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One start of the publisher within a run."""

    number: int
    base: dict[str, int] = {}
    births: dict[str, int] = {}


class RunRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A run of this data folder: what it is a function of, whether its time is the wall's, and its sessions."""

    run: str
    seed: int
    start: int
    anchored: bool = False
    sessions: list[Session] = []

    def consumed(self, last: Mapping[str, tuple[int, int]]) -> dict[str, int]:
        """How many messages of its stream each node has delivered, from its last journaled (session, n)."""
        counts = {path: base for session in self.sessions for path, base in session.base.items()}
        sessions = {session.number: session for session in self.sessions}
        for path, (number, n) in last.items():
            session = sessions.get(number)
            if session is None:
                raise StoreError(f"run {self.run}: the journal knows session {number} of {path}, {BOOK} does not")
            own = max(0, n + 1 - session.births.get(path, 0))
            counts[path] = session.base.get(path, 0) + own
        return counts


@dataclass(frozen=True, kw_only=True)
class RunBook:
    """The runs of a data folder, newest last; written at once or not at all."""

    file: Path
    records: tuple[RunRecord, ...] = ()

    @classmethod
    def open(cls, folder: Path) -> "RunBook":
        """Read the book of a folder; a folder without one has no runs.

        Raises:
            StoreError: the book cannot be read.
        """
        file = folder / BOOK
        if not file.exists():
            return cls(file=file)
        try:
            records = msgspec.json.decode(file.read_bytes(), type=tuple[RunRecord, ...])
        except (OSError, msgspec.DecodeError) as error:
            raise StoreError(f"{file} cannot be read: {error}") from error
        return cls(file=file, records=records)

    def find(self, plant: Plant, seed: int, start: int | None) -> RunRecord | None:
        """The newest run of this plant and seed, and of this start if one is asked for."""
        for record in reversed(self.records):
            same = record.seed == seed and plant.run_id(record.seed, record.start) == record.run
            if same and start in (None, record.start):
                return record
        return None

    def begin_next(self, record: RunRecord) -> "RunBook":
        """Note the next session of a run that keeps nothing of the sessions before."""
        return self.begin(record, Session(number=len(record.sessions) + 1))

    def begin(self, record: RunRecord, session: Session) -> "RunBook":
        """Note a new session of a run before its first message goes out; that run is now the newest."""
        begun = msgspec.structs.replace(record, sessions=[*record.sessions, session])
        others = tuple(other for other in self.records if other.run != record.run)
        return self._written((*others, begun))

    def forget(self, run: str) -> "RunBook":
        """The book without a run."""
        return self._written(tuple(record for record in self.records if record.run != run))

    def _written(self, records: tuple[RunRecord, ...]) -> "RunBook":
        """A book of these records, on disk."""
        temporary = self.file.with_suffix(".new")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("w", encoding="utf-8") as out:
                json.dump(msgspec.to_builtins(records), out, indent=1)
                out.flush()
                os.fsync(out.fileno())
            temporary.replace(self.file)
        except OSError as error:
            raise StoreError(f"{self.file} cannot be written: {error}") from error
        return replace(self, records=records)


@dataclass(kw_only=True)
class Resumption:
    """Leaves out of a run's stream what the twin has already.

    Args:
        consumed: messages of each node's stream that were delivered.
        stored: time of the newest telemetry block of each node that the historian holds.

    Attributes:
        again: how many blocks of each node were fresh again although they had been delivered.
    """

    consumed: Mapping[str, int]
    stored: Mapping[str, int]
    again: Counter[str] = field(default_factory=Counter)
    _seen: Counter[str] = field(default_factory=Counter)

    def fresh(self, emissions: Iterable[Emission]) -> list[Emission]:
        """Those that are not known yet, in order. Telemetry lost on the way to the store is fresh again.

        A message of a kind that is not counted has no number to be known by: it is fresh again where nothing of its
        node that came after it is known, so that it may be told twice, but is never lost.
        """
        if not self.consumed:
            return list(emissions)
        kept = []
        for emission in emissions:
            node, message = emission
            path = node.path
            counted = KINDS[message.kind].counted
            self._seen[path] += counted
            if self._seen[path] + (not counted) > self.consumed.get(path, 0):
                kept.append(emission)
            elif isinstance(message, Telemetry) and message.ts > self.stored.get(path, message.ts):
                self.again[path] += 1
                kept.append(emission)
        return kept
