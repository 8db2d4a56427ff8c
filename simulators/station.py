"""A station: its places, its machines, and which machine a part goes to."""

from typing import TYPE_CHECKING

from plant import description
from plant.paths import Node
from plant.stops import Setup
from plant.ways import Conveyor as BeltOf
from plant.ways import Ride
from simulators.agenda import Agenda
from simulators.buffer import UNLIMITED, Buffer
from simulators.conveyor import Conveyor
from simulators.intake import Load, intake
from simulators.ledger import Recorder
from simulators.machine import Machine
from simulators.part import NOTHING, Part
from simulators.phase import conditions
from simulators.report import Report
from simulators.streams import Streams, Times
from simulators.verdict import Verdict, judges

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plant.people import Need
    from simulators.crew import Crews
    from simulators.fleet import Fleet
    from simulators.line import Line
    from simulators.reservations import Reservations
    from simulators.source import Source
    from simulators.way import Ways


class Station:
    """A station of a line.

    Attributes:
        name: its name.
        node: its address, shared with its machine if it has one only.
        index: position in the line.
        buffer: the places in front of it; of an assembly those of its first input.
        joins: the inputs of an assembly; nothing elsewhere.
        inputs: all places in front of it.
        intake: how it fills a free machine; none: from the head of its queue.
        machines: its machines, number 1 first.
        idle: how many of them a part can go to: without a part, be they up or down.
        inside: parts of a batch that may gather in an idle machine; 0 elsewhere.
        next: the station its parts go to; none: out of the line.
        ways: where they go if not all to `next`.
        source: where parts come from if this is an entry.
        own: reservations for this station.
        conditions: state and reason by phase of a machine.
        begun, bound, loaded, restarted, changed: operations, ways chosen before work, loadings, restarts and setups so
            far (rule 2).
        again: whether a part may come here more than once.
        needs: operators by task.
        varies: whether cycle times depend on the product.
    """

    __slots__ = (
        "_cycles", "_restarts", "_setup", "_setups", "again", "begun", "bound", "buffer", "changed", "conditions",
        "crews", "cycle", "described", "drawing", "freed", "idle", "index", "inputs", "inside", "intake", "joins",
        "line", "load", "loaded", "machines", "name", "needs", "next", "node", "own", "pieces", "process", "recorder",
        "report", "reserves", "restart", "restarted", "returns", "source", "touched", "unload", "varies", "verdict",
        "ways",
    )  # fmt: skip

    def __init__(
        self,
        env: Agenda,
        *,
        line: "Line",
        index: int,
        described: description.Station,
        capacity: int,
        streams: Streams,
        recorder: Recorder | None,
        report: Report | None,
        crews: "Crews",
        fleets: "dict[str, Fleet]",
    ) -> None:
        of = line.described
        path = f"{of.name}/{described.name}"
        self.line = line
        self.described = described
        self.name = described.name
        self.node = Node(of.area, of.name, described.name)
        self.index = index
        self.recorder = recorder
        self.report = report
        self.crews = crews
        self.machines: list[Machine] = []
        self.idle = 0
        self.touched: list[Machine] = line.touched
        self.next: Station | None = None
        self.ways: Ways | None = None
        self.reserves = of.blocking == "before-service"
        self.own: Reservations | None = None
        self.source: Source | None = None
        self.begun = self.bound = self.loaded = self.restarted = self.changed = 0
        self.again = line.returning
        self.cycle = streams.draws(path, "cycle", described.cycle_time)
        own = {made.name: made.cycle_times[self.name] for made in line.products if self.name in made.cycle_times}
        self._cycles = {product: streams.draws(path, "cycle", time) for product, time in own.items()}
        self._restarts = {product: streams.draws(path, "restart", time) for product, time in own.items()}
        self.load = streams.some(path, "load", described.load)
        self.unload = streams.some(path, "unload", described.unload)
        self.restart = streams.draws(path, "restart", described.cycle_time)
        self.verdict = Verdict(self, described, streams, path) if judges(described) else None
        self.needs: dict[str, Sequence[Need]] = {}
        for need in described.operators:
            for task in need.tasks:
                self.needs[task] = [*self.needs.get(task, ()), need]
        self.process = "inspect" if described.inspection is not None and "inspect" in self.needs else "process"
        self.varies = bool(self._cycles)
        self._setup = described.setup
        self._setups = {} if described.setup is None else _setups(described.setup, streams, path)
        self.pieces = [
            (piece.to, piece.product) for piece in described.disassembly for _ in range(piece.quantity)
        ]
        self.joins = [
            Buffer(env, self, capacity if join.buffer is None else join.buffer, None) for join in described.joins
        ]
        self.inside = 0 if described.batch is None else described.batch.size
        self.buffer = self.joins[0] if self.joins else Buffer(env, self, capacity, None)
        self.returns = Buffer(env, self, UNLIMITED, None)
        self.inputs = [*self.joins, self.returns] if self.joins else [self.buffer]
        for place, buffer in enumerate(self.joins or self.inputs):
            self._bring(buffer, streams, path if place == 0 else f"{path}/{described.joins[place].station}", fleets)
        self.intake = intake(self, described, described.dispatch or of.dispatch, self.returns)
        self.drawing = False
        self.freed: list[Machine] = []
        self.conditions = conditions("")

    def _bring(self, buffer: Buffer, streams: Streams, path: str, fleets: "dict[str, Fleet]") -> None:
        """How parts come into a buffer; into the first station of a line they come at once."""
        transport = self.described.transport
        if isinstance(transport, BeltOf):
            buffer.belt = Conveyor(buffer.env, buffer, transport)
        elif isinstance(transport, Ride):
            buffer.fleet = fleets[transport.fleet]
        elif self.index or self.line.returning:
            buffer.carry(streams.some(path, "transport", transport))

    def lead_to(self, following: "Station | None", ways: "Ways | None") -> None:
        """Parts go on to the station that follows, or choose among ways."""
        self.next = following
        self.ways = ways
        self.conditions = conditions("" if following is None else following.name)

    def input_from(self, station: "Station") -> Buffer:
        """The places for parts that come from a station."""
        if not self.joins:
            return self.buffer
        for join, buffer in zip(self.described.joins, self.joins, strict=True):
            if join.station == station.name:
                return buffer
        return self.returns

    # --- what is different from product to product -----------------------------------------------------------------

    def cycle_of(self, part: Part) -> Times:
        """Work times of the operations on a part."""
        return self._cycles.get(part.what, self.cycle) if self._cycles else self.cycle

    def restart_of(self, part: Part) -> Times:
        """Work times of operations that begin anew on a part (rule 19)."""
        return self._restarts.get(part.what, self.restart)

    def setup_time(self, machine: Machine, part: Part) -> int:
        """Time of the setup that a part needs on a machine; 0 if it needs none."""
        setup = self._setup
        if setup is None or not machine.needs_setup(part):
            return 0
        times = self._setups.get((machine.last.what, part.what)) or self._setups.get(("", ""))
        if times is None:
            return 0
        self.changed += 1
        return times(self.changed - 1)

    def differ(self, before: Part, part: Part) -> bool:
        """Whether a part needs a setup after another one."""
        if self._setup is None:
            return False
        match self._setup.when:
            case "product changes":
                return before.what != part.what
            case "order changes":
                return before.ticket is not part.ticket
            case _:
                return before.lot != part.lot

    def count_visit(self, part: Part) -> None:
        """A part comes here, perhaps not for the first time."""
        if part.visits is None:
            part.visits = {}
        part.visit = part.visits[self.name] = part.visits.get(self.name, 0) + 1

    # --- filling machines ----------------------------------------------------------------------------------------

    def choose(self) -> Machine:
        """The machine for a part: the lowest-numbered free one that is up, a failed one only if it must be (9)."""
        machines = self.machines
        if len(machines) == 1:
            return machines[0]
        free = [machine for machine in machines if machine.part is NOTHING and not machine.gated]
        return next((machine for machine in free if not machine.down), free[0])

    def fetch(self, machine: Machine) -> None:
        """A machine is free: the head of the queue moves in. No other can be free while parts wait."""
        if self.intake is not None:
            self.draw_in()
            return
        waiting = self.buffer.waiting
        if waiting and machine.part is NOTHING and not machine.gated:
            machine.take(waiting.popleft())

    def draw_in(self) -> None:
        """Free machines take what they can; what was blocked for these places moves up."""
        if self.drawing or self.intake is None:
            return
        self.drawing = True
        took = False
        while self.idle and (load := self.intake.next(machine := self.choose())) is not None:
            took = True
            self._load(machine, load)
        self.drawing = False
        if took:
            freed, self.freed = self.freed, []
            for machine in freed:
                machine.station.refill(machine)
            for buffer in self.inputs:
                buffer.move_up()

    @staticmethod
    def _load(machine: Machine, load: Load) -> None:
        machine.members = load if len(load) > 1 else None
        machine.take(load[0])

    def refill(self, machine: Machine) -> None:
        """A machine is free: the head of the queue moves in, and the parts behind it move up."""
        self.fetch(machine)
        for buffer in self.inputs:
            if buffer.givers or self.source is not None or buffer.belt is not None:
                buffer.move_up()


def _setups(setup: Setup, streams: Streams, path: str) -> dict[tuple[str, str], Times]:
    """Times by product before and after; by ("", "") those of all other pairs."""
    found = {
        (before, after): streams.draws(path, "setup", time)
        for before, row in setup.matrix.items()
        for after, time in row.items()
    }
    if setup.time is not None:
        found["", ""] = streams.draws(path, "setup", setup.time)
    return found
