"""Runs of a plant by the compiled engine: the same sample path as `simulators.Simulation`, without messages."""

from collections.abc import Iterator
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from plant.description import Plant
from plant.draws import key
from plant.errors import SimulationError
from plant.paths import Node
from plant.states import State
from plant.time import DEFAULT_START
from simulators.compiled.buffer import Belt, Buffer
from simulators.compiled.building import Built
from simulators.compiled.fleet import Vehicle
from simulators.compiled.line import Line
from simulators.compiled.machine import Machine
from simulators.compiled.orders import Ticket as Released
from simulators.compiled.part import BUILT_IN, GOOD, REWORK, SCRAP, Part, Parts
from simulators.compiled.phase import STATES
from simulators.compiled.records import PASSAGE, STAY, VISIT, Log
from simulators.compiled.starting import start as begin
from simulators.compiled.station import Station
from simulators.compiled.world import FULL, World
from simulators.compiler.memory import CAPACITY
from simulators.ledger import Interval, Journey, Passage, joined
from simulators.orders import Ticket
from simulators.simulation import Simulation
from simulators.tally import Tally

if TYPE_CHECKING:
    from simulators.compiler.program import Program

NAMES = tuple(
    state.value
    for state in (
        State.PROCESSING, State.SETUP, State.STARVED, State.BLOCKED, State.WAITING, State.FAILED, State.MAINTENANCE,
        State.PAUSE, State.OFF,
    )
)  # fmt: skip
"""Names of the states by their numbers in the kernel."""

OUTCOMES = {GOOD: "good", SCRAP: "scrap", REWORK: "rework", BUILT_IN: "built in"}
MOST = 1 << 34
"""Bytes of room beyond which a run is not believed to end."""

Rows = NDArray[np.int64]


@cache
def program() -> "Program":
    """The machine code of the kernel, made at the first use on a machine."""
    from simulators.compiler.program import Program  # noqa: PLC0415 LLVM is loaded when it is needed

    return Program([begin])


class CompiledRun:
    """A run of a plant from its beginning to an instant.

    Args:
        plant: the description.
        until: up to and including when it runs, µs since its start.
        seed: seed of all draws.
        start: first instant of the run, microseconds UTC.
        window: what `tally` will be asked for, µs since the start.
        keep: whether every state and visit is kept.

    Raises:
        SimulationError: the run cannot go on, with the words of the SimPy model.
    """

    def __init__(
        self,
        plant: Plant,
        until: int,
        *,
        seed: int = 1,
        start: int = DEFAULT_START,
        window: tuple[int, int] | None = None,
        keep: bool = False,
    ) -> None:
        self.plant = plant
        self.until = until
        self._window = (0, until) if window is None else window
        self._built = Built(plant, start, until)
        self._built.world.keep = keep
        self._built.world.begin, self._built.world.end = self._window
        self._start = start
        self._lay_out(CAPACITY)
        self.again(seed)

    def _lay_out(self, capacity: int) -> None:
        memory = self._memory = program().memory(self._built.world, capacity)
        places = ((memory.place(drawn), path, purpose) for drawn, path, purpose in self._built.draws)
        self._keys = [(place, path, purpose) for place, path, purpose in places if place]

    def again(self, seed: int) -> None:
        """Run once more, with another seed.

        Raises:
            SimulationError: the run cannot go on.
        """
        self.seed = seed
        capacity = CAPACITY
        while (error := self._go()) == FULL and capacity < MOST:
            capacity *= 8
            self._lay_out(capacity)
        if error:
            simulation = Simulation(self.plant, seed=seed, start=self._start, messages=False, keep=False)
            simulation.advance(self._start + self.until)  # it says what is wrong
            raise SimulationError("the run needs more memory than there is")

    def _go(self) -> int:
        memory = self._memory
        memory.reset()
        for place, path, purpose in self._keys:
            memory.set(place, key(self.seed, path, purpose))
        return program().run(begin, memory, self.until)

    # --- reading -------------------------------------------------------------------------------------------------

    def _log(self, place: int, columns: int) -> Rows:
        memory = self._memory
        used = memory.read(place, Log, "used")
        return memory.row(memory.read(place, Log, "items"))[:used].reshape(-1, columns)

    def _world(self, field: str) -> int:
        return int(self._memory.read(self._memory.root, World, field))

    def _row(self, place: int, of: type, field: str) -> list[int]:
        found: list[int] = self._memory.row(self._memory.read(place, of, field)).tolist()
        return found

    def tally(self, begin: int, end: int) -> Tally:
        """Sums over the window.

        Raises:
            ValueError: another window was recorded.
        """
        if (begin, end) != self._window:
            raise ValueError(f"this run recorded {self._window}, not [{begin}, {end})")
        tally, read = Tally(self.plant, begin, end), self._memory.read
        for place, figures in zip(self._row(self._memory.root, World, "lines"), tally.lines, strict=True):
            figures.parts_out, figures.parts_scrapped = read(place, Line, "out"), read(place, Line, "scrapped")
            figures.inside, figures.outside = read(place, Line, "inside"), read(place, Line, "outside")
            figures.take_departures(self._log(read(place, Line, "departures"), 2), begin, end)
            for index, station in enumerate(self._row(place, Line, "stations")):
                figures.station_out[index] = read(station, Station, "out")
                spent = self._row(station, Station, "spent")
                figures.time[index].update({name: time for name, time in zip(NAMES, spent, strict=False) if time})
        for index, place in enumerate(self._row(self._memory.root, World, "machines")):
            condition, since = read(place, Machine, "condition"), read(place, Machine, "since")
            tally.stay(index, (NAMES[condition % STATES], ""), since, self.until)
        return tally

    def departures(self, line: str) -> Rows:
        """Good parts that left a line in the whole run: when, and when they came. Shape (n, 2), µs."""
        return self._log(self._memory.read(self._line(line), Line, "departures"), 2).copy()

    def _line(self, name: str) -> int:
        names = [line.name for line in self.plant.lines]
        return self._row(self._memory.root, World, "lines")[names.index(name)]

    def orders(self, line: str) -> list[Ticket]:
        """The production orders that a line has got so far, in order of release."""
        of, read = self.plant.line(line), self._memory.read
        goods = self.plant.products_of(of)
        products = self._row(self._line(line), Line, "products")
        found: list[Ticket] = []
        for place in self._tickets(line):
            due = read(place, Released, "due")
            product = goods[products.index(read(place, Released, "product"))]
            ticket = Ticket(
                self._order_name(place), product, read(place, Released, "quantity"), read(place, Released, "release"),
                None if due < 0 else due,
            )  # fmt: skip
            completed = read(place, Released, "completed")
            ticket.completed = None if completed < 0 else completed
            ticket.place = len(found)
            found.append(ticket)
        return found

    def _tickets(self, line: str) -> Iterator[int]:
        place = self._memory.read(self._line(line), Line, "tickets")
        while place:
            yield place
            place = self._memory.read(place, Released, "next")

    def _order_name(self, place: int) -> str:
        stream = self._memory.read(place, Released, "stream")
        if stream < 0:
            return self._built.told[self._row(self._memory.root, World, "told").index(place)]
        return f"{self._built.streams[stream]}-{self._memory.read(place, Released, 'number')}"

    # --- what was kept -------------------------------------------------------------------------------------------

    def _kept(self) -> None:
        if not self._built.world.keep:
            raise ValueError("this run kept nothing but sums; give keep=True")

    def allotted(self, node: Node) -> list[Interval]:
        """States of a machine without a gap, cut where the order on it changes.

        Raises:
            ValueError: nothing was kept, or there is no such machine.
        """
        self._kept()
        index = self._built.nodes.index(node)
        names = [ticket.name for ticket in self.orders(node.line)]
        rows = self._log(self._world("stays"), STAY)
        stays = [tuple(row[1:]) for row in rows[rows[:, 0] == index].tolist()]
        place = self._row(self._memory.root, World, "machines")[index]
        read = self._memory.read
        if (since := read(place, Machine, "since")) < self.until:
            order = read(place, Machine, "order")
            number = read(order, Released, "place") if order else -1
            stays.append((read(place, Machine, "condition"), since, self.until, number))
        return [
            Interval(*self._condition(index, condition), begun, ended, "" if order < 0 else names[order])
            for condition, begun, ended, order in stays
        ]

    def intervals(self, node: Node) -> list[Interval]:
        """The same, equal neighbours joined.

        Raises:
            ValueError: nothing was kept, or there is no such machine.
        """
        return joined(self.allotted(node))

    def _condition(self, index: int, condition: int) -> tuple[str, str]:
        state, code = NAMES[condition % STATES], condition // STATES
        if state != State.FAILED:
            return state, self._built.words[code]
        return state, "+".join(name for bit, name in enumerate(self._built.mode_names[index]) if code >> bit & 1)

    def journeys(self) -> list[Journey]:
        """Visits of all parts to all stations, line by line, in order of part and entering."""
        self._kept()
        rows = self._log(self._world("visits"), VISIT).tolist()
        found: list[Journey] = []
        for index, line in enumerate(self.plant.lines):
            stations, goods = [of.name for of in line.stations], self.plant.products_of(line)
            visits = [(*row[1:9], OUTCOMES[row[9]], row[10]) for row in rows if row[0] == index]
            for number, enter, station, begun, ended, visit, leave, machine, outcome, product in sorted(
                [*visits, *self._inside(line.name)], key=lambda row: (row[0], row[1], row[5], row[2])
            ):
                start, finish, left = (None if time < 0 else time for time in (begun, ended, leave))
                part, what = f"{line.name}-{number}", goods[product].name
                found.append(
                    Journey(
                        part, stations[station], machine, enter, start, finish, left, outcome, line.name, visit, what
                    )
                )  # fmt: skip
        return found

    def _inside(self, line: str) -> Iterator[tuple[Any, ...]]:
        """Visits of the parts that are at stations now."""
        products = self._row(self._line(line), Line, "products")
        for index, station in enumerate(self._row(self._line(line), Line, "stations")):
            for of in self._at(station):
                back = of["goes_back"] and of["finish"] >= 0
                outcome = "scrap" if of["scrap"] else "rework" if back else "inside"
                yield (
                    of["number"], of["enter"], index, of["start"], of["finish"], of["visit"], -1, of["machine"],
                    outcome, products.index(of["product"]),
                )  # fmt: skip

    def _at(self, station: int) -> Iterator[dict[str, int]]:
        """Parts that are at a station now, on the way to it not counted."""
        read = self._memory.read
        for buffer in self._row(station, Station, "inputs"):
            yield from self._queued(read(buffer, Buffer, "waiting"))
        for machine in self._row(station, Station, "machines"):
            yield from self._linked(read(machine, Machine, "part"))

    def _under_way(self, line: str) -> Iterator[dict[str, int]]:
        """Parts of a line that are on the way to a station now."""
        read = self._memory.read
        for station in self._row(self._line(line), Line, "stations"):
            for buffer in self._row(station, Station, "inputs"):
                yield from self._queued(read(buffer, Buffer, "coming"))
                if belt := read(buffer, Buffer, "belt"):
                    yield from self._queued(read(belt, Belt, "parts"))
        for vehicle in self._row(self._memory.root, World, "vehicles"):
            part, buffer = read(vehicle, Vehicle, "part"), read(vehicle, Vehicle, "buffer")
            if part and read(read(buffer, Buffer, "station"), Station, "line") == self._line(line):
                yield from self._linked(part)

    def _queued(self, queue: int) -> Iterator[dict[str, int]]:
        return self._linked(self._memory.read(queue, Parts, "head"))

    def _linked(self, place: int) -> Iterator[dict[str, int]]:
        while place:
            yield {name: self._memory.read(place, Part, name) for name in _READ}
            place = self._memory.read(place, Part, "next")

    def passages(self, line: str) -> list[Passage]:
        """Ways of all parts through a line: those that left in order of leaving, then those inside.

        Raises:
            ValueError: nothing was kept.
        """
        self._kept()
        index = [of.name for of in self.plant.lines].index(line)
        products = self._row(self._line(line), Line, "products")
        goods = [of.name for of in self.plant.products_of(self.plant.lines[index])]
        names = [ticket.name for ticket in self.orders(line)]
        places = {place: ticket for ticket, place in enumerate(self._tickets(line))}
        rows = self._log(self._world("passages"), PASSAGE)
        told = [tuple(row[1:]) for row in rows[rows[:, 0] == index].tolist()]
        inside = [of for at in self._row(self._line(line), Line, "stations") for of in self._at(at)]
        for of in sorted([*inside, *self._under_way(line)], key=itemgetter("number")):
            good, order = not of["scrap"], places.get(of["ticket"], -1)
            product = products.index(of["product"])
            told.append((of["number"], of["entered"], None, good, of["since"], 0, of["of"], order, product))
        return [
            Passage(
                f"{line}-{number}", entered, left, bool(good), since, f"{line}-{into}" if into else "",
                f"{line}-{of}" if of else "", goods[product], "" if order < 0 else names[order],
            )
            for number, entered, left, good, since, into, of, order, product in told
        ]  # fmt: skip


_READ = (
    "number", "enter", "start", "finish", "visit", "machine", "goes_back", "scrap", "product", "entered", "since", "of",
    "ticket",
)  # fmt: skip
