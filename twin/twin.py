"""The twin: takes messages in, keeps them, and answers questions about what they say.

A shell around a pure core: it decodes, journals in a thread of its own, and then folds. Nothing is folded that is not
in the journal, and nothing is acknowledged before it is.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, Self, TypeVar, cast

import msgspec

from broker import PREFIX, build, decode, encode, parse
from plant.description import Plant
from plant.errors import MessageError, StoreError
from plant.messages import KINDS, Clock, Command, Delivery, Message, Remark, Telemetry
from plant.remarks import About
from twin.finality import LATENESS, Finality, Hour, Late, Open, Revision, Settlement
from twin.historian import Block, Historian
from twin.intake import Batch, Run, Sink
from twin.journal import Journal, Row, Stored, Wanted
from twin.letters import DeadLetters
from twin.questions import Questions
from twin.rates import Rate
from twin.stream import BOUND, Broadcast, Fact, Reader, reset
from twin.values import Counters, DeadLetter, Event, Page, Tally

log = logging.getLogger(__name__)
T = TypeVar("T")

PAGE = 2_000  # messages that are folded before the loop may do something else
SEALING = 1.0  # seconds of wall time between looks for hours that are over
STRETCH = 20_000  # positions of the journal that are read at once
LAST = ("/meta", "/clock", "/remark")
"""Topics whose messages speak of others."""

_DECODERS = {kind: msgspec.json.Decoder(row.type) for kind, row in KINDS.items()}
_LISTS = {kind: msgspec.json.Decoder(list[row.type]) for kind, row in KINDS.items()}  # type: ignore[name-defined]


Accepted = tuple[Sink, Message, Delivery]
"""A valid, fresh message of a batch."""


class Refused(NamedTuple):
    """A delivery for the dead letters."""

    delivery: Delivery
    reason: str
    detail: str


class Revising(NamedTuple):
    """What is final of a line, before late messages are folded."""

    run: Run
    final: Finality
    late: Late
    before: Open


Arrived = tuple[Sink, Message, int]
"""A message that is in the journal, with its position."""


class Twin(Questions):
    """The digital twin of a plant; use it with ``async with``, or `start` and `close` it.

    Args:
        plant: the description; what does not belong to it is refused.
        journal: where messages are kept; the twin is its only writer, and closes it.
        historian: where telemetry is kept, open already.
        prefix: what topics begin with.
        lateness: how late a message may be and change nothing that was called final, in plant time.
    """

    def __init__(
        self,
        plant: Plant,
        *,
        journal: Journal,
        historian: Historian,
        prefix: str = PREFIX,
        lateness: int = LATENESS,
    ) -> None:
        super().__init__(plant, historian, prefix)
        self._lateness = lateness
        self._journal = journal
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._taking = asyncio.Lock()
        self._broadcast = Broadcast()
        self._letters = DeadLetters()
        self._loading: asyncio.Task[None] | None = None
        self._sealing: asyncio.Task[None] | None = None
        self._unsettled: dict[str, tuple[list[Hour], list[Revision]]] = {}  # by run: made, and not kept yet
        self._new: dict[str, Run] = {}  # of which nothing is in the journal yet
        self._position = 0
        self._trouble = ""  # why the journal does not take messages now
        self._received = self._journaled = self._retries = self._values = 0
        self._events_rate, self._values_rate = Rate(), Rate()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    async def start(self) -> None:
        """Fold what the journal holds: the newest run at once, the others in the background.

        Raises:
            StoreError: the journal cannot be read.
        """
        names = await self._call(self._journal.runs)
        self._position = self._journal.position
        self._order = list(names)
        if names:
            await self.load(names[-1])
        self._loading = asyncio.create_task(self._load_all(names[-2::-1]), name="rebuild")
        self._sealing = asyncio.create_task(self._seal_always(), name="seal")

    async def close(self) -> None:
        """Stop; what was taken is in the journal."""
        for task in (self._loading, self._sealing):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        async with self._taking:
            await self._call(self._journal.close)
        self._thread.shutdown()

    async def load(self, name: str) -> None:
        """Fold a run of the journal, if that has not been done yet.

        Raises:
            StoreError: the journal cannot be read.
        """
        if name in self._runs or name not in self._order:
            return
        async with self._taking:
            if name not in self._runs:
                self._runs[name] = await self._rebuilt(name)

    async def take(self, deliveries: Sequence[Delivery]) -> None:
        """Take a batch in: when it returns, the deliveries may be acknowledged.

        They are as a bus delivers them: marked as retained are only copies that the broker kept for late listeners.
        Bad ones go to the dead letters, known ones are dropped. A take that is cancelled goes on in the background.

        Raises:
            StoreError: the journal has taken nothing of the batch; it may be offered again.
        """
        if deliveries:
            await asyncio.shield(asyncio.ensure_future(self._take(deliveries)))

    async def remark(self, path: str, about: About, *, by: str, note: str = "", run: str | None = None) -> int:
        """Keep what a person says about a node; its position in the journal.

        Args:
            path: of the node.
            about: what is said.
            by: who says so.
            note: why, in words.
            run: of which run; none: of the newest.

        Raises:
            ValueError: there is no such node or run, or nothing was heard of it yet.
            MessageError: what is said breaks a rule of its kind.
            StoreError: the journal does not take it; nothing has changed.
        """
        chosen = self._run(run)
        line, thing = self._find(chosen, path)
        topic = build(self.plant.enterprise, self.plant.plant, thing.node, Remark.kind, prefix=self.prefix)
        async with self._taking:
            sink = chosen.sinks.get(topic) or chosen.sink(topic, parse(topic, self.prefix))
            seq = sink.topic.tracker(1).high + 1
            told = Remark(run=chosen.name, session=1, seq=seq, n=seq, ts=line.horizon, by=by, about=about, note=note)
            delivery = Delivery(topic=topic, payload=encode(told))
            decode(topic, delivery.payload, self.prefix)  # by the rules of all messages
            (position,) = await self._append([(sink.source, told, delivery)])
            revising = self._revising([(sink, told, position)])
            chosen.apply(sink, [told])
            await self._revise(revising)
            if self._broadcast.readers:
                self._broadcast.put([Fact(position, sink.path, Remark.kind, told)])
            return position

    def position(self) -> int:
        """Position of the last message in the journal."""
        return self._position

    def counters(self) -> Counters:
        """How the twin is doing."""
        nodes: dict[str, dict[str, Tally]] = {}
        for run in self._runs.values():
            for sink in run.sinks.values():
                kinds = nodes.setdefault(sink.path, {})
                kinds[sink.kind] = kinds.get(sink.kind, Tally()) + sink.tally
        total = sum((tally for kinds in nodes.values() for tally in kinds.values()), Tally())
        health = self._historian.health
        standing, past = self.alerts() if self.ready else ([], [])
        return Counters(
            received=self._received,
            journaled=self._journaled,
            duplicates=total.duplicates,
            gaps=total.gaps,
            late=total.late,
            dead_letters=dict(self._letters.counts),
            nodes=nodes,
            position=self._position,
            event_rate=self._events_rate.per_second(),
            telemetry_values=self._values,
            telemetry_rate=self._values_rate.per_second(),
            historian_rows=health.stored,
            historian_backlog=health.backlog,
            historian_dropped=health.dropped,
            journal_retries=self._retries,
            journal_trouble=self._trouble,
            events_reset=self._broadcast.overruns,
            alerts=len(standing) + len(past),
            alerts_standing=len(standing),
            clocks=self.clocks(),
        )

    def dead_letters(self) -> list[DeadLetter]:
        """The newest refused deliveries, newest last."""
        return self._letters.newest()

    async def events(self, after: int | None = None) -> AsyncIterator[Event]:
        """Journaled messages after a position (none: from now on), then as they come, each once and in order.

        A reader that is too slow gets an event of kind ``reset`` in place of what it missed.
        """
        reader = Reader(self._position)
        self._broadcast.readers.add(reader)
        try:
            upto = self._position
            if after is not None and after > upto:
                yield reset(upto)
            elif after is not None:
                async for event in self._past(after, upto):
                    yield event
            while True:
                for event in await reader.batch():
                    yield event
        finally:
            self._broadcast.readers.discard(reader)

    async def history(self, wanted: Wanted, limit: int) -> Page:
        """Journaled messages of the past, page by page.

        Args:
            wanted: which ones, and behind which message of the page before; see `twin.journal.Wanted`.
            limit: how many a page has at most.

        Raises:
            StoreError: the journal cannot be read.
        """
        return await self._call(partial(self._page, wanted, limit))

    def _page(self, wanted: Wanted, limit: int) -> Page:
        """A page of the past; in the journal's thread, since to decode it takes longer than to read it."""
        found = self._journal.past(wanted, limit + 1)
        return Page(events=[self._told(stored) for stored in found[:limit]], more=len(found) > limit)

    def _told(self, stored: Stored) -> Event:
        """A message of the journal as readers get it."""
        address = parse(stored.topic, self.prefix)
        message = _DECODERS[address.kind].decode(stored.payload)
        path = address.node.path if address.node else ""
        return Fact(stored.position, path, address.kind, message).event

    async def _past(self, after: int, upto: int) -> AsyncIterator[Event]:
        while after < upto:
            page = await self._call(partial(self._journal.page, after, BOUND // 10, upto=upto))
            for stored in page:
                yield self._told(stored)
            after = page[-1].position if page else upto

    async def _take(self, deliveries: Sequence[Delivery]) -> None:
        async with self._taking:
            accepted: list[Accepted] = []
            refused: list[Refused] = []
            batch = Batch()
            self._new.clear()
            try:
                for begin in range(0, len(deliveries), PAGE):
                    if begin:
                        await asyncio.sleep(0)
                    await self._sort(deliveries[begin : begin + PAGE], batch, accepted, refused)
                kept = [one for one in accepted if one[0].journaled]
                rows: list[Row] = [(sink.source, m, delivery) for sink, m, delivery in kept]
                positions = await self._append(rows)
                self._received += len(deliveries)
                batch.count()
                now = time.time_ns() // 1000
                for delivery, reason, detail in refused:
                    self._letters.add(delivery, reason, detail, now)
                revising = self._revising([(sink, m, p) for (sink, m, _), p in zip(kept, positions, strict=True) if p])
                await self._fold(accepted)
                await self._revise(revising)
                if self._broadcast.readers:
                    pairs = zip(rows, positions, strict=True)
                    self._broadcast.put([Fact(p, source.path, source.kind, m) for (source, m, _), p in pairs if p])
            finally:
                batch.close({sink for sink, _, _ in accepted})

    def _revising(self, arrived: Sequence[Arrived]) -> list[Revising]:
        """What is final and may change, as it is before late messages are folded."""
        runs = {sink.run for sink, _, _ in arrived}
        found = []
        for run in runs:
            for line, late in run.late([one for one in arrived if one[0].run is run]).items():
                final = run.final[line]
                found.append(Revising(run, final, late, final.open(late.since)))
        return found

    async def _revise(self, revising: Iterable[Revising]) -> None:
        """Find out what late messages have changed, and keep it."""
        for run, final, late, before in revising:
            revision = final.revise(before, late)
            if revision is not None:
                await self._settle(run, [], [revision])

    async def _settle(self, run: Run, hours: Iterable[Hour], revisions: Iterable[Revision] = ()) -> None:
        """Keep what is final; where the journal does not take it now, it waits for the next time."""
        waiting = self._unsettled.setdefault(run.name, ([], []))
        waiting[0].extend(hours)
        waiting[1].extend(revisions)
        settlement = Settlement(hours=waiting[0], revisions=waiting[1], position=self._position)
        try:
            await self._call(partial(self._journal.settle, run.name, settlement))
        except StoreError as error:
            log.warning("what is final of run %s is not kept: %s", run.name, error)
        else:
            self._unsettled.pop(run.name, None)

    async def _seal_always(self) -> None:
        """Keep hours that are over, an hour of a line at a time."""
        while True:
            await asyncio.sleep(SEALING)
            for run in list(self._runs.values()):
                more = True
                while more:
                    more = await self._seal(run)

    async def _seal(self, run: Run) -> bool:
        """Keep the next hour of each line of a run; whether there was one."""
        async with self._taking:
            run.agree()
            hours = [hour for final in run.final.values() for hour in final.seal(1)]
            if hours:
                await self._settle(run, hours)
            return bool(hours)

    async def _append(self, rows: Sequence[Row]) -> list[int]:
        if not rows:
            return []
        try:
            positions = await self._call(partial(self._journal.append, rows))
        except StoreError as error:
            self._retries += 1
            self._trouble = str(error)
            raise
        self._trouble = ""
        self._position = self._journal.position
        self._journaled += len(rows)
        self._events_rate.add(len(rows))
        return positions

    async def _sort(
        self, deliveries: Iterable[Delivery], batch: Batch, accepted: list[Accepted], refused: list[Refused]
    ) -> None:
        """Find what is valid and fresh."""
        prefix, runs = self.prefix, self._runs
        for delivery in deliveries:
            topic = delivery.topic
            try:
                address, message = decode(topic, delivery.payload, prefix)
                if message is None:  # the topic of an alarm that is over was cleared
                    continue
                run = runs.get(message.run) or await self._open(message.run, address.kind)
                sink = run.sinks.get(topic) or run.sink(topic, address)
                if not run.earliest <= message.ts <= run.latest or sink.suspect:
                    _check(message, run, delivery)
            except MessageError as error:
                refused.append(Refused(delivery, error.reason, error.detail))
                continue
            if message.seq == sink.next and message.session == sink.session:
                sink.next += 1
            elif not batch.fresh(sink, message.session, message.seq):
                if not delivery.retain:
                    batch.copies.append(sink.topic.tracker(message.session))
                continue
            run.begin(message.ts)
            accepted.append((sink, message, delivery))

    async def _fold(self, accepted: Sequence[Accepted]) -> None:
        now = time.monotonic()
        for begin in range(0, len(accepted), PAGE):
            if begin:
                await asyncio.sleep(0)
            groups: dict[tuple[Sink, bool], list[Message]] = {}
            for sink, message, delivery in accepted[begin : begin + PAGE]:
                key = (sink, delivery.retain)
                if key in groups:
                    groups[key].append(message)
                else:
                    groups[key] = [message]
            for (sink, retained), messages in sorted(groups.items(), key=_turn):
                sink.run.apply(sink, messages, retained=retained)
                sink.line.heard = now
                if sink.kind == "clock" and not retained:
                    wall = time.time_ns() // 1000
                    for m in messages:
                        sink.line.skew.hear(cast("Clock", m), wall)
                if sink.journaled and (session := max([m.session for m in messages])) > sink.run.session:
                    self._promote(sink.run, session)
            await self._record(groups)

    async def _record(self, groups: Mapping[tuple[Sink, bool], list[Message]]) -> None:
        """Hand telemetry to the historian."""
        blocks = [
            Block(sink.run.name, sink.path, sink.type, message)
            for (sink, _), messages in groups.items()
            for message in messages
            if isinstance(message, Telemetry)
        ]
        if blocks:
            values = sum(len(column) for block in blocks for column in block.message.v.values())
            self._values += values
            self._values_rate.add(values)
            await self._historian.append(blocks)

    def _promote(self, run: Run, session: int) -> None:
        """A new session makes its run the newest."""
        run.session = session
        if run.name in self._order:
            self._order.remove(run.name)
        self._order.append(run.name)
        self._runs[run.name] = run

    async def _open(self, name: str, kind: str) -> Run:
        """The run of a message: in the journal already, or new.

        Raises:
            MessageError: reason ``run``, nothing else is known of the run of a message that is not journaled.
        """
        if name in self._order:
            self._runs[name] = await self._rebuilt(name)
            return self._runs[name]
        if name not in self._new:
            if not KINDS[kind].journaled:
                raise MessageError("run", f"nothing but {kind} is known of run {name}")
            self._new[name] = Run(name, self.plant, self.prefix, lateness=self._lateness)
        return self._new[name]

    async def _load_all(self, names: Iterable[str]) -> None:
        for name in names:
            try:
                await self.load(name)
            except StoreError as error:
                log.warning("run %s cannot be read: %s", name, error)

    async def _rebuilt(self, name: str) -> Run:
        """Fold a run of the journal: topic by topic, those last that speak of numbers on other topics."""
        run, journal, upto = Run(name, self.plant, self.prefix, lateness=self._lateness), self._journal, self._position
        run.remembering = True
        ahead = self._ahead(name, 0, upto)
        for after in range(0, upto, STRETCH):
            groups = await ahead
            ahead = self._ahead(name, after + STRETCH, upto)  # is read while this is folded
            for topic, retained, payloads in sorted(groups, key=lambda group: group[0].endswith(LAST)):
                if not self._refold(run, topic, payloads, retained=retained):
                    await self._refold_singly(run, topic, after, min(after + STRETCH, upto), retained=retained)
                await asyncio.sleep(0)
        await ahead
        for stored in await self._call(partial(journal.statuses, name, upto)):
            if not self._refold(run, stored.topic, stored.payload, retained=bool(stored.retained)):
                self._put_away(stored.topic, stored.payload, "cannot be decoded any more")
        run.remembering = False
        await self._recall(run)
        return run

    async def _recall(self, run: Run) -> None:
        """Know again what was final of a run; what it was not told before the last stop may have changed it."""
        known = await self._call(partial(self._journal.settled, run.name))
        run.agree()
        for line, final in run.final.items():
            paths = set(final.sealed)
            final.recall(
                [hour for hour in known.hours if hour.path in paths],
                [revision for revision in known.revisions if revision.line == line.path],
            )
        since = await self._call(partial(self._journal.earliest, run.name, known.position))
        if since is None:
            return
        for final in run.final.values():
            late = Late(since, known.position + 1, self._position)
            await self._revise([Revising(run, final, late, final.open(since))])

    def _ahead(self, run: str, after: int, upto: int) -> Awaitable[list[tuple[str, bool, bytes]]]:
        """The next stretch of the journal, already on its way."""
        return asyncio.ensure_future(self._call(partial(self._journal.groups, run, after, min(after + STRETCH, upto))))

    async def _refold_singly(self, run: Run, topic: str, after: int, upto: int, *, retained: bool) -> None:
        """Fold a stretch of a topic of which something cannot be decoded: the rest of it can."""
        stored = await self._call(partial(self._journal.payloads, run.name, topic, after, upto))
        for payload in [payload for flag, payload in stored if flag is retained]:
            if not self._refold(run, topic, payload, retained=retained):
                self._put_away(topic, payload, "cannot be decoded any more")

    def _refold(self, run: Run, topic: str, payloads: bytes, *, retained: bool) -> bool:
        """Fold messages of one topic, their payloads joined by commas; false if they cannot be decoded."""
        try:
            sink = run.sinks.get(topic) or run.sink(topic, parse(topic, self.prefix))
            messages: list[Message] = _LISTS[sink.kind].decode(b"[" + payloads + b"]")
        except MessageError as error:  # the plant has changed
            self._put_away(topic, payloads, str(error))
            return True
        except msgspec.MsgspecError:  # the file was touched
            return False
        run.begin(messages[0].ts)
        run.apply(sink, messages, retained=retained)
        run.session = max(run.session, *[m.session for m in messages])
        return True

    def _put_away(self, topic: str, payload: bytes, detail: str) -> None:
        """The journal holds something that cannot be folded."""
        self._letters.add(Delivery(topic=topic, payload=payload), "journal", detail, time.time_ns() // 1000)

    async def _call(self, function: Callable[[], T]) -> T:
        """Run in the journal's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)


def _turn(group: tuple[tuple[Sink, bool], object]) -> tuple[bool, int]:
    """Stations before those that they feed (as they were first heard), heartbeats after all of which they speak."""
    sink = group[0][0]
    return sink.kind == "clock", sink.rank


def _check(message: Message, run: Run, delivery: Delivery) -> None:
    """Refuse what is well-formed and still cannot be.

    Raises:
        MessageError: reason ``time``, ``retained`` or ``remark``.
    """
    if isinstance(message, Remark):
        raise MessageError("remark", "remarks are made at the twin, and come over no bus")
    latest = max(message.ts, message.now) if isinstance(message, Clock) else message.ts
    if not run.earliest <= message.ts <= latest <= run.latest:
        raise MessageError("time", f"{latest} is more than ten years from the first message of run {run.name}")
    if delivery.retain and isinstance(message, Command):
        raise MessageError("retained", "a command is never retained")
