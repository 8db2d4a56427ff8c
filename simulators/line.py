"""A line: its source and its stations in flow order."""

from plant import description
from simulators.agenda import Agenda
from simulators.buffer import UNLIMITED
from simulators.failure import Mode
from simulators.ledger import Recorder
from simulators.machine import READY, Machine
from simulators.part import Part
from simulators.report import Report
from simulators.reservations import Reservations
from simulators.source import Source
from simulators.station import Station
from simulators.streams import Streams


class Line:
    """A line of the plant, ready to run. Nothing connects it with other lines.

    Attributes:
        described: as the plant file has it.
        name: its name.
        index: position in the plant.
        stations: in flow order.
        source: where its parts come from.
        inside: parts in the line by number.
        touched: machines of the plant whose state may have changed in this instant.
    """

    __slots__ = ("described", "entry", "env", "index", "inside", "name", "recorder", "source", "stations", "touched")

    def __init__(
        self,
        env: Agenda,
        *,
        described: description.Line,
        index: int,
        machines: list[Machine],
        touched: list[Machine],
        streams: Streams,
        recorder: Recorder | None,
        report: Report | None,
    ) -> None:
        self.env = env
        self.described = described
        self.name = described.name
        self.index = index
        self.inside: dict[int, Part] = {}
        self.recorder = recorder
        self.touched = touched
        self.source = Source(env, self, streams.arrivals(described))
        self.stations: list[Station] = []
        for position, of in enumerate(described.stations):
            station = Station(
                env,
                line=self,
                index=position,
                described=of,
                capacity=_places(described, position),
                streams=streams,
                recorder=recorder,
                report=report,
            )
            self.stations.append(station)
            for number, node in enumerate(described.machines(of), start=1):
                machine = Machine(env, station, number, len(machines), node)
                machine.equip([Mode(machine, f, *streams.failures(described, of, number, f)) for f in of.failures])
                machines.append(machine)
                station.machines.append(machine)
            station.idle = len(station.machines)
            if described.blocking == "before-service" and position:
                station.own = Reservations(station.buffer.capacity + len(station.machines))
        for station, following in zip(self.stations, self.stations[1:], strict=False):
            station.join(following)
        self.entry = self.stations[0]
        self.entry.source = self.source

    def catch_up(self) -> None:
        """Let everything move that can: at the beginning the first parts come; nothing if a run goes on."""
        for station in reversed(self.stations):
            for machine in station.machines:
                station.fetch(machine)
                if machine.phase is READY:
                    machine.ready()
            station.buffer.move_up()

    def part_leaves(self, part: Part) -> None:
        """A part is out of the line, good or scrap."""
        del self.inside[part.number]
        if self.recorder is not None:
            self.recorder.departure(self.index, part, self.env.time)

    def note_outside(self, level: int) -> None:
        """The number of parts that wait outside has changed."""
        if self.recorder is not None:
            self.recorder.outside(self.index, self.env.time, level)


def _places(line: description.Line, position: int) -> int:
    """Places in front of a station; left out 0, at an entry with timed arrivals unlimited (rule 6)."""
    buffer = line.stations[position].buffer
    if buffer is not None:
        return buffer
    return UNLIMITED if position == 0 and line.arrivals.interval is not None else 0
