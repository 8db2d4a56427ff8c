"""A station: its buffer, its machines in parallel, and where its parts go."""

from typing import TYPE_CHECKING

from plant import description
from plant.paths import Node
from plant.states import State
from simulators.agenda import Agenda
from simulators.buffer import Buffer
from simulators.ledger import Recorder
from simulators.machine import DONE, EMPTY, LOADING, READY, UNLOADING, WORKING, Condition, Machine
from simulators.part import NOTHING, Part
from simulators.report import Report
from simulators.streams import Streams

if TYPE_CHECKING:
    from simulators.line import Line
    from simulators.reservations import Reservations
    from simulators.source import Source


class Station:
    """A station of a line.

    Attributes:
        name: its name.
        node: its address, shared with its machine if it has one only.
        index: position in the line.
        buffer: the places in front of it.
        machines: its machines, number 1 first.
        idle: how many of them hold no part, be they up or down.
        next: the station its parts go to; none: out of the line.
        downstream: reservations for the next station, if the line blocks before service.
        product: what its parts are called as products.
        own: reservations for this station, likewise.
        source: where parts come from if this is the entry.
        conditions: state and reason by phase of a machine.
        begun, loaded, restarted: operations, loadings and restarts so far (rule 2).
    """

    __slots__ = (
        "begun", "buffer", "conditions", "cycle", "downstream", "idle", "index", "line", "load", "loaded", "machines",
        "name", "next", "node", "own", "product", "recorder", "report", "reserves", "restart", "restarted", "source",
        "touched", "unload", "verdict",
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
    ) -> None:
        of = line.described
        self.line = line
        self.name = described.name
        self.node = Node(of.area, of.name, described.name)
        self.index = index
        self.product = line.name
        self.recorder = recorder
        self.report = report
        self.machines: list[Machine] = []
        self.idle = 0
        self.touched: list[Machine] = line.touched
        self.next: Station | None = None
        self.reserves = of.blocking == "before-service"
        self.own: Reservations | None = None
        self.downstream: Reservations | None = None
        self.source: Source | None = None
        self.begun = self.loaded = self.restarted = 0
        self.cycle = streams.times(of, described, "cycle", described.cycle_time)
        self.load = streams.handling(of, described, "load", described.load)
        self.unload = streams.handling(of, described, "unload", described.unload)
        self.restart = streams.times(of, described, "restart", described.cycle_time)
        self.verdict = streams.verdicts(of, described)
        transport = streams.handling(of, described, "transport", described.transport) if index else None
        self.buffer = Buffer(env, self, capacity, transport)
        self.conditions = self._conditions("")

    def _conditions(self, target: str) -> dict[str, Condition]:
        return {
            EMPTY: (State.STARVED.value, ""),
            LOADING: (State.PROCESSING.value, "load"),
            READY: (State.BLOCKED.value, target),
            WORKING: (State.PROCESSING.value, ""),
            UNLOADING: (State.PROCESSING.value, "unload"),
            DONE: (State.BLOCKED.value, target),
        }

    def join(self, following: "Station") -> None:
        """Parts go on to the station that follows."""
        self.next = following
        self.downstream = following.own
        self.conditions = self._conditions(following.name)

    def choose(self) -> Machine:
        """The machine for a part: the lowest-numbered free one that is up, a failed one only if it must be (9)."""
        machines = self.machines
        if len(machines) == 1:
            return machines[0]
        free = [machine for machine in machines if machine.part is NOTHING]
        return next((machine for machine in free if not machine.down), free[0])

    def work_over(self, part: Part) -> None:
        """Work on a part has ended here; scrap needs no place downstream any more (rule 7)."""
        if self.own is not None:
            self.own.give_back()
        if self.downstream is not None and part.scrap:
            self.downstream.give_back()

    def fetch(self, machine: Machine) -> None:
        """A machine is free: the head of the queue moves in. No other can be free while parts wait."""
        waiting = self.buffer.waiting
        if waiting and machine.part is NOTHING:
            machine.take(waiting.popleft())

    def refill(self, machine: Machine) -> None:
        """A machine is free: the head of the queue moves in, and the parts behind it move up."""
        self.fetch(machine)
        if self.buffer.givers or self.source is not None:
            self.buffer.move_up()
