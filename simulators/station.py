"""A station: its buffer, its machines in parallel, and where its parts go."""

from typing import TYPE_CHECKING

from plant import description
from plant.paths import Node
from plant.states import State
from simulators.agenda import Agenda
from simulators.buffer import Buffer
from simulators.ledger import Recorder
from simulators.machine import DONE, EMPTY, LOADING, READY, UNLOADING, WORKING, Condition, Machine
from simulators.part import Part
from simulators.report import Report
from simulators.reservations import Reservations
from simulators.streams import Streams

if TYPE_CHECKING:
    from simulators.line import Line
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
        own: reservations for this station, likewise.
        source: where parts come from if this is the entry.
        conditions: state and reason by phase of a machine.
        begun, loaded, restarted: operations, loadings and restarts so far (rule 2).
    """

    __slots__ = (
        "_cycle", "_load", "_restart", "_unload", "begun", "buffer", "conditions", "downstream", "idle", "index", "line",
        "loaded", "machines", "name", "next", "node", "own", "recorder", "report", "restarted", "source", "touched", "verdicts",
    )  # fmt: skip

    def __init__(
        self,
        env: Agenda,
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
        self.recorder = recorder
        self.report = report
        self.machines: list[Machine] = []
        self.idle = 0
        self.touched: list[Machine] = line.touched
        self.next: Station | None = None
        self.own: Reservations | None = None
        self.downstream: Reservations | None = None
        self.source: Source | None = None
        self.begun = self.loaded = self.restarted = 0
        self._cycle = streams.times(of, described, "cycle", described.cycle_time)
        self._load = streams.handling(of, described, "load", described.load)
        self._unload = streams.handling(of, described, "unload", described.unload)
        self._restart = streams.times(of, described, "restart", described.cycle_time)
        self.verdicts = streams.verdicts(of, described)
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
        """The machine for a part: the lowest-numbered free one that is up, a failed one only if no other is (rule 9)."""
        failed = None
        for machine in self.machines:
            if machine.part is None:
                if not machine.down:
                    return machine
                failed = failed or machine
        assert failed is not None
        return failed

    # --- what a machine asks its station -------------------------------------------------------------------------

    def load_time(self) -> int:
        """Time of the next loading."""
        if self._load is None:
            return 0
        self.loaded += 1
        return self._load(self.loaded - 1)

    def begin_operation(self, part: Part) -> int:
        """Number the operation on this part and say how long it takes."""
        part.operation = self.begun
        self.begun += 1
        return self._cycle(part.operation)

    def restart_time(self) -> int:
        """Time of an operation that begins anew after a failure."""
        self.restarted += 1
        return self._restart(self.restarted - 1)

    def unload_time(self, part: Part) -> int:
        """Time of unloading this part."""
        return 0 if self._unload is None else self._unload(part.operation)

    def work_over(self, part: Part) -> None:
        """Work on a part has ended here; scrap needs no place downstream any more (rule 7)."""
        if self.own is not None and self.index:
            self.own.give_back()
        if self.downstream is not None and part.scrap:
            self.downstream.give_back()

    def send_off(self, machine: Machine, part: Part) -> None:
        """A part has left a machine: to the next station, or out of the line."""
        target = None if part.scrap else self.next
        if self.recorder is not None:
            self.recorder.visit(self.line.index, self.index, part, machine.env.time)
        if self.report is not None:
            self.report.left(machine, part, target)
        if target is not None:
            target.buffer.send(part)
        else:
            self.line.part_leaves(part)

    def fetch(self) -> None:
        """A machine is free: the head of the queue moves in."""
        if self.buffer.waiting and self.idle:
            self.choose().take(self.buffer.waiting.popleft())

    def refill(self) -> None:
        """A machine is free: the head of the queue moves in, and the parts behind it move up."""
        self.fetch()
        self.buffer.move_up()
