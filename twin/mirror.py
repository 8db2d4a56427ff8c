"""The mirror: what a line is and was, folded from its messages alone. Pure: no clock, no store.

`Mirror.apply` is the one function of live operation, recovery and tests. Facts go into columns sorted by (ts, session,
n), so any order of arrival ends in the same state. Time passes through messages only: each line is known up to its
horizon, the newest instant of its journaled messages and heartbeats.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from sys import intern
from typing import Any

import msgspec
from msgspec.structs import replace

from broker import PREFIX, Address, build
from plant.catalogue import CATALOGUE as MACHINES
from plant.description import Line, Plant, Station
from plant.errors import MessageError
from plant.figures import planned_bottleneck
from plant.goods import Product
from plant.messages import Alarm, Clock, Message, Meta, PartEvent, Remark, Status, Tag
from plant.paths import Node
from plant.remarks import Disposed
from twin.accounts import StateAccount
from twin.alarm_states import AlarmNow, alarm_now
from twin.kept import Kept, Stored
from twin.lineage import Lineage
from twin.measurements import Measurements
from twin.meter import Meter
from twin.orders import Orders
from twin.plan import Plan
from twin.remarks import Remarks
from twin.stays import (
    AGAIN,
    REWORKED,
    SCRAPPED,
    UNTOLD,
    WORKED,
    Canonical,
    Departures,
    Key,
    Lives,
    Outcomes,
    PartLog,
    Stays,
    Trips,
)
from twin.values import Interval

Fold = Callable[[Sequence[Any]], None]
"""Takes in messages of one topic and session; in turn is fast, out of turn gives the same state."""

NEVER = 1 << 62
TIMELESS = frozenset({"telemetry", "waveform", "kpi", "cmd", "remark"})
"""Kinds that move no time: not in the journal, or not of the line's own publisher."""


class Thing(Kept):
    """What lines, stations and machines have in common: address, birth document, energy, alarms."""

    stored = Stored(values={"meta": Meta | None}, lists={"alarms": Alarm}, parts=("energy", "log", "remarks"))

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.node = node
        self.path = node.path
        self.meta: Meta | None = None
        self.energy = Meter()
        self.alarms: dict[str, list[Alarm]] = {}
        self.log = PartLog()
        self.remarks = Remarks()

    def describe(self, messages: Sequence[Meta]) -> None:
        """Take in birth documents: the newest holds."""
        self.meta = max((*messages, self.meta) if self.meta else messages, key=_key)

    def alarm(self, messages: Sequence[Alarm]) -> None:
        """Take in transitions of an alarm."""
        known = self.alarms.setdefault(messages[0].code, [])
        self.grew("alarms", messages[0].code, bisect_right(known, min(map(_key, messages)), key=_key))
        known.extend(messages)
        known.sort(key=_key)

    def alarms_at(self, at: int) -> list[AlarmNow]:
        """Its alarms as they are at an instant, those that were raised by then, the oldest first."""
        told = self.remarks.told
        found = (alarm_now(self.path, known, told, at) for known in self.alarms.values())
        return sorted((alarm for alarm in found if alarm is not None), key=lambda alarm: (alarm.since, alarm.code))

    def active_alarms(self, at: int) -> list[AlarmNow]:
        """Alarms that stand at an instant, or went away before anybody acknowledged them, the oldest first."""
        return [alarm for alarm in self.alarms_at(at) if alarm.open]

    def alarms_between(self, begin: int, end: int) -> list[Alarm]:
        """Transitions of its alarms in [begin, end), in the order of the stream."""
        return sorted((m for known in self.alarms.values() for m in known if begin <= m.ts < end), key=_key)

    @property
    def canonical(self) -> Canonical:
        """The same for the same messages."""
        alarms = sorted((code, [msgspec.to_builtins(m) for m in known]) for code, known in self.alarms.items())
        told = [self.energy.canonical, alarms, self.log.canonical, self.remarks.canonical]
        return [self.path, msgspec.to_builtins(self.meta), *told]


class Machine(Thing):
    """A machine: a work unit of all KPIs."""

    stored = Stored(parts=("states", "outcomes", "measurements", "plan"))

    def __init__(self, node: Node, station: Station, products: Sequence[Product], *, booked: bool = False) -> None:
        super().__init__(node)
        self.station = station
        self.states = StateAccount(booked=booked)
        self.outcomes = Outcomes()
        self.measurements = Measurements()
        planned = {product.name: station.planned(product) for product in products}
        self.own = {name: cycle for name, cycle in planned.items() if cycle != station.planned_cycle}
        """Products with a planned run time of their own here."""
        self.kinds = {product.name: kind for kind, product in enumerate(products, start=1)}
        """Products by the numbers of `Outcomes`; what is none of them has 0."""
        self.plan = Plan(station.planned_cycle, [self.own.get(product.name) for product in products])

    def remark(self, messages: Sequence[Remark]) -> None:
        """Take in what people said."""
        self.remarks.extend(messages)
        for m in messages:
            if isinstance(m.about, Disposed):
                self.outcomes.dispose(m.about.at, m.about.part, m.about.verdict)

    def at(self, at: int, horizon: int) -> Interval | None:
        """The stretch in force at an instant, with the reason that was said of it last."""
        told = self.states.at(at, horizon)
        if told is None:
            return None
        said = self.remarks.recoded([replace(told, end=at + 1)])[-1]
        return replace(told, reason=said.reason, recorded=said.recorded)

    def intervals(self, begin: int, end: int, horizon: int) -> list[Interval]:
        """What it did in [begin, end), without a gap, with the reasons that were said last."""
        return self.remarks.recoded(self.states.intervals(begin, end, horizon))

    @property
    def planned_cycle(self) -> int:
        """Planned run time per item (PRI) by its newest birth document, else by the plant."""
        return self.plan.newest

    @property
    def tags(self) -> dict[str, Tag]:
        """Its signals, by its birth document, else by the catalogue."""
        told = self.meta.tags if self.meta else None
        return told or (MACHINES[self.station.type].told_tags if self.station.type in MACHINES else {})

    def born(self, messages: Sequence[Meta]) -> None:
        """Take in birth documents."""
        self.describe(messages)
        self.plan.extend(messages)
        for m in messages:
            if m.last and (last := m.last.get("state")):
                self.states.finish(*last)

    @property
    def canonical(self) -> Canonical:
        """The same for the same messages."""
        own = [self.states.canonical, self.outcomes.canonical, self.measurements.canonical]
        return [super().canonical, *own, self.plan.canonical]


class Place(Thing):
    """A station: its machines, its buffer and the way into it."""

    stored = Stored(parts=("machines", "wip", "transit", "queue"))

    def __init__(self, line: Line, station: Station, products: Sequence[Product], *, again: bool) -> None:
        super().__init__(Node(line.area, line.name, station.name))
        self.station = station
        booked = line.arrivals.orders
        self.machines = tuple(Machine(node, station, products, booked=booked) for node in line.machines(station))
        self.wip = Stays()
        self.again = again
        self.transit: Stays | Trips = Trips() if again else Stays()
        self.queue = Stays()
        self.entry = line.begins(station.name, None)
        self.routed = {p.name: line.begins(station.name, p) for p in products if p.route}

    def begins(self, product: str) -> bool:
        """Whether parts of a product come into the line here."""
        return self.routed.get(product, self.entry)

    @property
    def single(self) -> bool:
        """Whether its one machine is the station itself."""
        return len(self.machines) == 1

    @property
    def canonical(self) -> Canonical:
        """The same for the same messages."""
        own = [super().canonical, self.wip.canonical, self.transit.canonical, self.queue.canonical]
        return [own, *(machine.canonical for machine in self.machines)]


class LineMirror(Thing):
    """A line: its stations in flow order, and what is known of its connection."""

    stored = Stored(
        values={"first": int, "horizon": int, "clock": Clock | None, "online": bool | None, "session": int},
        parts=("places", "wip", "shipped", "scrapped", "lineage", "orders"),
    )

    def __init__(self, line: Line, plant: Plant) -> None:
        super().__init__(line.node)
        self.line = line
        again = may_return(line, plant.products)
        self.places = tuple(Place(line, station, plant.products, again=again) for station in line.stations)
        self.by_name = {place.station.name: place for place in self.places}
        slowest = planned_bottleneck(line, plant.products_of(line))
        self.bottleneck = self.by_name[slowest.station.name]
        self.times = (slowest.visits, *(slowest.times(product) for product in plant.products))
        """Operations at the bottleneck for each shipped part, by the numbers of `kinds`."""
        self.takt = slowest.rate_per_h
        """Parts per hour that it would give if it never waited or failed."""
        self.kinds = {product.name: kind for kind, product in enumerate(plant.products, start=1)}
        """Products by the numbers of `Departures`; what is none of them has 0."""
        self.wip = Lives() if again else Stays()
        self.shipped = Departures()
        self.scrapped = Departures()
        self.lineage = Lineage()
        self.orders = Orders()
        self.first = NEVER
        self.horizon = -1
        self.clock: Clock | None = None
        self.online: bool | None = None
        self.session = 0
        self.state_topics: dict[str, StateAccount] = {}

    @property
    def dearest(self) -> int:
        """The most that a shipped part may be worth: microseconds of planned work at the bottleneck."""
        plan = self.bottleneck.machines[0].plan
        return max(round(often * plan.highest_of(kind)) for kind, often in enumerate(self.times))

    def remark(self, messages: Sequence[Remark]) -> None:
        """Take in what people said."""
        self.remarks.extend(messages)
        for m in messages:
            if isinstance(m.about, Disposed):
                left, to = self.scrapped, self.shipped
                if m.about.verdict != "good":
                    left, to = to, left
                left.give(m.about.at, m.about.part, to)

    @property
    def machines(self) -> Iterator[Machine]:
        """All machines in flow order."""
        return (machine for place in self.places for machine in place.machines)

    @property
    def canonical(self) -> Canonical:
        """The same for the same messages; whether it is online depends on their order of arrival, so it is left out."""
        clock = msgspec.to_builtins(self.clock)
        away = [self.wip.canonical, self.shipped.canonical, self.scrapped.canonical, self.lineage.canonical]
        own = [super().canonical, *away, self.orders.canonical, clock]
        return [own, self.first, self.horizon, *(place.canonical for place in self.places)]


def things_of(line: LineMirror) -> Iterator[tuple[str, LineMirror | Place | Machine]]:
    """All nodes of a line of which figures are told, with their paths; a single machine is its station."""
    yield line.path, line
    for place in line.places:
        yield place.path, place
        if not place.single:
            yield from ((machine.path, machine) for machine in place.machines)


def machines_of(line: LineMirror, thing: LineMirror | Place | Machine) -> tuple[Machine, ...]:
    """The machines of a node of a line."""
    if isinstance(thing, Machine):
        return (thing,)
    return thing.machines if isinstance(thing, Place) else tuple(line.machines)


def may_return(line: Line, products: Iterable[Product]) -> bool:
    """Whether a part may come to a station again: some way leads to its own or an earlier station of the list."""
    index = {station.name: i for i, station in enumerate(line.stations)}
    ways = {(station.name, to) for i, station in enumerate(line.stations) for to in line.ways(i)}
    for station in line.stations:
        if station.quality.rework is not None:
            ways.add((station.name, station.quality.rework.to))
        if station.inspection is not None and station.inspection.to is not None:
            ways.add((station.name, station.inspection.to))
    for product in products:
        ways.update(pairwise(product.route))
    return any(index.get(to, len(index)) <= index.get(of, -1) for of, to in ways)


class Mirror(Kept):
    """What the messages of one run say about a plant.

    Args:
        plant: the description; messages of nodes that are not in it are refused.
        prefix: what topics begin with.
    """

    stored = Stored(parts=("lines",))

    def __init__(self, plant: Plant, prefix: str = PREFIX) -> None:
        super().__init__()
        self.plant = plant
        self.lines = {line.node: LineMirror(line, plant) for line in plant.lines}
        self.things: dict[Node, tuple[LineMirror, Place | None, Thing]] = {}
        for line in self.lines.values():
            self.things[line.node] = (line, None, line)
            for place in line.places:
                self.things[place.node] = (line, place, place)
                for machine in place.machines:  # a single machine takes the place of its station
                    self.things[machine.node] = (line, place, machine)
                    topic = build(plant.enterprise, plant.plant, machine.node, "state", prefix=prefix)
                    line.state_topics[topic] = machine.states

    def apply(self, address: Address, message: Message) -> None:
        """Fold one message in.

        Raises:
            MessageError: reason ``node``, the plant has no such node, or it has no such messages.
        """
        self.fold(address)([message])

    def fold(self, address: Address) -> Fold:
        """What takes in the messages of one topic.

        Raises:
            MessageError: reason ``node``, the plant has no such node, or it has no such messages.
        """
        found = self.things.get(address.node) if address.node else None
        if found is None or (address.enterprise, address.site) != (self.plant.enterprise, self.plant.plant):
            raise MessageError("node", f"{self.plant.plant} has no {address.node or address.site}")
        line, place, thing = found
        take = _takes(address.kind, line, place, thing)
        if take is None:
            raise MessageError("node", f"{address.node} has no messages of kind {address.kind}")
        return take if address.kind in TIMELESS else _timed(line, take)

    @property
    def horizon(self) -> int:
        """Newest confirmed instant of all lines; -1 before the first message."""
        return max(line.horizon for line in self.lines.values())

    @property
    def first(self) -> int:
        """Instant of the first message."""
        return min(line.first for line in self.lines.values())

    def digest(self) -> str:
        """The same for the same set of messages, whatever the order in which they came."""
        tree = [line.canonical for line in self.lines.values()]
        return hashlib.sha256(msgspec.json.encode(tree)).hexdigest()


def _key(m: Message) -> tuple[int, int, int]:
    """Order of a node's messages."""
    return m.ts, m.session, m.n


def _timed(line: LineMirror, take: Fold) -> Fold:
    """Time passes with each message of the line's publisher."""

    def fold(messages: Sequence[Message]) -> None:
        instants = [m.ts for m in messages]
        line.horizon = max(line.horizon, max(instants))  # noqa: PLW3301 two numbers, then many
        line.first = min(line.first, min(instants))  # noqa: PLW3301
        take(messages)

    return fold


def _takes(kind: str, line: LineMirror, place: Place | None, thing: Thing) -> Fold | None:
    """What messages of a kind do to a node; none if it has no such messages."""
    table: dict[str, Fold] = {"cmd": _nothing, "ack": _nothing, "kpi": _nothing, "remark": thing.remarks.extend}
    if isinstance(thing, LineMirror):
        table |= {"clock": partial(_clock, line), "status": partial(_status, line), "meta": partial(_born, line)}
        table["order"] = line.orders.extend
        table["remark"] = line.remark
    elif isinstance(thing, Machine):
        table |= {"meta": thing.born, "state": thing.states.extend, "telemetry": _nothing, "waveform": _nothing}
        table["quality"] = thing.measurements.extend
        table["remark"] = thing.remark
    else:
        table |= {"meta": thing.describe}
    if isinstance(thing, LineMirror | Machine):
        table |= {"energy": thing.energy.extend, "alarm": thing.alarm}
    if place is not None:
        table["part"] = _parts(line, place, thing if isinstance(thing, Machine) else None)
    return table.get(kind)


def _nothing(_: Sequence[Message]) -> None:
    """The mirror has no use for them yet; the journal keeps them."""


def _born(line: LineMirror, messages: Sequence[Meta]) -> None:
    line.describe(messages)
    line.session = max(line.session, *(m.session for m in messages))


def _status(line: LineMirror, messages: Sequence[Status]) -> None:
    """A last will says nothing about when, so the order of arrival decides: it is the only kind for which it does."""
    line.online = messages[-1].online


def _clock(line: LineMirror, messages: Sequence[Clock]) -> None:
    if line.online is None:
        line.online = True
    line.session = max(line.session, *[m.session for m in messages])
    line.horizon = max(line.horizon, *[m.now for m in messages])
    newest = max(messages, key=lambda m: (m.session, m.seq))
    if line.clock is None or (newest.session, newest.seq) > (line.clock.session, line.clock.seq):
        line.clock = newest
    told = sorted(messages, key=lambda m: m.now)
    for topic, states in line.state_topics.items():
        confirmed = {m.last.get(topic): m.now for m in told}  # of those that speak of one message, the last one
        for last, now in confirmed.items():
            if last is not None:
                states.confirm(last[0], last[1], now)


def _parts(line: LineMirror, place: Place, machine: Machine | None) -> Fold:
    """What part events do: they move parts between places, and a machine books what it finished."""
    log = (machine or place).log
    steps: list[tuple[str, Callable[[list[PartEvent]], None]]] = [
        ("entered", partial(_entered, line, place)),
        ("started", lambda events: place.queue.end(_keys(events), [m.ts for m in events])),
    ]
    if machine is not None:
        steps += [
            ("finished", partial(_finished, machine)),
            ("scrapped", partial(_judged, machine, SCRAPPED)),
            ("reworked", partial(_judged, machine, REWORKED)),
        ]
    steps.append(("left", partial(_left, line, place)))

    def fold(messages: Sequence[PartEvent]) -> None:
        log.extend(messages)
        of: dict[str, list[PartEvent]] = {}
        for m in messages:
            of.setdefault(m.event, []).append(m)
        for event, step in steps:  # the order among parts does not matter, so each step takes all of its kind
            if event in of:
                step(of[event])

    return fold


def _keys(events: Sequence[PartEvent]) -> Sequence[Key]:
    """Whose visits the events are about."""
    return [m.part if m.visit == 1 else (m.part, m.visit) for m in events]


def _entered(line: LineMirror, place: Place, events: list[PartEvent]) -> None:
    """Parts have a place in the station: they begin their lives in the line, or have come on their way."""
    keys, instants = _keys(events), [m.ts for m in events]
    place.wip.begin(keys, instants)
    if [m.of for m in events].count(None) < len(events):  # pieces of a part that was taken apart in the machine
        _came_out(line, place, [m for m in events if m.of is not None])
        events = [m for m in events if m.of is None]
        if not events:
            return
        keys, instants = _keys(events), [m.ts for m in events]
    place.queue.begin(keys, instants)
    born = []
    if place.entry or place.routed:
        born = [m for m in events if m.visit == 1 and place.begins(m.product)]
    if born:
        line.wip.begin([m.part for m in born], [m.ts for m in born])
        if not place.again:  # else parts that began elsewhere may have come here, too: each finds its trip, or has none
            events = [m for m in events if m.visit > 1 or not place.begins(m.product)]
    if events:
        place.transit.end([m.part for m in events], [m.ts for m in events])


def _came_out(line: LineMirror, place: Place, events: list[PartEvent]) -> None:
    line.wip.begin([m.part for m in events], [m.ts for m in events])
    for m in events:
        line.lineage.taken.add(m.part, m.of or "", m.ts, place.path)


def _finished(machine: Machine, events: list[PartEvent]) -> None:
    instants, parts = [m.ts for m in events], [m.part for m in events]
    cycles = [UNTOLD if m.cycle_us is None else m.cycle_us for m in events]
    marks = [WORKED if m.visit == 1 else WORKED | AGAIN for m in events]
    kinds = [machine.kinds.get(m.product, 0) for m in events] if machine.kinds else None
    orders = [m.order and intern(m.order) for m in events] if machine.states.booked else None
    machine.outcomes.finish(instants, parts, cycles, marks, kinds, orders)


def _judged(machine: Machine, verdict: int, events: list[PartEvent]) -> None:
    for m in events:
        mark = verdict if m.visit == 1 else verdict | AGAIN
        order = m.order if machine.states.booked else None
        machine.outcomes.judge(m.ts, m.part, mark, machine.kinds.get(m.product, 0), order)


def _left(line: LineMirror, place: Place, events: list[PartEvent]) -> None:
    """Parts gave their places away: to the next station, into another part, or out of the line."""
    keys = _keys(events)
    place.wip.end(keys, [m.ts for m in events])
    away = [m for m in events if m.route is None]
    if away:
        _out(line, place, away)
    for route in {m.route for m in events if m.route is not None}:
        if to := line.by_name.get(route):
            going = [m for m in events if m.route == route]
            to.transit.begin([m.part for m in going], [m.ts for m in going])


def _out(line: LineMirror, place: Place, away: list[PartEvent]) -> None:
    """Parts end their lives in the line: shipped, as scrap, or as pieces of another part, whose queue they leave."""
    good = [m.cause is None and m.into is None for m in away]
    since = [m.since for m in away]
    whole = since.count(None) == len(since)
    line.wip.end([m.part for m in away], [m.ts for m in away], good, None if whole else since)
    for m in away:
        if m.into is None:
            left = line.shipped if m.cause is None else line.scrapped
            left.note(m.ts, m.part, line.kinds.get(m.product, 0), m.order)
        else:
            place.queue.end(_keys([m]), [m.ts])
            line.lineage.built.add(m.part, m.into, m.ts, place.path)
