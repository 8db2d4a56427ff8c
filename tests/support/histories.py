"""Generated histories: what three stations did, told in messages, and the truth beside it.

Instants are whole ticks, so many are equal; a tick is a microsecond, a second or an hour, so a history is shorter than
any stop, or longer than a day and crosses the instants at which the clock on the wall is changed. The twin hears the
messages through its real fold, without a store.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

from hearing import NoHistorian, Wire
from hypothesis import strategies as st

from broker import decode
from plant.description import Plant
from plant.messages import Delivery, Energy, Message, PartEvent, StateChange
from plant.paths import Node
from plant.time import DEFAULT_START, HOUR, MINUTE, SECOND, parse_instant
from twin.intake import Run
from twin.questions import Questions

TICKS = 48
UNITS = (1, SECOND, 10 * MINUTE, HOUR)
BEGINS = (DEFAULT_START, parse_instant("2026-03-28T12:00:00Z"), parse_instant("2026-10-24T12:00:00Z"))
"""A Monday, and noons before the clock of Rome is changed."""

LINE = Node("main", "line")
A, B, C = (Node("main", "line", name) for name in "ABC")
B1, B2 = (Node("main", "line", "B", number) for number in (1, 2))
MACHINES = (A, B1, B2, C)
PATHS = ("main/line", "main/line/A", "main/line/B", "main/line/B/1", "main/line/B/2", "main/line/C")
STATES = ("processing", "failed", "blocked", "starved", "waiting", "setup", "maintenance", "pause", "off")
LEVELS = ("off", "standby", "ready", "processing")
STEPS = (
    ("A", "entered"), ("A", "started"), ("A", "finished"), ("A", "left"), ("B", "entered"), ("B", "started"),
    ("B", "finished"), ("B", "left"), ("C", "entered"), ("C", "started"), ("C", "finished"), ("C", "left"),
)  # fmt: skip
"""What happens to a part, in order."""

CYCLES = {"A": 3, "B": 4, "C": 2}
OWN = {"B": 5}  # of product Q


@cache
def plant(unit: int = SECOND, *, factor: int = 1, minimum: bool = False, prefix: str = "") -> Plant:
    """A line of three stations, the middle one with two machines; times in ticks.

    Args:
        unit: a tick in microseconds.
        factor: all planned run times are so many times as long.
        minimum: whether a shortest possible cycle is told.
        prefix: of the names of the stations.
    """

    def us(ticks: int) -> str:
        return f"{ticks * unit} us"

    stations = [
        {
            "name": f"{prefix}{name}",
            "cycle_time": us(cycle * factor),
            "machines": 2 if name == "B" else 1,
            "buffer": 9,
            **({"minimum_cycle": us(1)} if minimum else {}),
        }
        for name, cycle in CYCLES.items()
    ]
    own = {f"{prefix}{name}": us(cycle * factor) for name, cycle in OWN.items()}
    return Plant.model_validate(
        {
            "plant": "site",
            "time_zone": "Europe/Rome",
            "products": [{"name": "P", "share": "50 %"}, {"name": "Q", "cycle_times": own}],
            "lines": [{"name": "line", "minor_stop": us(6), "stations": stations}],
        }
    )


@dataclass(frozen=True)
class Stay:
    """A machine begins to be in a state."""

    at: int
    state: str
    reason: str


@dataclass(frozen=True)
class Journey:
    """A part on its way: instants of as many of the `STEPS` as happened."""

    part: str
    product: str
    machine: int
    bad: bool
    at: tuple[int, ...]

    @property
    def entered(self) -> int:
        return self.at[0]

    @property
    def left(self) -> int | None:
        """When it was out of the line, good or bad."""
        steps = 8 if self.bad else len(STEPS)
        return self.at[steps - 1] if len(self.at) >= steps else None

    def finished(self, station: str) -> int | None:
        place = STEPS.index((station, "finished"))
        return self.at[place] if len(self.at) > place else None


@dataclass(frozen=True)
class Reading:
    """An energy counter, whole kWh by level."""

    at: int
    by: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class History:
    """What was, in ticks; `end` is the instant of the last heartbeat."""

    unit: int = SECOND
    begin: int = DEFAULT_START
    end: int = TICKS
    stays: dict[Node, tuple[Stay, ...]] = field(default_factory=dict)
    journeys: tuple[Journey, ...] = ()
    readings: dict[Node, tuple[Reading, ...]] = field(default_factory=dict)

    def instant(self, tick: int) -> int:
        return self.begin + tick * self.unit

    @property
    def emissions(self) -> list[tuple[Node, Message]]:
        """Its messages in order of time."""
        told: list[tuple[Node, Message]] = []
        for node, stays in self.stays.items():
            told += [
                (node, StateChange(ts=self.instant(s.at), state=s.state, reason=s.reason, since=self.instant(s.at)))
                for s in stays
            ]
        for node, readings in self.readings.items():
            told += [
                (
                    node,
                    Energy(
                        ts=self.instant(r.at), kwh=float(sum(r.by)), kw=1.0,
                        by={level: float(value) for level, value in zip(LEVELS, r.by, strict=True)},
                    ),
                )
                for r in readings
            ]  # fmt: skip
        for journey in self.journeys:
            told += self._told(journey)
        return sorted(told, key=lambda emission: emission[1].ts)

    def _told(self, journey: Journey) -> Iterable[tuple[Node, Message]]:
        nodes = {"A": A, "B": (B1, B2)[journey.machine], "C": C}
        for (station, event), at in zip(STEPS, journey.at, strict=False):
            node = B if (station, event) == ("B", "entered") else nodes[station]
            common = {"ts": self.instant(at), "part": journey.part, "product": journey.product}
            if event == "finished":
                begun = journey.at[STEPS.index((station, "started"))]
                yield node, PartEvent(event=event, cycle_us=(at - begun) * self.unit, **common)
                if station == "B" and journey.bad:
                    yield node, PartEvent(event="scrapped", cause="bad", **common)
            elif event == "left" and station == "B" and journey.bad:
                yield node, PartEvent(event=event, cause="bad", **common)
                return
            elif event == "left":
                yield node, PartEvent(event=event, route={"A": "B", "B": "C", "C": None}[station], **common)
            else:
                yield node, PartEvent(event=event, **common)

    def deliveries(self, beats: Sequence[int] = (), of: Plant | None = None) -> list[Delivery]:
        """Its messages as bytes, with heartbeats at some ticks and at the end."""
        wire = Wire(of or plant(self.unit))
        found: list[Delivery] = []
        emissions = self.emissions
        for beat in [*sorted(beats), self.end]:
            due = [one for one in emissions if one[1].ts <= self.instant(beat)]
            emissions = emissions[len(due) :]
            found += wire.send(*due)
            found += wire.heartbeat(self.instant(beat))
        return found

    def time(self, node: Node, begin: int, end: int) -> dict[str, int]:
        """True microseconds of a machine in each state in [begin, end), instants in microseconds."""
        total: dict[str, int] = {}
        stays = self.stays[node]
        for stay, after in pairwise([*stays, Stay(self.end, "", "")]):
            inside = min(end, self.instant(after.at)) - max(begin, self.instant(stay.at))
            if inside > 0:
                total[stay.state] = total.get(stay.state, 0) + inside
        return total


def told(deliveries: Iterable[Delivery], of: Plant) -> Questions:
    """Who answers questions about what messages say, by the real fold."""
    questions = Questions(of, NoHistorian())
    for delivery in deliveries:
        address, message = decode(delivery.topic, delivery.payload)
        run = questions._runs.get(message.run)
        if run is None:
            run = questions._runs[message.run] = Run(message.run, of)
            questions._order.append(message.run)
        sink = run.sinks.get(delivery.topic) or run.sink(delivery.topic, address)
        run.begin(message.ts)
        run.apply(sink, [message])
    return questions


# --- strategies ------------------------------------------------------------------------------------------------------


class Dice:
    """Choices from bytes: a history of hundreds of them is one draw, so that thousands of histories are quick."""

    def __init__(self, content: bytes) -> None:
        self._bytes = iter(content)

    def of(self, count: int) -> int:
        """A number below `count`; bytes of 0 give 0."""
        return next(self._bytes) % count

    def ticks(self, count: int, end: int = TICKS) -> list[int]:
        """Instants in order, every fourth that of another."""
        found: list[int] = []
        for _ in range(count):
            byte = next(self._bytes)
            found.append(found[-1] if found and byte >= 192 else byte % (end + 1))
        return sorted(found)

    def stays(self, states: Sequence[str] = STATES, most: int = 7) -> tuple[Stay, ...]:
        """From tick 0 on, each a change; of several in one instant all but the last take no time."""
        found: list[Stay] = []
        for at in [0, *self.ticks(self.of(most + 1))]:
            state, reason = states[self.of(len(states))], ("", "", "x", "y")[self.of(4)]
            if not found or (found[-1].state, found[-1].reason) != (state, reason):
                found.append(Stay(at, state, reason))
        return tuple(found)

    def journey(self, part: str, *, whole: bool) -> Journey:
        """A part that passes the line; some never come to its end."""
        product, machine, bad = "PQ"[self.of(2)], self.of(2), self.of(3) == 2
        steps = len(STEPS) if whole else 1 + self.of(len(STEPS))
        return Journey(part, product, machine, bad, tuple(self.ticks(steps)))

    def readings(self, most: int) -> tuple[Reading, ...]:
        """Of a counter that grows, and is reset now and then; readings of one instant may differ."""
        found: list[Reading] = []
        by = (0, 0, 0, 0)
        for at in self.ticks(self.of(most + 1)):
            more = tuple(self.of(4) for _ in LEVELS)
            by = more if self.of(5) == 4 else tuple(a + b for a, b in zip(by, more, strict=True))
            found.append(Reading(at, by))
        return tuple(found)


def histories(
    *, states: Sequence[str] = STATES, parts: int = 4, energy: int = 0, whole: bool = False
) -> st.SearchStrategy[History]:
    """Histories of the line.

    Args:
        states: in which machines can be.
        parts: how many there are at most.
        energy: how many readings a meter has at most.
        whole: whether all parts come to their ends.
    """

    def build(content: bytes) -> History:
        dice = Dice(content)
        return History(
            unit=UNITS[dice.of(len(UNITS))],
            begin=BEGINS[dice.of(len(BEGINS))],
            stays={node: dice.stays(states) for node in MACHINES},
            journeys=tuple(dice.journey(f"p{n}", whole=whole) for n in range(dice.of(parts + 1))),
            readings={node: dice.readings(energy) for node in MACHINES} if energy else {},
        )

    size = 2 + len(MACHINES) * (25 + 6 * energy + 1) + 1 + parts * (4 + len(STEPS))
    return st.binary(min_size=size, max_size=size).map(build)


def _borders(content: bytes) -> list[int]:
    dice = Dice(content)
    found = sorted({tick - 4 for tick in dice.ticks(2 + dice.of(3), TICKS + 8)})
    return found if len(found) > 1 else [found[0], found[0] + 1]


BORDERS = st.binary(min_size=6, max_size=6).map(_borders)
"""Cuts of time in ticks: at events, before the first of them and behind the last; windows longer than everything."""

TICK = st.integers(0, TICKS)
