"""What a picture of a run shows: the state of each machine and some tags, by column of the picture.

A column is a stretch of time as wide as a pixel. However long the run, only its columns are kept.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from plant.errors import InputError
from plant.messages import Meta, StateChange, Tag, Telemetry
from plant.paths import Node
from plant.states import State
from plant.time import HOUR
from shopfloor.settings import OfflineSettings
from shopfloor.tags import TagChoice, machines_of
from simulators import Simulation

SHOWN_FAILURE = 0.1  # share of a column from which on a failure shows, whatever else lasted longer
NUMBERS = frozenset({"float", "int"})
"""Datatypes that a trend can show."""
USUAL = ("power", "load", "temp", "vibration")
"""What the names of the tags begin or end with that are shown of the busiest machine."""
HALL = "ambient"
"""What the names of tags begin with that tell of the hall and not of the machine."""


@dataclass(frozen=True, slots=True)
class Span:
    """Time cut into equal columns: [begin, end) in microseconds UTC."""

    begin: int
    end: int
    columns: int

    def column(self, ts: int) -> int:
        """The column of an instant inside."""
        return (ts - self.begin) * self.columns // (self.end - self.begin)

    def place(self, ts: int) -> float:
        """Where an instant lies, in columns."""
        return (ts - self.begin) * self.columns / (self.end - self.begin)

    def first(self, column: int) -> int:
        """First instant of a column."""
        return self.begin - (-column * (self.end - self.begin)) // self.columns


@dataclass(kw_only=True)
class Lane:
    """How long a machine was in each state, column by column."""

    span: Span
    _times: list[dict[str, int]] = field(default_factory=list)
    _state: str = ""
    _since: int = 0

    def __post_init__(self) -> None:
        """No time is booked yet."""
        self._times = [{} for _ in range(self.span.columns)]

    def change(self, ts: int, state: str) -> None:
        """The machine is in this state from now on."""
        if self._state and ts > self._since:
            self._book(max(self._since, self.span.begin), min(ts, self.span.end))
        self._state, self._since = state, ts

    def _book(self, begin: int, end: int) -> None:
        while begin < end:
            column = self.span.column(begin)
            until = min(end, self.span.first(column + 1))
            times = self._times[column]
            times[self._state] = times.get(self._state, 0) + until - begin
            begin = until

    def runs(self) -> Iterator[tuple[int, int, str]]:
        """First column, column behind the last, and state: the longest of each column, a failure before it."""
        shown = [_shown(times) for times in self._times]
        begin = 0
        for column in range(1, len(shown) + 1):
            if column == len(shown) or shown[column] != shown[begin]:
                yield begin, column, shown[begin]
                begin = column


def _shown(times: Mapping[str, int]) -> str:
    failed = times.get(State.FAILED.value, 0)
    if failed and failed >= SHOWN_FAILURE * sum(times.values()):
        return State.FAILED.value
    return max(times, key=lambda state: times[state], default="")


@dataclass(kw_only=True)
class Trend:
    """A tag of a machine: of each column the first, lowest, highest and last sample."""

    node: Node
    name: str
    tag: Tag
    span: Span
    points: list[tuple[float, float]] = field(default_factory=list)

    def add(self, t: Sequence[int], values: Sequence[Any]) -> None:
        """Samples of a while, later than those before."""
        known = [(ts, float(v)) for ts, v in zip(t, values, strict=True) if v is not None and self._has(ts)]
        if not known:
            return
        ts, ys = np.array([ts for ts, _ in known]), np.array([y for _, y in known])
        columns = (ts - self.span.begin) * self.span.columns // (self.span.end - self.span.begin)
        cuts = [0, *(np.flatnonzero(np.diff(columns)) + 1).tolist(), len(ts)]
        for first, after in pairwise(cuts):
            of = ys[first:after]
            chosen = sorted({first, first + int(of.argmin()), first + int(of.argmax()), after - 1})
            self.points += [(self.span.place(int(ts[i])), float(ys[i])) for i in chosen]

    def _has(self, ts: int) -> bool:
        return self.span.begin <= ts < self.span.end


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A run as a picture shows it."""

    settings: OfflineSettings
    span: Span
    lanes: Mapping[Node, Lane]
    trends: Sequence[Trend]


def record(
    settings: OfflineSettings, tags: str | None, busiest: Callable[[], tuple[str, str]], columns: int
) -> Record:
    """Run a plant and keep what a picture of it shows.

    Args:
        settings: plant, seed, start, warm-up and time; of several replications the first one.
        tags: the tags that are shown, as a person wrote them; none: the usual ones of the busiest machine.
        busiest: line and station that work most.
        columns: width of the picture.

    Raises:
        InputError: there is no such machine or tag, or it is no number.
    """
    simulation = Simulation(settings.plant, seed=settings.seed, start=settings.start, keep=False)
    begin = settings.start + settings.warm_up
    span = Span(begin, begin + settings.duration, columns)
    nodes = [node for line in settings.plant.lines for station in line.stations for node in line.machines(station)]
    births = machines_of(simulation.births(), nodes)
    chosen = _usual(births, *busiest()) if tags is None else _chosen(births, TagChoice.read(tags, births))
    lanes = {node: Lane(span=span) for node in births}
    trends = [Trend(node=node, name=name, tag=tag, span=span) for node, name, tag in chosen]
    block = settings.plant.telemetry.block
    last = -(-span.end // block) * block
    while simulation.now < last:
        samples: dict[Node, list[Telemetry]] = {trend.node: [] for trend in trends}
        for node, message in simulation.advance(min(simulation.now + HOUR, last)):
            if isinstance(message, StateChange):
                lanes[node].change(message.ts, message.state)
            elif isinstance(message, Telemetry) and node in samples:
                samples[node].append(message)
        for trend in trends:
            told = [message for message in samples[trend.node] if trend.name in message.v]
            trend.add([t for m in told for t in m.t], [value for m in told for value in m.v[trend.name]])
    for lane in lanes.values():
        lane.change(span.end, "")
    return Record(settings=settings, span=span, lanes=lanes, trends=trends)


def _chosen(births: Mapping[Node, Meta], choice: TagChoice) -> list[tuple[Node, str, Tag]]:
    chosen = [(node, name, tag) for node, meta in births.items() for name, tag in choice.of(node, meta).items()]
    for node, name, tag in chosen:
        if tag.datatype not in NUMBERS:
            raise InputError(f"--tags: {node.station}.{name} is no number; allowed with --plot: tags that are")
    return chosen


def _usual(births: Mapping[Node, Meta], line: str, station: str) -> list[tuple[Node, str, Tag]]:
    """One tag of each usual sort, of the first machine of a station."""
    node, meta = next((node, meta) for node, meta in births.items() if (node.line, node.station) == (line, station))
    numbers = {name: tag for name, tag in meta.tags.items() if tag.datatype in NUMBERS and not name.startswith(HALL)}
    found = [next((n for n in numbers if n.startswith(word) or n.endswith(word)), None) for word in USUAL]
    return [(node, name, numbers[name]) for name in found if name is not None]
