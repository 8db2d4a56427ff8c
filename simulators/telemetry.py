"""What machines measure, as messages: samples in blocks on a grid of plant time, and energy counters every minute."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from plant.description import Ambient as Hall
from plant.description import Plant
from plant.machine_types import LEVELS
from plant.messages import Emission, Energy
from plant.paths import Node
from plant.time import DAY, HOUR, MINUTE
from simulators.blocks import Column, Event, Grid, Slab, messages
from simulators.doings import Doings, Physics
from simulators.line import Line
from simulators.machine import Machine
from simulators.panel import Ambient, Instrumented, Panel
from simulators.physics.noise import wander
from simulators.sampling import NOT_ACCURATE, by_exception, grids, read, told
from simulators.streams import Key, Streams
from simulators.stretches import Floats, Ints
from simulators.track import Track, Values

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
        self._told = [{tag: (value, at) for tag, value, at in base.told} for base in physics]
        alike: dict[tuple[object, ...], list[tuple[int, Instrumented]]] = {}
        for line in lines:
            first = len(self._nodes)
            for station, described in zip(line.stations, line.described.stations, strict=True):
                kind = plant.kind(described)
                for machine in station.machines:
                    place = len(self._nodes)
                    self._nodes.append(machine.node)
                    _resume(self.doings[place], machine, time)
                    path = f"{line.name}/{station.name}/{machine.number}"
                    own = Instrumented(kind=kind, power=described.power, key=_keys(streams, path))
                    alike.setdefault((described.type, tuple(kind.tags)), []).append((place, own))
            self._by_line.append((line.described.node, slice(first, len(self._nodes))))
        hall = ambient(plant.ambient, streams, start)
        self._panels = [
            (
                np.array([place for place, _ in group]),
                Panel([of for _, of in group], [self.doings[place] for place, _ in group], hall),
            )
            for group in alike.values()
        ]
        self._noise = [
            {
                name: np.array([of.key(f"noise.{name}") for of in panel.machines], dtype=np.uint64)
                for name in panel.kind.tags
            }
            for _, panel in self._panels
        ]

    def present(self, to: int) -> list[Physics]:
        """Where the physics of each machine stands at the present, µs since the start of the run."""
        found: dict[int, Physics] = {}
        for places, panel in self._panels:
            track = Track(panel, panel.stretches(to))
            for machine, place in enumerate(places.tolist()):
                last = tuple((tag, value, at) for tag, (value, at) in self._told[place].items())
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
        tracks = [Track(panel, panel.stretches(to - self._start)) for _, panel in self._panels]
        found: list[Reading] = []
        step = max(1, SLAB * sample // block) * block
        while self._blocks_until < last_block:
            end = min(self._blocks_until // block * block + step, last_block)
            found += self._blocks(tracks, self._blocks_until, end)
            self._blocks_until = end
        if self._energy_until < last_energy:
            found += self._energies(tracks, self._energy_until, last_energy)
            self._energy_until = last_energy
        before = min(self._blocks_until, self._energy_until) - self._start
        for track in tracks:
            track.forget(before)
        found.sort(key=itemgetter(0))  # stable
        return found

    def _blocks(self, tracks: Sequence[Track], begin: int, end: int) -> Iterable[Reading]:
        """Blocks that end in (begin, end]."""
        block, sample = self._sampling.block, self._sampling.sample
        fast = _instants(begin, end, sample)
        ends = _instants(begin, end, block)
        due = ends.tolist()
        slab = Slab(due, fast.tolist(), _cuts(fast, ends))
        rows: list[list[Emission | None]] = [[] for _ in self._nodes]
        for index, ((places, panel), track) in enumerate(zip(self._panels, tracks, strict=True)):
            sampled: list[tuple[Grid, list[dict[str, Column]]]] = []
            for every, names in grids(panel.kind, sample).items():
                times = _instants(begin, end, every)
                if len(times):
                    columns = self._columns(index, track, names, times - self._start)
                    sampled.append((_grid(times, ends, fast), columns))
            for machine, place in enumerate(places.tolist()):
                events = self._events(index, track, machine, begin, end)
                own = [(grid, columns[machine]) for grid, columns in sampled]
                rows[place] = messages(self._nodes[place], slab, own, events)
        return [
            (ts, tuple(emission for emission in told_then if emission is not None))
            for ts, told_then in zip(due, zip(*rows, strict=True), strict=True)
        ]

    def _columns(self, index: int, track: Track, names: Sequence[str], times: Ints) -> list[dict[str, Column]]:
        """Readings of some tags of all machines of a panel at instants of a grid, machine by machine."""
        places, panel = self._panels[index]
        values = track.at(times)
        found: list[dict[str, Column]] = [{} for _ in places]
        for name in names:
            row = panel.kind.tags[name]
            shown, beyond = read(row, name, values, self._noise[index][name], times)
            for machine, place in enumerate(places.tolist()):
                column = told(row, shown[machine])
                if row.deadband is not None:
                    last = self._told[place].get(name)
                    column, last = by_exception(row, column, times.tolist(), last)
                    if last is not None:
                        self._told[place][name] = last
                codes = None
                if beyond is not None and beyond[machine].any():
                    codes = np.where(beyond[machine], NOT_ACCURATE, 0).tolist()
                found[machine][name] = Column(values=column, codes=codes)
        return found

    def _events(self, index: int, track: Track, machine: int, begin: int, end: int) -> list[Event]:
        """What a machine tells in (begin, end] when it changes, or at the end of an operation, in order of time."""
        places, panel = self._panels[index]
        of, kind = track.of, panel.kind
        changing = [name for name, row in kind.tags.items() if row.when == "change"]
        cyclic = [name for name, row in kind.tags.items() if row.when == "cycle"]
        if not changing and not cyclic:
            return []
        low, high = begin - self._start, end - self._start
        finished = np.unique([t for t in panel.doings[machine].finished if low < t <= high]).astype(np.int64)
        found: list[Event] = []
        if changing:
            first, last = of.first[machine], of.first[machine + 1]
            begins = of.begin[first:last]
            begins = begins[(begins > low) & (begins <= high)]
            times = np.union1d(begins, finished)
            if not self._told[places[machine]].keys() & set(changing):  # all is new at the first sample
                times = np.union1d(times, _instants(begin, end, self._sampling.sample)[:1] - self._start)
            found += self._changes(index, track, machine, changing, times)
        if cyclic and len(finished):
            found += self._shown(index, track.of_machine(machine, finished, before=True), machine, cyclic, finished)
        found.sort(key=itemgetter(0))
        return found

    def _changes(self, index: int, track: Track, machine: int, names: Sequence[str], times: Ints) -> list[Event]:
        """Readings that differ from what the machine told last."""
        if not len(times):
            return []
        place = int(self._panels[index][0][machine])
        shown = self._shown(index, track.of_machine(machine, times), machine, names, times, numbers=True)
        found = []
        last = self._told[place]
        for at, name, value in shown:
            number = float(value)  # type: ignore[arg-type]  # numbers were asked for
            if name not in last or last[name][0] != number:
                last[name] = number, at - self._start
                found.append((at, name, told(self._panels[index][1].kind.tags[name], np.array([number]))[0]))
        return found

    def _shown(
        self, index: int, values: Values, machine: int, names: Sequence[str], times: Ints, *, numbers: bool = False
    ) -> list[Event]:
        """Readings of some tags of one machine at instants; as numbers also those that are told in words."""
        kind = self._panels[index][1].kind
        stamps = (times + self._start).tolist()
        found: list[Event] = []
        for name in names:
            row = kind.tags[name]
            keys = self._noise[index][name][machine : machine + 1]
            shown, _ = read(row, name, values, keys, times)
            column = shown[0].tolist() if numbers else told(row, shown[0])
            found += [(at, name, value) for at, value in zip(stamps, column, strict=True)]
        return found

    def _energies(self, tracks: Sequence[Track], begin: int, end: int) -> Iterable[Reading]:
        """Energy in (begin, end]: of the machines, then of the lines."""
        stamps = np.arange(begin // ENERGY_EVERY + 1, end // ENERGY_EVERY + 1, dtype=np.int64) * ENERGY_EVERY
        times = stamps - self._start
        kwh = np.empty((len(self._nodes), len(times), len(LEVELS)))
        kw = np.empty((len(self._nodes), len(times)))
        for (places, _), track in zip(self._panels, tracks, strict=True):
            kwh[places], kw[places] = track.energy(times), track.power(times)
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
        for (places, panel), track in zip(self._panels, tracks, strict=True):
            for place, of in zip(places.tolist(), panel.machines, strict=True):
                takes[place] = of.kind.air is not None
            air[places] = track.flown(times)
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
    return Grid(times.tolist(), _cuts(times, ends), np.searchsorted(fast, times).tolist())


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
