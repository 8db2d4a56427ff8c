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
from typing import NamedTuple, Self, TypeVar

import msgspec

from broker import PREFIX, decode, parse
from plant.description import Plant
from plant.errors import MessageError, StoreError
from plant.messages import KINDS, Clock, Command, Delivery, Message, Telemetry
from twin.historian import Block, Historian
from twin.intake import Accepted, Batch, Run, Sink
from twin.journal import Journal, Row, Stored, Wanted
from twin.letters import DeadLetters
from twin.questions import Questions
from twin.rates import Rate
from twin.stream import BOUND, Broadcast, Fact, Reader, reset
from twin.underway import Underway
from twin.values import Counters, DeadLetter, Event, Page, Tally

log = logging.getLogger(__name__)
T = TypeVar("T")

PAGE = 2_000  # messages that are folded before the loop may do something else
STRETCH = 20_000  # positions of the journal that are read at once
_DECODERS = {kind: msgspec.json.Decoder(row.type) for kind, row in KINDS.items()}
_LISTS = {kind: msgspec.json.Decoder(list[row.type]) for kind, row in KINDS.items()}  # type: ignore[name-defined]


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
    """

    def __init__(self, plant: Plant, *, journal: Journal, historian: Historian, prefix: str = PREFIX) -> None:
        super().__init__(plant, historian, prefix)
        self._journal = journal
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._underway = Underway()
        self._broadcast = Broadcast()
        self._letters = DeadLetters()
        self._loading: asyncio.Task[None] | None = None
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

    async def close(self) -> None:
        """Stop; what was taken is in the journal."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)
        async with self._underway.nothing():
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
                self._runs[name] = await self._rebuilt(name)

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
            rows: list[Row] = [(sink.source, m, delivery) for sink, m, delivery in accepted if sink.journaled]
            storing = self._call(partial(self._store, rows, batch, before)) if rows else None
            batch.sorted.set()
            if before is not None:
                await before.gone.wait()
            positions = await self._stored(storing, batch, before)
            self._received += len(deliveries)
            batch.count()
            now = time.time_ns() // 1000
            for delivery, reason, detail in refused:
                self._letters.add(delivery, reason, detail, now)
            await self._fold(accepted)
            if self._broadcast.readers:
                pairs = zip(rows, positions, strict=True)
                self._broadcast.put([Fact(p, source.path, source.kind, m) for (source, m, _), p in pairs if p])

    def _store(self, rows: Sequence[Row], batch: Batch, before: Batch | None) -> tuple[list[int], int]:
        """In the journal's thread: append, unless what came before could not be appended.

        Returns:
            The position of each row, and that of the last message in the journal.
        """
        try:
            _check_order(before)
            positions = self._journal.append(rows)
        except BaseException:
            batch.failed = True
            raise
        return positions, self._journal.position

    async def _stored(
        self, storing: Awaitable[tuple[list[int], int]] | None, batch: Batch, before: Batch | None
    ) -> list[int]:
        """Wait until a batch is on disk, and say so; those before it have said so already."""
        positions: list[int] = []
        if storing is None:
            _check_order(before)
        else:
            try:
                positions, self._position = await storing
            except StoreError as error:
                if before is None or not before.failed:
                    self._retries += 1
                    self._trouble = str(error)
                raise
            self._trouble = ""
            self._journaled += len(positions)
            self._events_rate.add(len(positions))
        batch.stored = True
        return positions

    async def _sort(self, deliveries: Iterable[Delivery], batch: Batch, refused: list[Refused]) -> None:
        """Find what is valid and fresh."""
        prefix, runs, accepted = self.prefix, self._runs, batch.accepted
        for delivery in deliveries:
            topic = delivery.topic
            try:
                address, message = decode(topic, delivery.payload, prefix)
                if message is None:  # the topic of an alarm that is over was cleared
                    continue
                run = runs.get(message.run) or await self._open(message.run, address.kind, batch)
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
            self._runs[name] = await self._rebuilt(name)
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

    async def _rebuilt(self, name: str) -> Run:
        """Fold a run of the journal: topic by topic, those last that speak of numbers on other topics."""
        run, journal, upto = Run(name, self.plant, self.prefix), self._journal, self._position
        run.remembering = True
        ahead = self._ahead(name, 0, upto)
        for after in range(0, upto, STRETCH):
            groups = await ahead
            ahead = self._ahead(name, after + STRETCH, upto)  # is read while this is folded
            for topic, retained, payloads in sorted(groups, key=lambda group: group[0].endswith(("/meta", "/clock"))):
                if not self._refold(run, topic, payloads, retained=retained):
                    await self._refold_singly(run, topic, after, min(after + STRETCH, upto), retained=retained)
                await asyncio.sleep(0)
        await ahead
        for stored in await self._call(partial(journal.statuses, name, upto)):
            if not self._refold(run, stored.topic, stored.payload, retained=bool(stored.retained)):
                self._put_away(stored.topic, stored.payload, "cannot be decoded any more")
        run.remembering = False
        return run

    def _ahead(self, run: str, after: int, upto: int) -> Awaitable[list[tuple[str, bool, bytes]]]:
        """The next stretch of the journal, already on its way."""
        return self._call(partial(self._journal.groups, run, after, min(after + STRETCH, upto)))

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

    def _call(self, function: Callable[[], T]) -> asyncio.Future[T]:
        """Run in the journal's thread, behind everything that was called before."""
        return asyncio.get_running_loop().run_in_executor(self._thread, function)


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
        MessageError: reason ``time`` or ``retained``.
    """
    latest = max(message.ts, message.now) if isinstance(message, Clock) else message.ts
    if not run.earliest <= message.ts <= latest <= run.latest:
        raise MessageError("time", f"{latest} is more than ten years from the first message of run {run.name}")
    if delivery.retain and isinstance(message, Command):
        raise MessageError("retained", "a command is never retained")
