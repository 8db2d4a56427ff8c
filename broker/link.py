"""The way from publishers to the twin, where messages are lost, copied, held, spoiled and put out of order.

A pure transformation of a stream of deliveries: what becomes of a message follows from its number and its plant time
alone, what a held one meets on its way from the stream. All of it is booked as effects, not attempts: a message is
reordered only if a higher number of its own topic was delivered before it.

Only counted messages are befallen, since the others have no numbers by which anybody could miss them. Heartbeats and
`status` of a line wait while a whole line is disconnected, of heartbeats the newest; nothing else happens to them, so
that in the end readers know all numbers. Nothing is said in the publisher's name: no last will goes out.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from heapq import heappop

import msgspec

from broker import fates
from broker.codec import decode, encode
from broker.effects import Effects
from broker.fates import Bursts, Trouble
from broker.topics import PREFIX, Address, parse
from broker.way import Item, Topic, Way
from plant.description import Plant
from plant.draws import Stream
from plant.errors import MessageError
from plant.fault_kinds import BURSTS
from plant.faults import TransportFault
from plant.messages import Clock, Delivery, Telemetry
from plant.occurrences import OnTheWay, on_the_way
from plant.paths import Node
from plant.time import SECOND


class _Envelope(msgspec.Struct, frozen=True):
    session: int
    seq: int
    ts: int


class _Samples(msgspec.Struct, frozen=True):
    t: list[int] = []
    samples: int = 0


_envelope = msgspec.json.Decoder(_Envelope)
_samples = msgspec.json.Decoder(_Samples)


class Link:
    """The way of all messages of a plant, with the transport faults of its description.

    Args:
        plant: the description.
        seed: seed of the run.
        start: first instant of the run, microseconds UTC.
        prefix: what topics begin with.

    Attributes:
        account: what happened, by path and kind.
        befallen: how many messages each time of a fault befell, by entry of the plant's faults and begin of that time.
    """

    def __init__(self, plant: Plant, *, seed: int, start: int, prefix: str = PREFIX) -> None:
        self.account: dict[str, dict[str, Effects]] = {}
        self.befallen: Counter[tuple[int, int]] = Counter()
        self._seed = seed
        self._start = start
        self._prefix = prefix
        self._ways = on_the_way(plant, seed)
        self._machines = {(of.name, at.name): at.machines for of in plant.lines for at in of.stations}
        self._lines = {line.node: Way() for line in plant.lines}
        self._topics: dict[str, Topic] = {}
        self._bursts = {way.entry: self._states(way) for way in self._ways}
        self._out: list[Delivery] = []

    def carry(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """What arrives while these set out, in order.

        Args:
            deliveries: as publishers send them: the messages of a line in the order of their plant time.
        """
        for delivery in deliveries:
            self._take(delivery)
        return self._arrived()

    def close(self, line: Node | None = None) -> list[Delivery]:
        """What is still on its way when nothing more is sent: all of it arrives, heartbeats last.

        Args:
            line: of which line; none: of all.
        """
        for node, way in self._lines.items():
            if line is not None and node != line:
                continue
            while way.due or way.overtaken:
                self._release(way, 1 << 63)
                waiting, way.overtaken = way.overtaken, []
                for _, item in waiting:
                    self._emit(way, item)
            self._beat(way)
        return self._arrived()

    @property
    def total(self) -> Effects:
        """All together."""
        total = Effects()
        for kinds in self.account.values():
            for effects in kinds.values():
                for name in Effects.__slots__:
                    setattr(total, name, getattr(total, name) + getattr(effects, name))
        return total

    # --- setting out -------------------------------------------------------------------------------------------------

    def _take(self, delivery: Delivery) -> None:
        address = self._address(delivery.topic)
        way = None if address is None or address.node is None else self._lines.get(address.node.parent)
        if address is None or way is None or address.kind in {"cmd", "ack", "kpi", "remark", "truth"}:
            self._out.append(delivery)
        elif not delivery.payload:
            self._clear(way, delivery)
        elif address.kind in {"clock", "status"}:
            self._tell(way, delivery, address)
        else:
            self._send(way, delivery, address)

    def _address(self, topic: str) -> Address | None:
        try:
            return parse(topic, self._prefix)
        except MessageError:
            return None

    def _clear(self, way: Way, delivery: Delivery) -> None:
        """An alarm that is over clears its topic right behind its last message, and shares its fate."""
        last = way.last
        if last is None or last.deliveries[0].topic != delivery.topic or last.came:
            self._out.append(delivery)
        else:
            last.deliveries.append(delivery)

    def _tell(self, way: Way, delivery: Delivery, address: Address) -> None:
        """A heartbeat or `status`: it waits while the whole line is disconnected."""
        time = self._passes(way, _envelope.decode(delivery.payload).ts)
        node: Node = address.node  # type: ignore[assignment]
        due = time
        for one in self._ways:
            if one.fault.what == "disconnect" and one.fault.place == (node.line,):
                interval = one.occurrences.at(time)
                due = max(due, interval[1] if interval else 0, way.free.get(one.entry, 0))
        if due == time:
            self._heard(way, delivery)
        elif address.kind == "clock":
            way.clock = delivery
            way.hold(due, delivery)
        else:
            way.hold(due, delivery)

    def _send(self, way: Way, delivery: Delivery, address: Address) -> None:
        envelope = _envelope.decode(delivery.payload)
        time = self._passes(way, envelope.ts)
        topic = self._topics.get(delivery.topic) or self._open(delivery.topic, address)
        item = Item(topic, (envelope.session, envelope.seq), [delivery])
        way.last = item
        if item.number <= topic.sent:
            self._repeat(way, item)
            return
        topic.sent = item.number
        topic.effects.generated += 1
        troubles = {
            one.fault.what: Trouble(one, interval, self._bursts[one.entry])
            for one in topic.ways
            if (interval := one.occurrences.at(time)) is not None
        }
        before = len(way.overtaken)
        if troubles or topic.free > time or way.free:
            self._befall(way, item, troubles, time)
        else:
            self._emit(way, item)
        if before:
            self._pass_by(way, before)

    def _passes(self, way: Way, ts: int) -> int:
        """Plant time goes on to an instant: what was held until then arrives before."""
        time = ts - self._start
        way.now = max(way.now, time)
        self._release(way, way.now)
        return time

    def _open(self, name: str, address: Address) -> Topic:
        node: Node = address.node  # type: ignore[assignment]
        effects = self.account.setdefault(node.path, {}).setdefault(address.kind, Effects())
        path = f"{node.path}/{address.kind}" + ("" if address.code is None else f"/{address.code}")
        ways = tuple(one for one in self._ways if self._covers(one, node))
        topic = self._topics[name] = Topic(path, effects, ways)
        return topic

    def _covers(self, one: OnTheWay, node: Node) -> bool:
        """Whether the messages of a node pass the place of a fault; a station is more than its only machine."""
        if node.station is None:
            return one.fault.place == (node.line,)
        if node.machine is None and self._machines.get((node.line, node.station), 1) > 1:
            return one.fault.place == (node.line, node.station)[: len(one.fault.place)]
        return one.fault.covers(node.line, node.station, node.machine or 1)

    def _states(self, way: OnTheWay) -> Bursts | None:
        told = way.fault.parameters
        if way.fault.what != "loss" or told["up"] is None:
            return None
        means = {name: float(told[name] or 0) for name in BURSTS}
        return Bursts(means, Stream(self._seed, way.fault.on, f"{way.purpose}.states"))

    # --- what happens on the way -------------------------------------------------------------------------------------

    def _befall(self, way: Way, item: Item, troubles: dict[str, Trouble], time: int) -> None:
        topic, (session, seq) = item.topic, item.number

        def stream(trouble: Trouble) -> Stream:
            return topic.stream(self._seed, trouble, session)

        due = self._reconnected(way, item, troubles.get("disconnect"), time)
        if item.lost:
            return
        if (loss := troubles.get("loss")) and fates.is_lost(loss, time, stream(loss), seq):
            self._lose(item, loss)
            return
        self._change(item, troubles, stream)
        if slow := troubles.get("delay"):
            due = max(due, time + fates.delay(slow, stream(slow), seq))
            self._note(item, slow)
        due = max(due, topic.free)
        mixed = troubles.get("reorder")
        others = fates.overtakers(mixed, stream(mixed), seq) if mixed and due <= time else 0
        if due <= time and not others:
            self._emit(way, item)
            return
        item.held = True
        topic.held.add(item.number)
        if mixed and others:
            self._note(item, mixed)
            way.overtaken.append((others, item))
        else:
            topic.free = due
            way.hold(due, item)

    def _change(self, item: Item, troubles: dict[str, Trouble], stream: Callable[[Trouble], Stream]) -> None:
        """Spoil its payload, or let it come again."""
        _, seq = item.number
        if broken := troubles.get("malformed"):
            payload = fates.spoiled(broken, stream(broken), seq, item.deliveries[0].payload)
            if payload is not None:
                item.deliveries[0] = msgspec.structs.replace(item.deliveries[0], payload=payload)
                item.spoiled = True
                self._note(item, broken)
        if (again := troubles.get("duplicate")) and not item.spoiled:
            item.copies = fates.copies(again, stream(again), seq)
            if item.copies:
                self._note(item, again)

    def _reconnected(self, way: Way, item: Item, trouble: Trouble | None, time: int) -> int:
        """When the connection of a message is there and has sent what it kept; or the message is lost."""
        if trouble is None:
            return self._behind(way, item, time)
        self._note(item, trouble)
        if not trouble.parameters["keep"]:
            self._lose(item)
            return time
        entry = trouble.way.entry
        due = max(trouble.interval[1], way.free.get(entry, 0))
        if slot := _slot(trouble.way.fault):
            way.free[entry] = due + slot
        kept = way.kept.setdefault(entry, deque())
        while kept and (kept[0].lost or kept[0].came):
            kept.popleft()
        kept.append(item)
        if len(kept) > trouble.number("buffer"):
            self._lose(kept.popleft())
        first = item.deliveries[0]
        if item.topic.path.endswith("/telemetry"):
            item.deliveries[0] = msgspec.structs.replace(first, payload=self._historical(first))
        return due

    def _behind(self, way: Way, item: Item, time: int) -> int:
        """When a message is sent that comes while others wait that were kept."""
        due = time
        for one in item.topic.ways:
            if (free := way.free.get(one.entry, 0)) > time:
                due = max(due, free)
                way.free[one.entry] = free + _slot(one.fault)
        return due

    def _historical(self, delivery: Delivery) -> bytes:
        """Telemetry that was kept says so."""
        _, message = decode(delivery.topic, delivery.payload, self._prefix)
        if not isinstance(message, Telemetry):
            return delivery.payload
        return encode(msgspec.structs.replace(message, hist=True))

    def _lose(self, item: Item, trouble: Trouble | None = None) -> None:
        item.lost = True
        item.topic.held.discard(item.number)
        item.topic.missing.add(item.number)
        effects = item.topic.effects
        effects.lost += 1
        told = _samples.decode(item.deliveries[0].payload) if not item.spoiled else _Samples()
        effects.samples_lost += len(told.t) or told.samples
        if trouble is not None:
            self._note(item, trouble)

    def _note(self, item: Item, trouble: Trouble) -> None:
        key = trouble.way.entry, trouble.interval[0]
        if key not in item.befallen:
            item.befallen.append(key)
            self.befallen[key] += 1

    def _repeat(self, way: Way, item: Item) -> None:
        """The publisher sends something again, on a new connection: what is missing comes after all."""
        topic, number = item.topic, item.number
        if number in topic.missing:
            topic.missing.discard(number)
            topic.effects.recovered += 1
        elif number in topic.held:
            topic.held.discard(number)
            topic.early.add(number)
        else:
            topic.effects.duplicated += 1
            self._out.extend(item.deliveries)
            item.came = True
            return
        self._emit(way, item)

    def _pass_by(self, way: Way, before: int) -> None:
        """One more has set out: the first ones, so many, have one less to wait for."""
        waited = [(others - 1, item) for others, item in way.overtaken[:before]]
        way.overtaken = [*(one for one in waited if one[0]), *way.overtaken[before:]]
        for others, item in waited:
            if not others:
                self._emit(way, item)

    # --- arriving ----------------------------------------------------------------------------------------------------

    def _release(self, way: Way, now: int) -> None:
        """What is held until an instant up to now arrives, in its order."""
        while way.due and way.due[0][0] <= now:
            _, _, what = heappop(way.due)
            if isinstance(what, Item):
                if not what.lost:
                    self._emit(way, what)
            elif what is way.clock:
                self._beat(way)
            elif not what.topic.endswith("/clock"):  # a heartbeat that is not the newest says nothing new
                self._out.append(what)
        if not way.due:
            way.kept.clear()
            way.free = {entry: free for entry, free in way.free.items() if free > now}

    def _emit(self, way: Way, item: Item) -> None:
        topic, number, effects = item.topic, item.number, item.topic.effects
        self._out.extend(item.deliveries)
        for kept in way.kept.values():
            if kept and kept[0] is item:
                kept.popleft()
        item.came = True
        topic.held.discard(number)
        if number in topic.early:
            topic.early.discard(number)
            effects.duplicated += 1
            return
        if item.spoiled:
            effects.malformed += 1
            topic.missing.add(number)
            return
        if number < topic.came:
            effects.reordered += 1
        else:
            topic.came = number
            if item.held:
                effects.delayed += 1
                effects.announced += number <= topic.confirmed
        effects.duplicated += item.copies
        self._out.extend(item.deliveries[:1] * item.copies)

    def _beat(self, way: Way) -> None:
        """The heartbeat that waited arrives."""
        if way.clock is not None:
            clock, way.clock = way.clock, None
            self._heard(way, clock)

    def _heard(self, way: Way, delivery: Delivery) -> None:
        """A heartbeat or `status` arrives; a heartbeat speaks of numbers that may still be on their way."""
        self._out.append(delivery)
        if not (way.due or way.overtaken) or not delivery.topic.endswith("/clock"):
            return
        _, message = decode(delivery.topic, delivery.payload, self._prefix)
        if isinstance(message, Clock):
            for name, number in message.last.items():
                if (topic := self._topics.get(name)) is not None:
                    topic.confirmed = max(topic.confirmed, number)

    def _arrived(self) -> list[Delivery]:
        out, self._out = self._out, []
        return out


def _slot(fault: TransportFault) -> int:
    """Time that each message takes which a connection kept, in µs."""
    pace = fault.parameters.get("pace")
    return round(SECOND / pace) if isinstance(pace, float) else 0
