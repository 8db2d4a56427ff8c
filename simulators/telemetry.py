"""What machines measure, as messages: samples in blocks on a grid of plant time, and energy counters every minute."""

from collections.abc import Iterable, Sequence
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from plant.catalogue import CATALOGUE
from plant.description import Sampling
from plant.messages import Emission, Energy, Scalar, Telemetry
from plant.paths import Node
from plant.time import MINUTE
from simulators.line import Line
from simulators.signals import LEVELS, NOISE, Panel, Physics, Signals, Track
from simulators.streams import Streams

Reading = tuple[int, tuple[Emission, ...]]
"""An instant of a grid, UTC, and what is read off then."""

Figures = tuple[list[float], list[list[float]], list[float]]
"""Energy in kWh, in total and by energy state, and power in kW, instant by instant."""

ENERGY_EVERY = MINUTE
SLAB = 10_000  # samples of a machine computed at once: bounds the memory of a long advance


class Meters:
    """The measuring of a run: all machines of the plant.

    Args:
        lines: the running lines.
        physics: where each machine begins, in order of the plant.
        sampling: the grid of samples and blocks.
        streams: of the run.
        start: first instant of the run, microseconds UTC.
        time: µs since then at which measuring begins.
    """

    def __init__(
        self,
        lines: Sequence[Line],
        physics: Sequence[Physics],
        sampling: Sampling,
        streams: Streams,
        *,
        start: int,
        time: int,
    ) -> None:
        self._sampling = sampling
        self._start = start
        self._blocks_until = start + time
        self._energy_until = start + time
        self._nodes: list[Node] = []
        self._by_line: list[tuple[Node, slice]] = []
        types, noise, machines = [], [], []
        for line in lines:
            first = len(self._nodes)
            for station, described in zip(line.stations, line.described.stations, strict=True):
                for machine in station.machines:
                    machines.append(machine)
                    self._nodes.append(machine.node)
                    types.append(CATALOGUE[described.type].drawing(described.power))
                    noise.append([streams.noise(line.described, described, machine.number, tag) for tag in NOISE])
            self._by_line.append((line.described.node, slice(first, len(self._nodes))))
        self.signals = [Signals(base, of.by_product) for base, of in zip(physics, types, strict=True)]
        for signals, machine in zip(self.signals, machines, strict=True):
            if machine.part.start is not None:  # work that began before anybody measured
                signals.work(time, machine.part.what)
        self._panel = Panel(types, noise, self.signals)

    def present(self, to: int) -> list[Physics]:
        """Where the physics of each machine stands at the present, µs since the start of the run."""
        return self._panel.present(to)

    def read_off(self, to: int) -> list[Reading]:
        """Readings of all instants of the grids up to and including `to` (UTC) that were not read off before.

        In order of time; at one instant telemetry of the machines in station order, then energy.
        """
        block, sample = self._sampling.block, self._sampling.sample
        last_block, last_energy = to // block * block, to // ENERGY_EVERY * ENERGY_EVERY
        if last_block <= self._blocks_until and last_energy <= self._energy_until:
            return []
        track = self._panel.track(to - self._start)
        found: list[Reading] = []
        step = max(1, SLAB * sample // block) * block
        while self._blocks_until < last_block:
            end = min(self._blocks_until // block * block + step, last_block)
            found += self._blocks(track, self._blocks_until, end)
            self._blocks_until = end
        if self._energy_until < last_energy:
            found += self._energies(track, self._energy_until, last_energy)
            self._energy_until = last_energy
        before = min(self._blocks_until, self._energy_until) - self._start
        self._panel.forget(track, before)
        found.sort(key=itemgetter(0))  # stable
        return found

    def _blocks(self, track: Track, begin: int, end: int) -> Iterable[Reading]:
        """Blocks that end in (begin, end]."""
        block, sample = self._sampling.block, self._sampling.sample
        times = np.arange(begin // sample + 1, end // sample + 1, dtype=np.int64) * sample
        ends = np.arange(begin // block + 1, end // block + 1, dtype=np.int64) * block
        cuts = [0, *np.searchsorted(times, ends, side="right").tolist()]
        stamps, due = times.tolist(), ends.tolist()
        blocks = [(ts, stamps[i:j], i, j) for ts, i, j in zip(due, cuts, cuts[1:], strict=False)]
        rows = [
            _messages(node, columns, blocks)
            for node, columns in zip(self._nodes, track.samples(times - self._start), strict=True)
        ]
        return zip(due, zip(*rows, strict=True), strict=True)

    def _energies(self, track: Track, begin: int, end: int) -> Iterable[Reading]:
        """Energy in (begin, end]: of the machines, then of the lines."""
        stamps = np.arange(begin // ENERGY_EVERY + 1, end // ENERGY_EVERY + 1, dtype=np.int64) * ENERGY_EVERY
        times = stamps - self._start
        kwh, kw = track.energy(times), track.power(times)
        of_lines = [machines for _, machines in self._by_line]
        kwh = np.vstack([kwh, *(kwh[machines].sum(axis=0, keepdims=True) for machines in of_lines)])
        kw = np.vstack([kw, *(kw[machines].sum(axis=0, keepdims=True) for machines in of_lines)])
        nodes = [*self._nodes, *(node for node, _ in self._by_line)]
        due = stamps.tolist()
        figures = zip(
            np.round(kwh.sum(axis=2), 6).tolist(), np.round(kwh, 6).tolist(), np.round(kw, 3).tolist(), strict=True
        )
        air = self._air(track, times)
        columns = [_energy(node, due, own, flown) for node, own, flown in zip(nodes, figures, air, strict=True)]
        return zip(due, zip(*columns, strict=True), strict=True)

    def _air(self, track: Track, times: NDArray[np.int64]) -> list[Sequence[float | None]]:
        """Compressed air of the machines, then of the lines; none where nothing takes any."""
        none = [None] * len(times)
        takes = [of.air_l_min is not None for of in self._panel.types]
        if not any(takes):
            return [none] * (len(self._nodes) + len(self._by_line))
        air = track.air(times)
        of_machines = [row if own else none for row, own in zip(np.round(air, 6).tolist(), takes, strict=True)]
        of_lines = [
            np.round(air[machines].sum(axis=0), 6).tolist() if any(takes[machines]) else none
            for _, machines in self._by_line
        ]
        return [*of_machines, *of_lines]


def _messages(
    node: Node, columns: dict[str, list[Scalar]], blocks: list[tuple[int, list[int], int, int]]
) -> list[Emission]:
    """A message per block, tag by tag by hand: of nothing else are there so many."""
    if len(columns) > 6:
        return [
            (node, Telemetry(ts=ts, t=t, v={tag: values[i:j] for tag, values in columns.items()}))
            for ts, t, i, j in blocks
        ]
    a, b, c, d, e, f = columns
    u, v, w, x, y, z = columns.values()
    return [
        (node, Telemetry(ts=ts, t=t, v={a: u[i:j], b: v[i:j], c: w[i:j], d: x[i:j], e: y[i:j], f: z[i:j]}))
        for ts, t, i, j in blocks
    ]


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
