"""What machines measure, as messages: samples in blocks on a grid of plant time, and energy counters every minute."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise, takewhile
from operator import itemgetter

import msgspec
import numpy as np
from numpy.typing import NDArray

from plant.description import Ambient as Hall
from plant.description import Plant, Station
from plant.machine_types import LEVELS, MachineType
from plant.messages import Emission, Energy
from plant.paths import Node
from plant.time import DAY, HOUR, MINUTE
from simulators.blocks import Column, Event, Grid, Slab, messages
from simulators.detection import Detection
from simulators.doings import Doings, Physics
from simulators.faults import Befalling, Course, befalling, courses
from simulators.line import Line
from simulators.machine import Machine
from simulators.panel import Ambient, Instrumented, Panel
from simulators.physics.noise import wander
from simulators.readout import Readout, TrueValue
from simulators.sampling import grids
from simulators.streams import Key, Streams
from simulators.stretches import Edges, Floats, Ints
from simulators.track import Track

Reading = tuple[int, tuple[Emission, ...]]
"""An instant of a grid, UTC, and what is read off then."""

Figures = tuple[list[float], list[list[float]], list[float]]
"""Energy in kWh, in total and by energy state, and power in kW, instant by instant."""

ENERGY_EVERY = MINUTE
SLAB = 10_000  # samples of a machine computed at once: bounds the memory of a long advance
WARMEST = 15 * HOUR  # of the day, UTC

class Meters:
    """The measuring of a run: all machines of the plant.

    Args:
        plant: the description.
        lines: the running lines.
        physics: where each machine begins, in order of the plant.
        streams: of the run.
        start: first instant of the run, microseconds UTC.
        time: µs since then at which measuring begins.
    """

    def __init__(
        self,
        plant: Plant,
        lines: Sequence[Line],
        physics: Sequence[Physics],
        streams: Streams,
        *,
        start: int,
        time: int,
    ) -> None:
        self._sampling = plant.telemetry
        self._start = start
        self._blocks_until = start + time
        self._energy_until = start + time
        self._nodes: list[Node] = []
        self._by_line: list[tuple[Node, slice]] = []
        self.doings = [Doings(base) for base in physics]
        alike: dict[tuple[object, ...], list[tuple[int, Instrumented]]] = {}
        self._befalling: list[tuple[Befalling, ...]] = []
        self._detections: list[Detection | None] = []
        self._seed = streams.seed
        for line in lines:
            first = len(self._nodes)
            for station, described in zip(line.stations, line.described.stations, strict=True):
                kind = plant.kind(described)
                for machine in station.machines:
                    place = len(self._nodes)
                    self._nodes.append(machine.node)
                    _resume(self.doings[place], machine, time)
                    faults = befalling(plant, line.name, station.name, machine.number, streams.seed)
                    self._befalling.append(faults)
                    own = _instrumented(described, kind, machine, streams, faults)
                    alike.setdefault((described.type, tuple(kind.tags)), []).append((place, own))
            self._by_line.append((line.described.node, slice(first, len(self._nodes))))
        hall = ambient(plant.ambient, streams, start)
        self._readouts = [
            Readout(
                Panel([of for _, of in group], [self.doings[place] for place, _ in group], hall),
                [place for place, _ in group],
                [[one for one in self._befalling[place] if one.fault.layer == "sensor"] for place, _ in group],
                seed=streams.seed,
                start=start,
            )
            for group in alike.values()
        ]

    def uncover(self) -> None:
        """From now on keep true values beside faulty readings, for `truths`, and find out when faults show."""
        for readout in self._readouts:
            readout.truths = []
            nodes = [self._nodes[place] for place in readout.places]
            faults = [self._befalling[place] for place in readout.places]
            detection = Detection(readout, nodes, faults, sample=self._sampling.sample, seed=self._seed)
            self._detections.append(None if detection.idle else detection)

    def detections(self) -> dict[str, int]:
        """First instant at which each fault of a machine or sensor showed so far, by the id of its record."""
        return {name: at for of in self._detections if of is not None for name, at in of.found.items()}

    def truths(self) -> list[tuple[Node, TrueValue]]:
        """True values beside the faulty readings since they were taken out last, machine by machine."""
        found: list[tuple[Node, TrueValue]] = []
        for readout in self._readouts:
            if readout.truths is not None:
                found += [(self._nodes[one.place], one) for one in readout.truths]
                readout.truths = []
        found.sort(key=lambda one: (one[1].place, one[1].tag, one[1].time))
        return found

    def present(self, to: int) -> list[Physics]:
        """Where the physics of each machine stands at the present, µs since the start of the run."""
        found: dict[int, Physics] = {}
        for readout in self._readouts:
            track = Track(readout.panel, readout.panel.stretches(to))
            for machine, place in enumerate(readout.places):
                last = tuple((tag, value, at) for tag, (value, at) in readout.told[machine].items())
                found[place] = replace(track.physics(machine, to), told=last)
        return [found[place] for place in range(len(self._nodes))]

    def read_off(self, to: int) -> list[Reading]:
        """Readings of all instants of the grids up to and including `to` (UTC) that were not read off before.

        In order of time; at one instant telemetry of the machines in station order, then energy.
        """
        block, sample = self._sampling.block, self._sampling.sample
        last_block, last_energy = to // block * block, to // ENERGY_EVERY * ENERGY_EVERY
        if last_block <= self._blocks_until and last_energy <= self._energy_until:
            return []
        tracks = [Track(of.panel, of.panel.stretches(to - self._start)) for of in self._readouts]
        found: list[Reading] = []
        step = max(1, SLAB * sample // block) * block
        begin = self._blocks_until
        while self._blocks_until < last_block:
            end = min(self._blocks_until // block * block + step, last_block)
            found += self._blocks(tracks, self._blocks_until, end)
            self._blocks_until = end
        if self._energy_until < last_energy:
            found += self._energies(tracks, self._energy_until, last_energy)
            self._energy_until = last_energy
        before = min(self._blocks_until, self._energy_until) - self._start
        for detection, track in zip(self._detections, tracks, strict=False):  # none while nobody wants to know
            if detection is not None:
                window = begin - self._start, self._blocks_until - self._start
                instants = partial(self._sampled, begin, self._blocks_until)
                detection.look(track, window, instants, to=to - self._start, before=before)
        for readout, track in zip(self._readouts, tracks, strict=True):
            for machine in range(len(readout.places)):
                track.forget(machine, readout.earliest(machine, before))
        found.sort(key=itemgetter(0))  # stable
        return found

    def _sampled(self, begin: int, end: int, every: int) -> Ints:
        """Instants of a grid in (begin, end], µs since the start of the run."""
        return _instants(begin, end, every) - self._start

    def _blocks(self, tracks: Sequence[Track], begin: int, end: int) -> Iterable[Reading]:
        """Blocks that end in (begin, end]."""
        block, sample = self._sampling.block, self._sampling.sample
        fast = _instants(begin, end, sample)
        ends = _instants(begin, end, block)
        due = ends.tolist()
        slab = Slab(due, fast.tolist(), _cuts(fast, ends))
        low, high, first = begin - self._start, end - self._start, int(fast[0]) - self._start
        rows: list[list[Emission | None]] = [[] for _ in self._nodes]
        waves: list[tuple[int, Emission]] = []
        for readout, track in zip(self._readouts, tracks, strict=True):
            sampled: list[tuple[Grid, list[dict[str, Column]]]] = []
            events: list[list[Event]] = [[] for _ in readout.places]
            for every, names in grids(readout.panel.kind, sample).items():
                times = _instants(begin, end, every)
                if len(times):
                    blocks = slab.even if len(times) == len(fast) else None
                    columns, astray = readout.columns(track, names, times - self._start, blocks)
                    sampled.append((_grid(times, ends, fast), columns))
                    events = [[*known, *more] for known, more in zip(events, astray, strict=True)]
            for machine, place in enumerate(readout.places):
                between = [*events[machine], *readout.events(track, machine, low, high, first=first)]
                between.sort(key=itemgetter(0))
                own = [(grid, columns[machine]) for grid, columns in sampled]
                rows[place] = messages(self._nodes[place], slab, own, between)
                if self._sampling.waveforms:
                    told = readout.waveforms(track, machine, low, high)
                    waves += [(place, (self._nodes[place], wave)) for wave in told]
        return _with_waves(due, rows, waves)

    def _energies(self, tracks: Sequence[Track], begin: int, end: int) -> Iterable[Reading]:
        """Energy in (begin, end]: of the machines, then of the lines."""
        stamps = np.arange(begin // ENERGY_EVERY + 1, end // ENERGY_EVERY + 1, dtype=np.int64) * ENERGY_EVERY
        times = stamps - self._start
        kwh = np.empty((len(self._nodes), len(times), len(LEVELS)))
        kw = np.empty((len(self._nodes), len(times)))
        for readout, track in zip(self._readouts, tracks, strict=True):
            kwh[readout.places], kw[readout.places] = track.energy(times), track.power(times)
        of_lines = [machines for _, machines in self._by_line]
        kwh = np.vstack([kwh, *(kwh[machines].sum(axis=0, keepdims=True) for machines in of_lines)])
        kw = np.vstack([kw, *(kw[machines].sum(axis=0, keepdims=True) for machines in of_lines)])
        nodes = [*self._nodes, *(node for node, _ in self._by_line)]
        due = stamps.tolist()
        figures = zip(
            np.round(kwh.sum(axis=2), 6).tolist(), np.round(kwh, 6).tolist(), np.round(kw, 3).tolist(), strict=True
        )
        air = self._air(tracks, times)
        columns = [_energy(node, due, own, flown) for node, own, flown in zip(nodes, figures, air, strict=True)]
        return zip(due, zip(*columns, strict=True), strict=True)

    def _air(self, tracks: Sequence[Track], times: NDArray[np.int64]) -> list[Sequence[float | None]]:
        """Compressed air of the machines, then of the lines; none where nothing takes any."""
        none = [None] * len(times)
        takes = [False] * len(self._nodes)
        air = np.zeros((len(self._nodes), len(times)))
        for readout, track in zip(self._readouts, tracks, strict=True):
            for place, of in zip(readout.places, readout.panel.machines, strict=True):
                takes[place] = of.kind.air is not None
            air[readout.places] = track.flown(times)
        if not any(takes):
            return [none] * (len(self._nodes) + len(self._by_line))
        of_machines = [row if own else none for row, own in zip(np.round(air, 6).tolist(), takes, strict=True)]
        of_lines = [
            np.round(air[machines].sum(axis=0), 6).tolist() if any(takes[machines]) else none
            for _, machines in self._by_line
        ]
        return [*of_machines, *of_lines]


def _keys(streams: Streams, path: str) -> Callable[[str], Key]:
    return lambda purpose: streams.key(path, purpose)


def _with_waves(
    due: list[int], rows: Sequence[Sequence[Emission | None]], waves: list[tuple[int, Emission]]
) -> list[Reading]:
    """What is told at the end of each block: telemetry of the machines, then the waveforms that were recorded in it."""
    recorded: dict[int, list[Emission]] = {}
    for _, (node, wave) in sorted(waves, key=lambda one: (one[1][1].ts, one[0])):
        at = due[bisect_left(due, wave.ts)]
        recorded.setdefault(at, []).append((node, msgspec.structs.replace(wave, ts=at)))
    return [
        (ts, (*(emission for emission in told if emission is not None), *recorded.get(ts, ())))
        for ts, told in zip(due, zip(*rows, strict=True), strict=True)
    ]


def _instrumented(
    of: Station, kind: MachineType, machine: Machine, streams: Streams, faults: Sequence[Befalling]
) -> Instrumented:
    """A machine with its instruments, and the faults that it may have."""
    line, number = machine.station.line.name, machine.number
    own = {name: course for name, course in courses(faults).items() if name in kind.faults}
    return Instrumented(
        kind=kind,
        power=of.power,
        key=_keys(streams, f"{line}/{of.name}/{number}"),
        linked=tuple(failure.fault for failure in of.failures if failure.fault is not None),
        faults={name: course.severity for name, course in own.items()},
        edges=_edges(tuple(own.values())) if own else None,
    )


def _edges(own: tuple[Course, ...]) -> Edges:
    """Instants at which a fault of a machine begins, ends, or ceases to grow."""

    def between(begin: int, end: int) -> list[int]:
        return sorted({at for course in own for at in takewhile(lambda at: at < end, course.changes(begin))})

    return between


def _resume(doings: Doings, machine: Machine, time: int) -> None:
    """Work that began before anybody measured."""
    if machine.part.start is not None and doings.base.spell.operation.number < 0:
        doings.work(time, machine.operation_now())


def ambient(hall: Hall, streams: Streams, start: int) -> Ambient:
    """Temperature of the hall at instants, µs since the start of the run: a day's sine and slow wandering."""
    key = streams.key("ambient", "ambient")

    def at(times: Ints) -> Floats:
        turn = 2 * np.pi * ((times + start - WARMEST) % DAY) / DAY
        own: Floats = hall.mean + hall.daily * np.cos(turn)
        if hall.sigma:
            own = own + np.array([wander(key, row, hall.sigma, hall.tau) for row in times])
        return own

    return at


def _instants(begin: int, end: int, every: int) -> Ints:
    """Instants of a grid of plant time in (begin, end]."""
    return np.arange(begin // every + 1, end // every + 1, dtype=np.int64) * every


def _cuts(times: Ints, ends: Ints) -> list[int]:
    return [0, *np.searchsorted(times, ends, side="right").tolist()]


def _grid(times: Ints, ends: Ints, fast: Ints) -> Grid:
    cuts = _cuts(times, ends)
    return Grid(times.tolist(), cuts, np.searchsorted(fast, times).tolist(), [b - a for a, b in pairwise(cuts)])


def _energy(node: Node, stamps: list[int], figures: Figures, air: Sequence[float | None]) -> list[Emission]:
    return [
        (
            node,
            Energy(
                ts=ts,
                kwh=total,
                by={name: kwh for name, kwh in zip(LEVELS, row, strict=True) if kwh},
                kw=now,
                air_m3=air_m3,
            ),
        )
        for ts, total, row, now, air_m3 in zip(stamps, *figures, air, strict=True)
    ]
