"""Recovery: runs as snapshots and journal have them, and the snapshots that make it quick.

A snapshot is taken between two batches, on the event loop, which holds it up for as long as it takes to copy what has
changed; the journal's thread makes bytes of it and stores them. What cannot be used of a chain is left: the way from
there on is longer, that is all.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import msgspec

from plant.description import Plant
from plant.errors import MessageError, StoreError
from twin.chain import REACH, Link, Span, crowded, opened, sound
from twin.intake import Run
from twin.journal import Journal
from twin.kept import Change
from twin.letters import DeadLetters
from twin.replay import Call, Replay
from twin.snapshot import Recorder, linked, merged, unfold, version

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """When snapshots are taken, whichever comes first.

    Args:
        messages: after so many; to fold them again at a start takes a fraction of a second.
        seconds: after so much wall time, so that a slow plant, too, starts with little to fold.
    """

    messages: int = 50_000
    seconds: float = 60.0


USUAL = Pace()


class Taken(NamedTuple):
    """A snapshot that is not stored yet."""

    run: str
    span: Span
    changes: dict[str, Change]


class Recovery:
    """Makes runs from what is stored, and takes snapshots of them while they go on.

    Args:
        journal: where messages and snapshots are.
        call: how its functions are called.
        plant: the description.
        prefix: what topics begin with.
        letters: where goes what cannot be folded any more.
        pace: when snapshots are taken; none: they are used, but none is taken.
    """

    def __init__(
        self,
        journal: Journal,
        call: Call,
        *,
        plant: Plant,
        prefix: str,
        letters: DeadLetters,
        pace: Pace | None,
    ) -> None:
        self._journal = journal
        self._call = call
        self._plant = plant
        self._prefix = prefix
        self._pace = pace
        self._version = version(plant, prefix)
        self._replay = Replay(journal, call, letters)
        self._again = Replay(journal, call, DeadLetters())  # what cannot be folded is counted once
        self._recorders: dict[str, Recorder] = {}
        self._times: dict[str, float] = {}  # when the last snapshot of each run was taken
        self._waiting: deque[Taken] = deque()
        self._storing: asyncio.Task[None] | None = None
        self._folding = False
        self._torn = False  # a batch was folded in part: the mirror is not what the journal has
        self.taken = self.damaged = 0

    async def run(self, name: str, upto: int) -> Run:
        """A run as it is after a position, the last one of the journal.

        Raises:
            StoreError: the journal cannot be read.
        """
        run, position = await self._call(partial(self._out_of_snapshots, name, upto))
        self._record(run, position)
        async for reached in self._replay.stretches(run, position, upto):
            if self._pace is not None and reached - self._recorders[name].position >= REACH:
                self._take(run, reached)
        return run

    async def former(self, name: str, upto: int) -> Run:
        """A run as it was known at a position; what is not in the journal counts nothing in it.

        Raises:
            StoreError: the journal cannot be read.
        """
        run, position = await self._call(partial(self._out_of_snapshots, name, upto))
        run.forget_unjournaled()
        async for _ in self._again.stretches(run, position, upto):
            pass
        return run

    def begin(self) -> None:
        """A batch is about to be folded."""
        self._torn = self._torn or self._folding
        self._folding = True

    def end(self, runs: Collection[Run], position: int) -> None:
        """A batch has been folded, all up to a position: take the snapshots that are due."""
        self._folding = False
        if self._pace is None or self._torn:
            return
        now = time.monotonic()
        for run in runs:
            recorder = self._recorders.get(run.name) or self._record(run, 0)
            since = self._times[run.name]
            if position - recorder.position >= self._pace.messages or now - since >= self._pace.seconds:
                self._take(run, position)

    async def close(self, runs: Collection[Run], position: int) -> None:
        """Take a last snapshot of each run, and wait until all are stored."""
        if self._pace is not None and not self._torn and not self._folding:
            for run in runs:
                if run.name in self._recorders:
                    self._take(run, position)
        if self._storing is not None:
            await self._storing

    def _record(self, run: Run, position: int) -> Recorder:
        recorder = self._recorders[run.name] = Recorder(run, position)
        self._times[run.name] = time.monotonic()
        return recorder

    def _take(self, run: Run, position: int) -> None:
        """Take a snapshot; to store it goes on in the background."""
        recorder = self._recorders[run.name]
        self._times[run.name] = time.monotonic()
        if position == recorder.position:
            return
        if changes := recorder.changes():
            self._waiting.append(Taken(run.name, Span(recorder.position, position), changes))
            recorder.position = position
            self.taken += 1
            if self._storing is None or self._storing.done():
                self._storing = asyncio.create_task(self._store(), name="snapshots")

    async def _store(self) -> None:
        """Store what waits; what cannot be stored waits for the next time."""
        try:
            while self._waiting:
                taken = self._waiting[0]
                spans = await self._call(partial(self._keep, taken))
                self._waiting.popleft()
                while last := crowded(spans):
                    spans = await self._merge(taken.run, last)
        except (StoreError, ValueError) as error:
            log.warning("a snapshot could not be stored: %s", error)

    def _keep(self, taken: Taken) -> list[Span]:
        """Store a snapshot, in the journal's thread; the chain that it is part of."""
        self._journal.keep(taken.run, linked(taken.span, self._version, taken.changes))
        return self._journal.spans(taken.run)

    async def _merge(self, run: str, spans: Collection[Span]) -> list[Span]:
        """Make one link of several, in a thread of its own, since messages must not wait for it; the chain then."""
        links = await self._call(partial(self._journal.links, run, max(span.position for span in spans)))
        link = await asyncio.to_thread(merged, links[-len(spans) :])
        await self._call(partial(self._journal.merge, run, link))
        return await self._call(partial(self._journal.spans, run))

    def _out_of_snapshots(self, name: str, upto: int) -> tuple[Run, int]:
        """A run as the last snapshot that can be used has it, in the journal's thread, and the position of that."""
        links = self._links(name, upto)
        while True:
            run = Run(name, self._plant, self._prefix)
            good = self._unfolded(run, links)
            if good == len(links):
                return run, links[-1].span.position if links else 0
            links = links[:good]

    def _links(self, name: str, upto: int) -> list[Link]:
        try:
            links = self._journal.links(name, upto)
        except StoreError as error:
            self.damaged += 1
            log.warning("snapshots of run %s cannot be read: %s", name, error)
            return []
        found = sound(links, self._version)
        if len(found) < len(links):
            log.info("run %s: %d snapshots are of another version", name, len(links) - len(found))
        return found

    def _unfolded(self, run: Run, links: list[Link]) -> int:
        """Take links into a run; how many of them could be used."""
        for i, link in enumerate(links):
            try:
                unfold(run, opened(link))
            except (ValueError, LookupError, msgspec.MsgspecError, MessageError) as error:
                self.damaged += 1
                log.warning("snapshot %d of run %s is damaged: %s", link.span.position, run.name, error)
                return i
        return len(links)
