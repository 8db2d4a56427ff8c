"""Which plants are nothing but serial lines, and the recursion run on them.

`expressible` refuses rather than approximates: what it lets through has the same times as the SimPy model.
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from plant.description import Line, Plant, Station
from plant.distributions import Distribution, constant
from plant.draws import key
from plant.errors import SimulationError
from plant.stops import Failure
from plant.time import DEFAULT_START
from plant.ways import Conveyor, Ride
from simulators.compiled.draws import Draw, made
from simulators.compiled.recursion import (
    BLOCKED,
    FAILED,
    FIELDS,
    PROCESSING,
    STARVED,
    UNLIMITED,
    Clock,
    Flow,
    Stage,
    run_flow,
)
from simulators.compiler.memory import CAPACITY, Memory
from simulators.ledger import Journey
from simulators.orders import Ticket
from simulators.tally import Tally

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from simulators.compiler.program import Program

STATES = {"starved": STARVED, "blocked": BLOCKED, "processing": PROCESSING, "failed": FAILED}
AT_ONCE = constant(0)
MOST = 1 << 34
"""Bytes of room beyond which a run is not believed to end."""

# --- which lines ------------------------------------------------------------------------------------------------------

_STATION: tuple[tuple[Callable[[Station], bool], str], ...] = (
    (lambda station: station.machines > 1, "has parallel machines"),
    (lambda station: bool(station.joins), "is an assembly"),
    (lambda station: bool(station.disassembly), "takes parts apart"),
    (lambda station: bool(station.next), "says where parts go"),
    (lambda station: station.arrivals is not None, "has arrivals of its own"),
    (lambda station: station.supply is not None, "has a supply of material"),
    (lambda station: station.batch is not None, "works in batches"),
    (lambda station: station.dispatch not in {None, "fifo"}, "has a dispatch rule"),
    (lambda station: isinstance(station.transport, Conveyor), "is fed by a conveyor"),
    (lambda station: isinstance(station.transport, Ride), "is fed by vehicles"),
    (lambda station: station.setup is not None, "has setups"),
    (lambda station: station.tool is not None, "has a tool"),
    (lambda station: bool(station.maintenance), "is maintained"),
    (lambda station: station.inspection is not None, "inspects"),
    (lambda station: station.quality.rework is not None, "sends parts back"),
    (lambda station: bool(station.operators), "needs operators"),
    (lambda station: any(mode.part != "resume" for mode in station.failures), "restarts or scraps parts that fail"),
    (lambda station: any(mode.gates != "work" for mode in station.failures), "has failures that gate parts"),
)
"""What a station must not have, and how that is said."""

_LINE: tuple[tuple[Callable[[Line], bool], str], ...] = (
    (lambda line: line.arrivals.orders, "works to orders"),
    (lambda line: line.wip_limit is not None, "has a WIP limit"),
    (lambda line: line.pallets is not None, "has pallets"),
    (lambda line: line.dispatch != "fifo", "has a dispatch rule"),
    (lambda line: len(line.entries) > 1, "has several entries"),
)


def expressible(plant: Plant) -> str | None:
    """Why the recursion can't run a plant; nothing if it can."""
    if plant.shifts:
        return "the plant works in shifts"
    for line in plant.lines:
        products = plant.products_of(line)
        if len(products) > 1 or products[0].route:
            return f"line {line.name} makes several products or has routes"
        for wrong, why in _LINE:
            if wrong(line):
                return f"line {line.name} {why}"
        for station in line.stations:
            for fails, reason in _STATION:
                if fails(station):
                    return f"station {line.name}/{station.name} {reason}"
    return None


# --- made in Python ---------------------------------------------------------------------------------------------------


class _Wiring:
    """A line ready to run, and its streams, which wait for the key of a seed.

    Args:
        plant: the description; `expressible`.
        line: one of its lines.
        window: what counts, µs since the start of the run: [begin, end).
        keep: whether visits are written down.
    """

    def __init__(self, plant: Plant, line: Line, window: tuple[int, int], *, keep: bool) -> None:
        self.draws: list[tuple[Draw, str, str]] = []
        self._window = window
        self._product = plant.products_of(line)[0]
        flow = self.flow = Flow()
        flow.begin, flow.end = window
        flow.early = line.blocking == "before-service"
        flow.timed = line.arrivals.interval is not None
        flow.arrival = self._times(line.name, "arrival", line.arrivals.interval or AT_ONCE)
        flow.stages = [self._stage(line, index) for index in range(len(line.stations))]
        flow.departures, flow.log = [], []
        flow.logging = keep

    def _times(self, path: str, purpose: str, distribution: Distribution) -> Draw:
        drawn = made(distribution)
        self.draws.append((drawn, path, purpose))
        return drawn

    def _stage(self, line: Line, index: int) -> Stage:
        of = line.stations[index]
        path = f"{line.name}/{of.name}"
        stage = Stage()
        entry = index == 0
        open_ended = entry and of.buffer is None and line.arrivals.interval is not None
        stage.buffer = UNLIMITED if open_ended else of.buffer or 0
        stage.cycle = self._times(path, "cycle", of.cycle(self._product))
        stage.load = self._times(path, "load", of.load)
        stage.unload = self._times(path, "unload", of.unload)
        way = AT_ONCE if entry or isinstance(of.transport, Conveyor | Ride) else of.transport
        stage.way = self._times(path, "transport", way)
        stage.quality = self._times(path, "quality", AT_ONCE)
        stage.scrap = of.quality.scrap
        stage.working = [self._clock(mode, f"{path}/1") for mode in of.failures if mode.clock == "operating"]
        stage.calendar = [self._clock(mode, f"{path}/1") for mode in of.failures if mode.clock == "calendar"]
        stage.bare = not of.failures and all(time.constant and time.mean == 0 for time in (of.load, of.unload))
        stage.into = [0] * max(0, stage.buffer)
        stage.finished = [0] * (stage.buffer + 1)
        stage.begin, stage.end = self._window
        stage.sums = [0] * len(STATES)
        return stage

    def _clock(self, mode: Failure, path: str) -> Clock:
        clock = Clock()
        clock.interval = self._times(f"{path}/{mode.mode}", "time_to_failure", mode.interval)
        clock.repair = self._times(f"{path}/{mode.mode}", "time_to_repair", mode.time_to_repair)
        return clock


@cache
def program() -> "Program":
    """The machine code of the recursion, made at the first use on a machine."""
    from simulators.compiler.program import Program  # noqa: PLC0415 LLVM is loaded when it is needed

    return Program([run_flow])


class _Lane:
    """A line laid out in memory."""

    def __init__(self, wiring: _Wiring, capacity: int) -> None:
        self._memory: Memory = program().memory(wiring.flow, capacity)
        self._keys = [(self._memory.place(drawn), path, purpose) for drawn, path, purpose in wiring.draws]

    def run(self, seed: int) -> bool:
        """Run the line; whether there was memory enough."""
        self._memory.reset()
        for place, path, purpose in self._keys:
            self._memory.set(place, key(seed, path, purpose))
        program().run(run_flow, self._memory)
        return not self._memory.full

    def read(self, field: str) -> int:
        """A field of the line."""
        return int(self._memory.read(self._memory.root, Flow, field))

    def row(self, field: str) -> "NDArray[np.int64]":
        """A row of the line."""
        return self._memory.row(self.read(field))

    def stages(self, field: str) -> list[int]:
        """A field of all stations."""
        return [int(self._memory.read(place, Stage, field)) for place in self.row("stages").tolist()]

    def sums(self) -> list[list[int]]:
        """µs by state, of each station."""
        return [self._memory.row(place).tolist() for place in self.stages("sums")]


class SerialRun:
    """A run of serial lines from their beginning to an instant, by recursion; else as `engine.CompiledRun`.

    Args:
        plant: the description; `expressible`.
        until: up to and including when it runs, µs since its start.
        seed: seed of all draws.
        start: first instant of the run, microseconds UTC; nothing here depends on it.
        window: what `tally` will be asked for, µs since the start.
        keep: whether every visit is kept.

    Raises:
        SimulationError: there is not memory enough.
    """

    def __init__(
        self,
        plant: Plant,
        until: int,
        *,
        seed: int = 1,
        start: int = DEFAULT_START,  # noqa: ARG002 both kinds of run take the same
        window: tuple[int, int] | None = None,
        keep: bool = False,
    ) -> None:
        self.plant = plant
        self.until = until
        self._window = (0, until) if window is None else window
        if self._window[1] != until:
            raise ValueError(f"the recursion counts up to the end of its run, not to {self._window[1]}")
        self._keep = keep
        self._wirings = [_Wiring(plant, line, self._window, keep=keep) for line in plant.lines]
        self._lay_out(CAPACITY)
        self.again(seed)

    def _lay_out(self, capacity: int) -> None:
        self._capacity = capacity
        self._lanes = [_Lane(wiring, capacity) for wiring in self._wirings]

    def again(self, seed: int) -> None:
        """Run once more, with another seed.

        Raises:
            SimulationError: there is not memory enough.
        """
        self.seed = seed
        while not all(lane.run(seed) for lane in self._lanes):
            if self._capacity >= MOST:
                raise SimulationError("the run needs more memory than there is")
            self._lay_out(self._capacity * 8)

    def tally(self, begin: int, end: int) -> Tally:
        """Sums over the window.

        Raises:
            ValueError: another window was recorded.
        """
        if (begin, end) != self._window:
            raise ValueError(f"this run recorded {self._window}, not [{begin}, {end})")
        tally = Tally(self.plant, begin, end)
        for lane, figures in zip(self._lanes, tally.lines, strict=True):
            figures.parts_out, figures.parts_scrapped = lane.read("out"), lane.read("scrapped")
            figures.inside, figures.outside = lane.read("inside"), lane.read("outside")
            figures.take_departures(_pairs(lane), begin, end)
            figures.station_out = lane.stages("out")
            figures.time = [{state: sums[code] for state, code in STATES.items()} for sums in lane.sums()]
        return tally

    def departures(self, line: str) -> "NDArray[np.int64]":
        """Good parts that left a line in the whole run: when, and when they came. Shape (n, 2), µs."""
        return _pairs(self._lanes[[of.name for of in self.plant.lines].index(line)]).copy()

    def orders(self, line: str) -> list[Ticket]:  # noqa: ARG002 it works to none
        """The production orders of a line: none."""
        return []

    def operations(self) -> int:
        """Operations that were begun."""
        return sum(sum(lane.stages("count")) for lane in self._lanes)

    def journeys(self) -> list[Journey]:
        """Visits of all parts to all stations, line by line, in order of part and entering.

        Raises:
            ValueError: nothing was kept.
        """
        if not self._keep:
            raise ValueError("this run kept no visits; give keep=True")
        return [
            journey
            for lane, line in zip(self._lanes, self.plant.lines, strict=True)
            for journey in self._visits(lane, line)
        ]

    def _visits(self, lane: _Lane, line: Line) -> list[Journey]:
        product = self.plant.products_of(line)[0].name
        found = []
        rows = lane.row("log")[: lane.read("logged")].reshape(-1, FIELDS).tolist()
        for part, station, enter, *instants, scrap in rows:
            took, start, finish, leave = (instant if instant <= self.until else None for instant in instants)
            bad = scrap and finish is not None
            outcome = "scrap" if bad else "inside" if leave is None else "good"
            visit = Journey(
                f"{line.name}-{part}", line.stations[station].name, -1 if took is None else 1, enter, start, finish,
                leave, outcome, line.name, 1, product,
            )  # fmt: skip
            found.append(visit)
        return found


def _pairs(lane: _Lane) -> "NDArray[np.int64]":
    return lane.row("departures")[: lane.read("left")].reshape(-1, 2)
