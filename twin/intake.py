"""One run as the twin keeps it: the mirror, the numbers seen, and the way of each topic into both."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping, Sequence

from broker import PREFIX, Address, parse
from plant.description import Plant
from plant.errors import MessageError
from plant.messages import KINDS, Clock, Delivery, Message, Meta
from plant.paths import Node
from plant.time import DAY
from twin.journal import Source
from twin.kept import Kept, Stored
from twin.mirror import Fold, Mirror
from twin.sequence import Topic, Tracker
from twin.skew import Skew
from twin.values import Last, NodeLast, Tally

EXACT = 1 << 53
LONGEST_RUN = 3653 * DAY
"""A message further than this from the first of its run is absurd."""


class Connection(Kept):
    """What all topics of a line share: sessions heard from their beginning, and when it was last heard (wall time)."""

    __slots__ = ("born", "firsts", "heard", "node", "skew")
    stored = Stored(tables={"born": dict[int, int], "firsts": dict[tuple[int, str], dict[int, int]]})

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.node = node
        self.born: dict[int, int] = {}
        self.firsts: dict[tuple[int, str], dict[int, int]] = {}  # by session and path: the messages 0 and 1, and when
        self.heard: float | None = None
        self.skew = Skew()


class Sink:
    """Where the messages of one topic go."""

    __slots__ = (
        "address", "base", "counted", "fold", "journaled", "kind", "line", "next", "path", "rank", "run", "session",
        "source", "suspect", "topic", "type",
    )  # fmt: skip

    def __init__(self, run: "Run", source: Source, address: Address, fold: Fold) -> None:
        row = KINDS[source.kind]
        line, place, _ = run.mirror.things[address.node]  # type: ignore[index]  # the mirror has let it pass
        self.run = run
        self.rank = len(run.sinks)
        self.source = source
        self.address = address
        self.kind = source.kind
        self.path = source.path
        self.counted = row.counted
        self.journaled = row.journaled
        self.fold = fold
        self.suspect = source.kind in {"clock", "cmd", "remark"}  # there is more to check than numbers and instant
        self.line = run.connections[line.node]
        self.topic = Topic(self.line.born)
        self.type = place.station.type if place else ""  # of the machine
        self.session, self.base, self.next = 0, 0, 0  # numbers base … next - 1 of the session are on their way

    @property
    def tally(self) -> Tally:
        """Counters of the topic; gaps of kinds outside the count say nothing."""
        tally = self.topic.tally
        return tally if self.counted else Tally(received=tally.received, duplicates=tally.duplicates)


Accepted = tuple[Sink, Message, Delivery]
"""A valid, fresh message of a batch."""


class Batch:
    """What is new among messages that arrive together, before any of it is stored and folded.

    Args:
        underway: all batches that are on their way now, this one among them.
        before: the one that arrived before it, if that is still on its way.

    Attributes:
        sorted: whether it is known what is new in it.
        stored: whether that is in the journal.
        failed: whether it is given back.
        gone: whether it is folded or given back.
        accepted: what is valid and new, in order.
        copies: where messages that are known are counted.
        runs: runs of which nothing is in the journal yet.
        keys: numbers on their way that do not follow the one before them.
    """

    def __init__(self, underway: Iterable["Batch"] = (), before: "Batch | None" = None) -> None:
        self.before = before
        self.sorted, self.gone = asyncio.Event(), asyncio.Event()
        self.stored = self.failed = False
        self.accepted: list[Accepted] = []
        self.copies: list[Tracker] = []
        self.runs: dict[str, Run] = {}
        self._underway = underway
        self.keys: set[tuple[Sink, int, int]] = set()
        self._sinks: set[Sink] = set()

    def run(self, name: str) -> "Run | None":
        """A run of which nothing is in the journal yet, if one that is on its way has something of it."""
        if name not in self.runs:
            found = next((batch.runs[name] for batch in self._underway if name in batch.runs), None)
            if found is None:
                return None
            self.runs[name] = found
        return self.runs[name]

    def fresh(self, sink: Sink, session: int, seq: int) -> bool:
        """Whether a number of a topic has not been seen, neither earlier nor on its way."""
        if seq == sink.next and session == sink.session:
            sink.next = seq + 1
            return True
        tracker, key = sink.topic.tracker(session), (sink, session, seq)
        coming = session == sink.session and sink.base <= seq < sink.next
        if coming or tracker.seen(seq) or any(key in batch.keys for batch in self._underway):
            return False
        self.keys.add(key)
        self._sinks.add(sink)
        if session > sink.session or (session == sink.session and seq > sink.next):
            self.keys.update((sink, sink.session, number) for number in range(sink.base, sink.next))
            sink.session = session  # the next number is above all that came of it, and so surely fresh
            sink.base = sink.next = max(seq, tracker.high) + 1
        return True

    def count(self) -> None:
        """The batch is stored: count the copies in it."""
        for tracker in self.copies:
            tracker.duplicates += 1

    def close(self, *, last: bool) -> None:
        """The batch is stored and folded, or given up: forget what was on its way.

        Args:
            last: whether no other is on its way.
        """
        self.before = None
        newest = {sink: message for sink, message, _ in self.accepted}
        if last or self.failed:  # then those behind it have failed, too
            for sink in (*newest, *self._sinks):
                tracker = sink.topic.tracker(sink.session) if sink.session else None
                sink.base = sink.next = tracker.high + 1 if tracker else 0
            return
        for sink, message in newest.items():
            if message.session == sink.session and sink.base <= message.seq < sink.next:
                sink.base = message.seq + 1


class Run(Kept):
    """One run: its mirror and its book of numbers.

    Args:
        name: id of the run.
        plant: the description.
        prefix: what topics begin with.
    """

    stored = Stored(
        values={"earliest": int, "latest": int, "session": int, "_begun": bool},
        columns=({"topics": str},),
        parts=("connections", "mirror"),
    )

    def __init__(self, name: str, plant: Plant, prefix: str = PREFIX) -> None:
        super().__init__()
        self.name = name
        self.mirror = Mirror(plant, prefix)
        self.sinks: dict[str, Sink] = {}
        self.topics: list[str] = []  # in the order in which they were first heard
        self.earliest, self.latest = 0, EXACT
        self._begun = False
        self.session = 0
        self.connections = {line: Connection(line) for line in self.mirror.lines}
        self.remembering = False  # folding the journal, which holds no telemetry: its numbers are nobody's gap
        self.prefix = prefix
        self._facts: dict[str, Topic] = {}  # of parts, or of a line's orders: what figures are counted from

    def sink(self, topic: str, address: Address) -> Sink:
        """Where the messages of a topic go.

        Raises:
            MessageError: reason ``node``, the plant has no such node, or it has no such messages.
        """
        fold = self.mirror.fold(address)
        source = Source(self.name, topic, address.node.path if address.node else "", address.kind)
        sink = Sink(self, source, address, fold)
        self.sinks[topic] = sink
        self.topics.append(topic)
        if address.kind in {"part", "order"}:
            self._facts[sink.path] = sink.topic
        return sink

    def begin(self, ts: int) -> None:
        """The first message of a run says which instants are plausible."""
        if not self._begun:
            self._begun = True
            self.earliest, self.latest = ts - LONGEST_RUN, ts + LONGEST_RUN

    def apply(self, sink: Sink, messages: list[Message], *, retained: bool = False) -> None:
        """Take in messages of one topic; those that are known are dropped.

        Args:
            sink: where they go.
            messages: in their order of arrival.
            retained: whether they were handed over by the broker when it was subscribed to, not sent live.
        """
        sessions = sorted({m.session for m in messages})
        for session in sessions:
            of_session = messages if len(sessions) == 1 else [m for m in messages if m.session == session]
            tracker = sink.topic.tracker(session)
            late = tracker.late
            fresh = tracker.observe_all(of_session)
            if retained:  # a transfer of state, no disorder
                tracker.late = late
            if not fresh:
                continue
            if sink.counted:
                if session not in sink.line.born:
                    self._watch(sink, session, fresh)
            elif sink.kind == "clock":
                self._confirm(fresh)  # type: ignore[arg-type]
            if sink.kind == "meta":
                self._end_sessions(sink, fresh)
            sink.fold(fresh)

    def forget_unjournaled(self) -> None:
        """Keep only what the journal tells, too: numbers of what is in it, and nothing of what came twice."""
        for sink in self.sinks.values():
            for session, tracker in sink.topic.trackers.items():
                tracker.duplicates = 0
                if not sink.journaled:
                    sink.topic.trackers[session] = Tracker()

    def missing_facts(self, path: str, begin: int, end: int) -> int | None:
        """Part messages of a node, or order messages of a line, that may be missing in [begin, end).

        None when nobody can tell.
        """
        topic = self._facts.get(path)
        return topic.missing(begin, end) if topic else 0

    def tally(self, path: str) -> Tally:
        """What was lost or came twice on a node's topics."""
        return sum((sink.tally for sink in self.sinks.values() if sink.path == path), Tally())

    def last(self, telemetry: Mapping[str, int]) -> Last:
        """How far the run has come, by what the journal has."""
        nodes: dict[str, list[Tracker]] = {}
        sessions: dict[str, int] = {}
        topics = {}
        for topic, sink in self.sinks.items():
            if (last := sink.topic.last) is None or not sink.counted:
                continue
            session, tracker = last
            topics[topic] = (session, tracker.seq)
            if not sink.journaled:
                continue
            if session > sessions.get(sink.path, 0):
                sessions[sink.path], nodes[sink.path] = session, []
            if session == sessions[sink.path]:
                nodes[sink.path].append(tracker)
        found = {}
        for path, trackers in nodes.items():
            newest = max(trackers, key=lambda tracker: tracker.n)
            count = sum(tracker.same for tracker in trackers if tracker.ts == newest.ts)
            found[path] = NodeLast(ts=newest.ts, session=sessions[path], n=newest.n, count=count)
        return Last(nodes=found, topics=topics, telemetry=dict(telemetry))

    def _end_sessions(self, sink: Sink, births: Iterable[Message]) -> None:
        """Births say which numbers of the node were the last of the session before."""
        stem = f"{self.prefix}/{sink.address.enterprise}/{sink.address.site}/{sink.path}/"
        for m in births:
            if isinstance(m, Meta) and m.last:
                self._claim(((stem + kind, last) for kind, last in m.last.items()), m.ts, final=True)

    def _watch(self, sink: Sink, session: int, messages: Sequence[Message]) -> None:
        """Find out whether a session is heard from its beginning.

        It is when a node's first two messages came: of those that a broker keeps for late listeners, a birth document
        may be the first of its node, but what follows it is not kept for long.
        """
        for m in messages:
            if m.n < 2:
                firsts = sink.line.firsts.setdefault((session, sink.path), {})
                firsts[m.n] = m.ts
                sink.line.dirty["firsts"].add((session, sink.path))
                if len(firsts) == 2:
                    self._begin(sink.line, session, min(firsts.values()))

    def _begin(self, line: Connection, session: int, ts: int) -> None:
        """A session is heard from its beginning: what does not begin with the number 0 has lost its head."""
        line.born[session] = ts
        line.dirty["born"].add(session)
        line.dirty["firsts"].update(key for key in line.firsts if key[0] == session)
        line.firsts = {key: seen for key, seen in line.firsts.items() if key[0] != session}
        for sink in self.sinks.values():
            if sink.line is line and session in sink.topic.trackers:
                sink.topic.tracker(session).complete(ts)

    def _confirm(self, beats: Sequence[Clock]) -> None:
        """Heartbeats of a line say which numbers were its last; of many, mostly the newest says it all."""
        if len(beats) == 1:
            self._claim(beats[0].last.items(), beats[0].now)
            return
        nows = [m.now for m in beats]
        in_turn = nows == sorted(nows)
        topics: dict[str, tuple[int, int]] = {}
        for m in beats:
            topics |= m.last
        for topic in topics:
            told = [m.last.get(topic) for m in beats]
            if in_turn and self._is_known(topic, told):
                self._claim([(topic, told[-1])], nows[-1])  # type: ignore[list-item]
                continue
            for last, now in zip(told, nows, strict=True):
                if last is not None:
                    self._claim([(topic, last)], now)

    def _is_known(self, topic: str, told: Sequence[tuple[int, int] | None]) -> bool:
        """Whether all numbers that heartbeats spoke of have been seen, so that only the newest is still news."""
        sink = self.sinks.get(topic)
        if sink is None or None in told or told != sorted(told):  # type: ignore[type-var]
            return False
        (session, seq), (first, _) = told[-1], told[0]
        if first != session:
            return False
        tracker = sink.topic.tracker(session)
        return (self.remembering and not sink.journaled) or (tracker.low >= 0 and seq <= tracker.high)

    def _claim(self, last: Iterable[tuple[str, tuple[int, int]]], now: int, *, final: bool = False) -> None:
        """A publisher says which numbers were its last."""
        sinks = self.sinks
        for topic, (session, seq) in last:
            sink = sinks.get(topic)
            if sink is None:
                with contextlib.suppress(MessageError):  # a topic of which nothing arrived, or that is nobody's
                    sink = self.sink(topic, parse(topic, self.prefix))
            if sink is None or session < 1:  # no session has such a number
                continue
            tracker = sink.topic.tracker(session)
            if self.remembering and not sink.journaled:
                tracker.assume(seq)
            elif final or seq >= tracker.high or tracker.low < 0:  # what is older than what came says nothing new
                tracker.claim(seq, now, final=final)
