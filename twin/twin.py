"""The twin: takes messages in, keeps them, and answers questions about what they say.

A shell around a pure core: it decodes, journals in a thread of its own, and then folds. Nothing is folded that is not
in the journal, and nothing is acknowledged before it is.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, Self, TypeVar, cast

import msgspec

from broker import PREFIX, build, decode, decode_all, encode, parse
from plant.description import Plant
from plant.errors import MessageError, StoreError
from plant.messages import KINDS, Clock, Command, Delivery, Message, Remark, Telemetry
from plant.remarks import About
from twin.finality import LATENESS
from twin.former import Former, Formers
from twin.historian import Block, Historian
from twin.intake import Accepted, Batch, Run, Sink
from twin.journal import Journal, Row, Stored, Wanted
from twin.letters import DeadLetters
from twin.questions import Questions
from twin.rates import Rate
from twin.recovery import USUAL, Pace, Recovery
from twin.seals import Seals
from twin.settling import COUNTING
from twin.snapshot import version
from twin.stream import BOUND, Broadcast, Fact, Reader, reset
from twin.underway import Underway
from twin.values import Counters, DeadLetter, Event, Page, Tally

log = logging.getLogger(__name__)
T = TypeVar("T")

INSTANTS = 10**12  # an `asof` from here on is an instant: 11 days of 1970 are no loss, and no journal gets so long
PAGE = 2_000  # messages that are folded before the loop may do something else
SEALING = 1.0  # seconds of wall time between looks for hours that are over
_DECODERS = {kind: msgspec.json.Decoder(row.type) for kind, row in KINDS.items()}


class Refused(NamedTuple):
    """A delivery for the dead letters."""

    delivery: Delivery
    reason: str
    detail: str


class Twin(Questions):
    """The digital twin of a plant; use it with ``async with``, or `start` and `close` it.

    Args:
        plant: the description; what does not belong to it is refused.
        journal: where messages are kept; the twin is its only writer, and closes it.
        historian: where telemetry is kept, open already.
        prefix: what topics begin with.
        lateness: how late a message may be and change nothing that was called final, in plant time.
        pace: when snapshots are taken; none: what is stored is used, but nothing is added.
    """

    def __init__(
        self,
        plant: Plant,
        *,
        journal: Journal,
        historian: Historian,
        prefix: str = PREFIX,
        lateness: int = LATENESS,
        pace: Pace | None = USUAL,
    ) -> None:
        super().__init__(plant, historian, prefix, lateness)
        self._journal = journal
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._underway = Underway()
        self._broadcast = Broadcast()
        self._letters = DeadLetters()
        self._recovery = Recovery(
            journal, self._call, plant=plant, prefix=prefix, letters=self._letters, pace=pace
        )
        self._seals = Seals(
            journal,
            self._call,
            settled=self.settled,
            version=version(plant, prefix, COUNTING),
            keeping=pace is not None,
        )
        self._formers = Formers(self._recovery.former)
        self._loading: asyncio.Task[None] | None = None
        self._sealing: asyncio.Task[None] | None = None
        self._position = 0
        self._trouble = ""  # why the journal does not take messages now
        self._received = self._ignored = self._journaled = self._retries = self._values = 0
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
        if self._seals.keeping:
            self._sealing = asyncio.create_task(self._seal_always(), name="seal")

    async def close(self) -> None:
        """Stop; what was taken is in the journal."""
        for task in (self._loading, self._sealing):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        async with self._underway.nothing():
            await self._recovery.close(self._runs.values(), self._position)
            await self._call(self._journal.close)
        self._thread.shutdown()

    async def load(self, name: str) -> None:
        """Fold a run of the journal, if that has not been done yet.

        Raises:
            StoreError: the journal cannot be read.
        """
        if name in self._runs or name not in self._order:
            return
        async with self._underway.nothing():
            if name not in self._runs:
                self._runs[name] = await self._known(name)

    async def former(self, run: str | None, asof: int) -> Former:
        """A run as it was known earlier, for any question in place of its name.

        Args:
            run: which; none: the newest.
            asof: a position of the journal; from `INSTANTS` on an instant of wall time, microseconds UTC. All messages
                that were in the journal by then count, whatever they are about.

        Raises:
            ValueError: nothing was known of the run by then, or the journal has not got so far.
            StoreError: the journal cannot be read.
        """
        if run is None and not self._order:
            raise ValueError("the twin has not heard of any run yet")
        name, last = run or self._order[-1], self._position
        if asof < INSTANTS and asof > last:
            raise ValueError(f"position {asof} is beyond the journal; its last one is {last}")
        if asof > time.time_ns() // 1000:
            raise ValueError("it is in the future: nobody knows what will be known then")
        known = asof if asof < INSTANTS else await self._call(partial(self._journal.known_at, asof))
        begun = await self._call(partial(self._journal.begun, name))
        if not 0 < begun <= known:
            raise ValueError(f"nothing was known of run {name} by then; its first message has the position {begun}")
        former = await self._formers.of(name, min(known, last))
        if name in self._runs:
            self.settled(former.known).know(self.settled(self._runs[name]), former.position)
        return former

    async def take(self, deliveries: Sequence[Delivery]) -> None:
        """Take a batch in: when it returns, the deliveries may be acknowledged.

        They are as a bus delivers them: marked as retained are only copies that the broker kept for late listeners.
        Bad ones go to the dead letters, known ones are dropped. A take that is cancelled goes on in the background.

        Raises:
            StoreError: the journal has taken nothing of the batch; it may be offered again.
        """
        if deliveries:
            await asyncio.shield(self.offer(deliveries))

    def offer(self, deliveries: Sequence[Delivery]) -> asyncio.Task[None]:
        """As `take`, behind what was offered before and without waiting for it: when it fails, this one fails, too.

        The task must not be cancelled.
        """
        return asyncio.create_task(self._take(deliveries, self._underway.add()))

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
        async with self._underway.nothing():
            sink = chosen.sinks.get(topic) or chosen.sink(topic, parse(topic, self.prefix))
            seq = sink.topic.tracker(1).high + 1
            told = Remark(run=chosen.name, session=1, seq=seq, n=seq, ts=line.horizon, by=by, about=about, note=note)
            delivery = Delivery(topic=topic, payload=encode(told))
            decode(topic, delivery.payload, self.prefix)  # by the rules of all messages
            position = await self._write((sink.source, told, delivery))
            revising = self._seals.before([(sink, told, delivery)], [position])
            chosen.apply(sink, [told])
            await self._seals.after(revising, position)
            if self._broadcast.readers:
                self._broadcast.put([Fact(position, sink.path, Remark.kind, told)])
            return position

    async def forget(self, name: str) -> None:
        """Delete a run's messages, while messages of other runs go on coming in; the newest run stays.

        Raises:
            StoreError: the journal cannot be written; what is left is the run up to an instant.
        """
        while name in self._order[:-1] and await self._call(partial(self._journal.forget, name)):
            pass
        async with self._underway.nothing():
            if name in self._order[:-1]:
                await self._call(partial(self._journal.forget, name))
                if name not in await self._call(self._journal.runs):
                    self._order.remove(name)
                    self._seals.forget(name)
                    if (run := self._runs.pop(name, None)) is not None:
                        self._final.pop(run, None)

    async def shrink(self) -> int:
        """Give the room of forgotten runs back to the disk; returns the bytes that could not be. See `Journal.shrink`.

        Raises:
            StoreError: the journal cannot be written.
        """
        while await self._call(self._journal.shrink):
            pass
        return await self._call(self._journal.free)

    async def ingested(self, positions: Sequence[int]) -> list[int | None]:
        """When messages came into the journal, wall time in microseconds UTC; none for a position without one.

        Raises:
            StoreError: the journal cannot be read.
        """
        return await self._call(partial(self._journal.ingested, positions))

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
            ignored=self._ignored,
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
            snapshots=self._recovery.taken,
            snapshots_damaged=self._recovery.damaged,
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

    async def _take(self, deliveries: Sequence[Delivery], batch: Batch) -> None:
        before, accepted, refused = batch.before, batch.accepted, list[Refused]()
        async with self._underway.leaving(batch):
            if before is not None:
                await before.sorted.wait()
            for begin in range(0, len(deliveries), PAGE):
                if begin:
                    await asyncio.sleep(0)
                await self._sort(deliveries[begin : begin + PAGE], batch, refused)
            kept = [one for one in accepted if one[0].journaled]
            waits = kept or before is not None  # one without rows, too, must know before those behind it are stored
            storing = self._call(partial(self._store, kept, batch, before)) if waits else None
            batch.sorted.set()
            if before is not None:
                await before.gone.wait()
            positions = await self._stored(storing, batch, before)
            self._received += len(deliveries)
            batch.count()
            now = time.time_ns() // 1000
            for delivery, reason, detail in refused:
                self._letters.add(delivery, reason, detail, now)
            revising = self._seals.before(kept, positions)
            self._recovery.begin()
            await self._fold(accepted)
            await self._seals.after(revising, self._position)
            self._recovery.end({sink.run for sink, _, _ in accepted}, self._position)
            if self._broadcast.readers:
                pairs = zip(kept, positions, strict=True)
                self._broadcast.put([Fact(p, sink.path, sink.kind, m) for (sink, m, _), p in pairs if p])

    async def _write(self, row: Row) -> int:
        """Append a message of the twin's own; its position."""
        try:
            (position,) = await self._call(partial(self._journal.append, [row]))
        except StoreError as error:
            self._retries += 1
            self._trouble = str(error)
            raise
        self._trouble, self._position = "", position
        self._journaled += 1
        return position

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
        if not self.settled(run).due:
            return False
        async with self._underway.nothing():
            await self._seals.seal(run, self._position)
        return True

    def _store(self, kept: Sequence[Accepted], batch: Batch, before: Batch | None) -> tuple[list[int], int]:
        """In the journal's thread: append, unless what came before could not be appended.

        Returns:
            The position of each message, and that of the last one in the journal.
        """
        try:
            _check_order(before)
            rows = ((sink.source, m, delivery) for sink, m, delivery in kept)
            positions = self._journal.append(rows) if kept else []
        except BaseException:
            batch.failed = True
            raise
        return positions, self._journal.position

    async def _stored(
        self, storing: Awaitable[tuple[list[int], int]] | None, batch: Batch, before: Batch | None
    ) -> list[int]:
        """Wait until a batch is on disk, and say so; those before it have said so already."""
        positions: list[int] = []
        if storing is not None:
            try:
                positions, self._position = await storing
            except StoreError as error:
                if before is None or not before.failed:
                    self._retries += 1
                    self._trouble = str(error)
                raise
            if positions:
                self._trouble = ""
            self._journaled += len(positions)
            self._events_rate.add(len(positions))
        batch.stored = True
        return positions

    async def _sort(self, deliveries: Sequence[Delivery], batch: Batch, refused: list[Refused]) -> None:
        """Find what is valid and fresh."""
        prefix, runs, accepted = self.prefix, self._runs, batch.accepted
        told = _decoded(deliveries, prefix)
        for delivery in deliveries:
            topic = delivery.topic
            try:
                message = next(told[topic]) if topic in told else decode(topic, delivery.payload, prefix)[1]
                if message is None:  # the topic of an alarm that is over was cleared
                    continue
                run = runs.get(message.run)
                sink = run.sinks.get(topic) if run else None
                if run is None or sink is None:
                    address = parse(topic, prefix)
                    if address.kind == "truth":  # nobody may say that a twin knew it from there
                        self._ignored += 1
                        continue
                    run = run or await self._open(message.run, address.kind, batch)
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
            if sink.kind == Telemetry.kind
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

    async def _open(self, name: str, kind: str, batch: Batch) -> Run:
        """The run of a message: in the journal already, or new.

        Raises:
            MessageError: reason ``run``, nothing else is known of the run of a message that is not journaled.
        """
        if name in self._order:
            self._runs[name] = await self._known(name)
            return self._runs[name]
        run = batch.run(name)
        if run is None:
            if not KINDS[kind].journaled:
                raise MessageError("run", f"nothing but {kind} is known of run {name}")
            run = batch.runs[name] = Run(name, self.plant, self.prefix)
        return run

    async def _load_all(self, names: Iterable[str]) -> None:
        for name in names:
            try:
                await self.load(name)
            except StoreError as error:
                log.warning("run %s cannot be read: %s", name, error)

    async def _known(self, name: str) -> Run:
        """A run as the journal has it, and what was final of it."""
        run = await self._recovery.run(name, self._position)
        await self._seals.recall(run, self._position)
        return run

    def _call(self, function: Callable[[], T]) -> asyncio.Future[T]:
        """Run in the journal's thread, behind everything that was called before."""
        return asyncio.get_running_loop().run_in_executor(self._thread, function)


def _decoded(deliveries: Iterable[Delivery], prefix: str) -> dict[str, Iterator[Message]]:
    """Messages of each topic in their order, but of topics of which some have to be looked at one by one."""
    payloads: dict[str, list[bytes]] = {}
    for delivery in deliveries:
        payloads.setdefault(delivery.topic, []).append(delivery.payload)
    found = ((topic, decode_all(topic, of_topic, prefix)) for topic, of_topic in payloads.items())
    return {topic: iter(messages) for topic, messages in found if messages is not None}


def _turn(group: tuple[tuple[Sink, bool], object]) -> tuple[bool, int]:
    """Stations before those that they feed (as they were first heard), heartbeats after all of which they speak."""
    sink = group[0][0]
    return sink.kind == "clock", sink.rank


def _check_order(before: Batch | None) -> None:
    """Nothing is stored behind a gap.

    Raises:
        StoreError: what came before could not be stored.
    """
    if before is not None and before.failed:
        raise StoreError("messages that came before could not be stored")


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
