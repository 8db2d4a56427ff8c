"""What really happened: states of machines and visits of parts, raw, in µs since the start of the run."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Protocol

from plant.description import Plant
from plant.paths import Node
from simulators.part import NOTHING, Part

if TYPE_CHECKING:
    from simulators.line import Line
    from simulators.machine import Machine
    from simulators.phase import Condition
    from simulators.station import Station
    from simulators.tally import Tally


@dataclass(frozen=True, slots=True)
class Interval:
    """A machine was in this state for [begin, end), with this order on it where the line works to orders."""

    state: str
    reason: str
    begin: int
    end: int
    order: str = ""


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
        outcome: ``inside`` while it is there, then ``good``; ``scrap`` as soon as it is scrap; ``rework`` if it must be
            worked on again, ``built in`` if it became a piece of another part.
        line: name of the line.
        visit: counts the part's visits to the station, from 1.
        product: what it is.
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
    visit: int = 1
    product: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """A part's way through the line: out of it, good or not, at `left`.

    Args:
        part: its name.
        entered: when it came into the line, or into being in it.
        left: when it left, or became a piece of another part.
        good: whether it is no scrap.
        since: when the first of its pieces came into the line.
        into: the part that it became a piece of.
        of: the part that it came out of.
        product: what it is.
        order: what it was made for.
    """

    part: str
    entered: int
    left: int | None
    good: bool
    since: int
    into: str = ""
    of: str = ""
    product: str = ""
    order: str = ""

    def count(self, tally: "Tally", line: int) -> None:
        """Let a tally count this way through the line with that index."""
        if self.left is not None and self.into:
            tally.still_inside(line, self.entered, self.left)
        elif self.left is not None:
            tally.left(line, self.entered, self.left, since=self.since, good=self.good)


class Recorder(Protocol):
    """Who writes down what happens; all times in µs since the start of the run."""

    def stay(self, machine: int, condition: "Condition", begin: int, end: int, order: str = "") -> None:
        """A machine, by its index in the plant, was in this state for [begin, end), with this order on it."""

    def visit(self, line: int, station: int, part: Part, time: int) -> None:
        """A part leaves a station, by its index in the line."""

    def departure(self, line: int, part: Part, time: int) -> None:
        """A part leaves a line."""

    def built_in(self, line: int, station: int, part: Part, product: Part, time: int) -> None:
        """A part becomes a piece of another one."""

    def came_out(self, line: int, part: Part, of: Part, time: int) -> None:
        """A part comes out of one that is taken apart."""

    def outside(self, line: int, time: int, level: int) -> None:
        """So many parts wait outside a line from now on."""


Visit = tuple[int, int, int, int | None, int | None, int, int, int, str, str]
"""Part number, enter, station, start, finish, visit, leave, machine, what became of it, product."""


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
        self._stays: list[list[tuple[Condition, int, int, str]]] = [[] for _ in nodes]
        self._visits: list[list[Visit]] = [[] for _ in plant.lines]
        self._passages: list[list[Passage]] = [[] for _ in plant.lines]
        self._origins: list[dict[str, str]] = [{} for _ in plant.lines]
        self._outside: list[list[tuple[int, int]]] = [[] for _ in plant.lines]
        self._lines: Sequence[Line] = ()
        self._machines: Sequence[Machine] = ()

    def watch(self, lines: Sequence["Line"], machines: Sequence["Machine"]) -> None:
        """Know the running model, for what is still under way."""
        self._lines = lines
        self._machines = machines

    # --- writing -------------------------------------------------------------------------------------------------

    def stay(self, machine: int, condition: "Condition", begin: int, end: int, order: str = "") -> None:
        """A machine, by its index in the plant, was in this state for [begin, end), with this order on it."""
        self._stays[machine].append((condition, begin, end, order))

    def visit(self, line: int, station: int, part: Part, time: int) -> None:
        """A part leaves a station, by its index in the line."""
        outcome = "scrap" if part.scrap else "rework" if part.goes_back else "good"
        self._visit(line, station, part, time, outcome)

    def _visit(self, line: int, station: int, part: Part, time: int, outcome: str) -> None:
        begun, visit, machine = (part.start, part.finish), part.visit, part.machine
        self._visits[line].append((part.number, part.enter, station, *begun, visit, time, machine, outcome, part.what))

    def departure(self, line: int, part: Part, time: int) -> None:
        """A part leaves a line."""
        self._passages[line].append(self._passage(line, part, time))

    def built_in(self, line: int, station: int, part: Part, product: Part, time: int) -> None:
        """A part becomes a piece of another one."""
        self._visit(line, station, part, time, "built in")
        self._passages[line].append(self._passage(line, part, time, into=product.name))

    def came_out(self, line: int, part: Part, of: Part, time: int) -> None:  # noqa: ARG002 the part knows when
        """A part comes out of one that is taken apart."""
        self._origins[line][part.name] = of.name

    def _passage(self, line: int, part: Part, left: int | None, into: str = "") -> Passage:
        order = "" if part.ticket is None else part.ticket.name
        of = self._origins[line].get(part.name, "")
        good = not part.scrap
        return Passage(part.name, part.entered, left, good, part.since, into, of, part.what, order)

    def outside(self, line: int, time: int, level: int) -> None:
        """So many parts wait outside a line from now on."""
        self._outside[line].append((time, level))

    # --- reading -------------------------------------------------------------------------------------------------

    def intervals(self, node: Node) -> list[Interval]:
        """States of a machine without a gap, equal neighbours joined; the last one is cut off at `time`.

        A change of order ends no state, so none is named.

        Raises:
            KeyError: the node is no machine of the plant.
        """
        return joined(self.allotted(node))

    def allotted(self, node: Node) -> list[Interval]:
        """The same, cut where the order on the machine changes.

        Raises:
            KeyError: the node is no machine of the plant.
        """
        index = self._index[node]
        intervals = [Interval(*condition, begin, end, order) for condition, begin, end, order in self._stays[index]]
        machine = self._machines[index]
        if machine.since < self.time:
            order = "" if machine.order is None else machine.order.name
            intervals.append(Interval(*machine.condition, machine.since, self.time, order))
        return intervals

    def journeys(self) -> list[Journey]:
        """Visits of all parts to all stations, line by line, in order of part and entering."""
        found = []
        for line, visits in zip(self._lines, self._visits, strict=True):
            names = [station.name for station in line.stations]
            inside = [
                (*visit, None, part.machine, _outcome(part), part.what)
                for station in line.stations
                for visit, part in _present(station)
            ]
            for number, enter, station, start, finish, visit, leave, machine, outcome, product in sorted(
                [*visits, *inside], key=_place
            ):
                part = f"{line.name}-{number}"
                times = enter, start, finish, leave
                found.append(Journey(part, names[station], machine, *times, outcome, line.name, visit, product))
        return found

    def passages(self, line: str) -> list[Passage]:
        """Ways of all parts through a line: those that left in order of leaving, then those inside."""
        index = [of.name for of in self._plant.lines].index(line)
        inside = self._lines[index].inside.values()
        return self._passages[index] + [self._passage(index, part, None) for part in inside]

    def waiting_outside(self, line: str) -> list[tuple[int, int]]:
        """Number of parts waiting outside a line: (from when on, how many), from 0 parts at the beginning."""
        return list(self._outside[[of.name for of in self._plant.lines].index(line)])

    def replay(self, tally: "Tally") -> "Tally":
        """Let a tally count what is written here."""
        for machine, stays in enumerate(self._stays):
            for condition, begin, end, _ in stays:
                tally.stay(machine, condition, begin, end)
        for line, visits in enumerate(self._visits):
            for _, _, station, _, _, _, leave, _, outcome, _ in visits:
                tally.passed(line, station, leave, good=outcome == "good")
        for line, passages in enumerate(self._passages):
            for of in passages:
                of.count(tally, line)
        for line, changes in enumerate(self._outside):
            for time, level in changes:
                tally.outside(line, time, level)
        return tally


def joined(intervals: Iterable[Interval]) -> list[Interval]:
    """Intervals of one machine with equal neighbours as one; orders are not named."""
    found: list[Interval] = []
    for one in intervals:
        last = found[-1] if found else None
        if last is not None and (last.state, last.reason) == (one.state, one.reason):
            found[-1] = Interval(one.state, one.reason, last.begin, one.end)
        else:
            found.append(Interval(one.state, one.reason, one.begin, one.end))
    return found


_place = itemgetter(0, 1, 5, 2)


def _outcome(part: Part) -> str:
    """What has become of a part that is at a station."""
    return "scrap" if part.scrap else "rework" if part.finish is not None and part.goes_back else "inside"


def _present(station: "Station") -> Iterator[tuple[tuple[int, int, int, int | None, int | None, int], Part]]:
    """Parts that are at a station now, on the way to it not counted."""
    held: list[Part] = []
    for machine in station.machines:
        held += machine.members or ([] if machine.part is NOTHING else [machine.part])
    for part in (*(part for buffer in station.inputs for part in buffer.waiting), *held):
        yield (part.number, part.enter, station.index, part.start, part.finish, part.visit), part
