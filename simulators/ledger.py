"""What really happened: states of machines and visits of parts, raw, in µs since the start of the run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Protocol

from plant.description import Plant
from plant.paths import Node
from simulators.part import NOTHING, Part

if TYPE_CHECKING:
    from simulators.line import Line
    from simulators.machine import Condition, Machine
    from simulators.station import Station
    from simulators.tally import Tally


@dataclass(frozen=True, slots=True)
class Interval:
    """A machine was in this state for [begin, end)."""

    state: str
    reason: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Journey:
    """A part's visit to a station.

    Args:
        part: name of the part.
        station: name of the station.
        machine: number of the machine, -1 while it has none.
        enter: when it got its place in buffer or machine.
        start: when work began, none while it has not.
        finish: when work ended, by its end or by a failure that made scrap of the part.
        leave: when it gave its place in the machine away.
        outcome: ``inside`` while it is there, then ``good``; ``scrap`` as soon as it is scrap.
        line: name of the line.
    """

    part: str
    station: str
    machine: int
    enter: int
    start: int | None
    finish: int | None
    leave: int | None
    outcome: str
    line: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A part's way through the line: out of it, good or not, at `left`."""

    part: str
    entered: int
    left: int | None
    good: bool


class Recorder(Protocol):
    """Who writes down what happens; all times in µs since the start of the run."""

    def stay(self, machine: int, condition: "Condition", begin: int, end: int) -> None:
        """A machine, by its index in the plant, was in this state for [begin, end)."""

    def visit(self, line: int, station: int, part: Part, time: int) -> None:
        """A part leaves a station, by its index in the line."""

    def departure(self, line: int, part: Part, time: int) -> None:
        """A part leaves a line."""

    def outside(self, line: int, time: int, level: int) -> None:
        """So many parts wait outside a line from now on."""


Visit = tuple[int, int, int, int, int | None, int | None, int, str]
"""Part number, station, machine, enter, start, finish, leave, why it is scrap."""


class Ledger:
    """The whole truth about a run, kept in memory: raw intervals, journeys and passages.

    Args:
        plant: the description, for the number of lines and machines.

    Attributes:
        time: up to when it is written.
    """

    def __init__(self, plant: Plant) -> None:
        nodes = [node for line in plant.lines for station in line.stations for node in line.machines(station)]
        self.time = 0
        self._plant = plant
        self._index = {node: index for index, node in enumerate(nodes)}
        self._stays: list[list[tuple[Condition, int, int]]] = [[] for _ in nodes]
        self._visits: list[list[Visit]] = [[] for _ in plant.lines]
        self._passages: list[list[tuple[int, int, int, bool]]] = [[] for _ in plant.lines]
        self._outside: list[list[tuple[int, int]]] = [[] for _ in plant.lines]
        self._lines: Sequence[Line] = ()
        self._machines: Sequence[Machine] = ()

    def watch(self, lines: Sequence["Line"], machines: Sequence["Machine"]) -> None:
        """Know the running model, for what is still under way."""
        self._lines = lines
        self._machines = machines

    # --- writing -------------------------------------------------------------------------------------------------

    def stay(self, machine: int, condition: "Condition", begin: int, end: int) -> None:
        """A machine, by its index in the plant, was in this state for [begin, end)."""
        self._stays[machine].append((condition, begin, end))

    def visit(self, line: int, station: int, part: Part, time: int) -> None:
        """A part leaves a station, by its index in the line."""
        self._visits[line].append(
            (part.number, station, part.machine, part.enter, part.start, part.finish, time, part.scrap)
        )

    def departure(self, line: int, part: Part, time: int) -> None:
        """A part leaves a line."""
        self._passages[line].append((part.number, part.entered, time, not part.scrap))

    def outside(self, line: int, time: int, level: int) -> None:
        """So many parts wait outside a line from now on."""
        self._outside[line].append((time, level))

    # --- reading -------------------------------------------------------------------------------------------------

    def intervals(self, node: Node) -> list[Interval]:
        """States of a machine without a gap, equal neighbours joined; the last one is cut off at `time`.

        Raises:
            KeyError: the node is no machine of the plant.
        """
        index = self._index[node]
        intervals = [Interval(*condition, begin, end) for condition, begin, end in self._stays[index]]
        machine = self._machines[index]
        if machine.since < self.time:
            intervals.append(Interval(*machine.condition, machine.since, self.time))
        return intervals

    def journeys(self) -> list[Journey]:
        """Visits of all parts to all stations, line by line, in order of part and station."""
        found = []
        for line, visits in zip(self._lines, self._visits, strict=True):
            names = [station.name for station in line.stations]
            inside = [(*visit, None, part.scrap) for station in line.stations for visit, part in _present(station)]
            for number, station, machine, enter, start, finish, leave, scrap in sorted([*visits, *inside], key=_place):
                outcome = "scrap" if scrap else "inside" if leave is None else "good"
                part = f"{line.name}-{number}"
                found.append(Journey(part, names[station], machine, enter, start, finish, leave, outcome, line.name))
        return found

    def passages(self, line: str) -> list[Passage]:
        """Ways of all parts through a line: those that left in order of leaving, then those inside."""
        index = [of.name for of in self._plant.lines].index(line)
        left = [Passage(f"{line}-{number}", begin, end, good) for number, begin, end, good in self._passages[index]]
        inside = self._lines[index].inside.values()
        return left + [Passage(part.name, part.entered, None, not part.scrap) for part in inside]

    def waiting_outside(self, line: str) -> list[tuple[int, int]]:
        """Number of parts waiting outside a line: (from when on, how many), from 0 parts at the beginning."""
        return list(self._outside[[of.name for of in self._plant.lines].index(line)])

    def replay(self, tally: "Tally") -> "Tally":
        """Let a tally count what is written here."""
        for machine, stays in enumerate(self._stays):
            for condition, begin, end in stays:
                tally.stay(machine, condition, begin, end)
        for line, visits in enumerate(self._visits):
            for _, station, *_, leave, scrap in visits:
                tally.passed(line, station, leave, good=not scrap)
        for line, passages in enumerate(self._passages):
            for _, entered, left, good in passages:
                tally.left(line, entered, left, good=good)
        for line, changes in enumerate(self._outside):
            for time, level in changes:
                tally.outside(line, time, level)
        return tally


_place = itemgetter(0, 1)


def _present(station: "Station") -> Iterator[tuple[tuple[int, int, int, int, int | None, int | None], Part]]:
    """Parts that are at a station now, on the way to it not counted."""
    held = [machine.part for machine in station.machines if machine.part is not NOTHING]
    for part in (*station.buffer.waiting, *held):
        yield (part.number, station.index, part.machine, part.enter, part.start, part.finish), part
