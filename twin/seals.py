"""Keeps what is final of runs in the journal, and looks at it again when messages come late.

What the journal does not take now waits for the next time. What was folded before a stop and not looked at is looked at
after the next start: then hours that were kept are compared with what is said of them now, all of them if another
version of the twin kept them.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from plant.errors import StoreError
from twin.finality import Finality, Hour, Late, Open, Revision, Settlement
from twin.intake import Accepted, Run
from twin.journal import Journal
from twin.replay import Call
from twin.settling import Arrived, Settled

log = logging.getLogger(__name__)


class Revising(NamedTuple):
    """What is final of a line, before late messages are folded."""

    run: Run
    final: Finality
    late: Late
    before: Open


class Seals:
    """What is final of runs, in memory and in the journal.

    Args:
        journal: where it is kept.
        call: how its functions are called.
        settled: what is final of a run.
        version: of what counts.
        keeping: whether anything is kept; else what is kept is only read.
    """

    def __init__(
        self, journal: Journal, call: Call, *, settled: Callable[[Run], Settled], version: str, keeping: bool
    ) -> None:
        self._journal = journal
        self._call = call
        self._settled = settled
        self._version = version
        self.keeping = keeping
        self._waiting: dict[str, tuple[list[Hour], list[Revision]]] = {}  # by run: made, and not kept yet

    def before(self, accepted: Sequence[Accepted], positions: Sequence[int]) -> list[Revising]:
        """What is final and may change, as it is before messages are folded: they are journaled, at these positions."""
        found = []
        arrived: list[Arrived] = []
        for run in {sink.run for sink, _, _ in accepted}:
            settled = self._settled(run)
            if settled.in_time(accepted):
                continue
            arrived = arrived or [(sink, m, p) for (sink, m, _), p in zip(accepted, positions, strict=True) if p]
            for line, late in settled.late([one for one in arrived if one[0].run is run]).items():
                final = settled.lines[line]
                found.append(Revising(run, final, late, final.open(late.since)))
        return found

    async def after(self, revising: Iterable[Revising], position: int) -> None:
        """Find out what late messages have changed, and keep it; they are folded, all up to a position."""
        for run, final, late, before in revising:
            if (revision := final.revise(before, late)) is not None:
                await self._keep(run, position, revisions=[revision])

    async def seal(self, run: Run, position: int) -> None:
        """Keep the next hour of each line of a run that is over."""
        await self._keep(run, position, hours=self._settled(run).seal())

    async def recall(self, run: Run, position: int) -> None:
        """Know what was kept of a run that is folded up to a position, and look at what nobody has looked at.

        Raises:
            StoreError: the journal cannot be read.
        """
        known = await self._call(partial(self._journal.settled, run.name))
        settled = self._settled(run)
        settled.recall(known)
        seen = known.position if known.version == self._version else 0
        since = await self._call(partial(self._journal.earliest, run.name, seen))
        if since is None:
            return
        late = Late(since, seen + 1, position)
        await self.after([Revising(run, final, late, final.kept()) for final in settled.lines.values()], position)
        await self._keep(run, position)

    def forget(self, name: str) -> None:
        """A run is gone."""
        self._waiting.pop(name, None)

    async def _keep(
        self, run: Run, position: int, hours: Iterable[Hour] = (), revisions: Iterable[Revision] = ()
    ) -> None:
        if not self.keeping:
            return
        waiting = self._waiting.setdefault(run.name, ([], []))
        waiting[0].extend(hours)
        waiting[1].extend(revisions)
        settlement = Settlement(hours=waiting[0], revisions=waiting[1], position=position, version=self._version)
        try:
            await self._call(partial(self._journal.settle, run.name, settlement))
        except StoreError as error:
            log.warning("what is final of run %s is not kept: %s", run.name, error)
        else:
            del self._waiting[run.name]
