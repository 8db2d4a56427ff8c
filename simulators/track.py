"""Process variables over time: carried from stretch to stretch, read off at any instants."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from plant.machine_types import LEVELS
from plant.time import HOUR, MINUTE, SECOND
from simulators.doings import Physics
from simulators.functions import FUNCTIONS
from simulators.panel import Panel, for_each
from simulators.physics.lags import sawtooth
from simulators.sawtooth import Teeth, next_tooth
from simulators.stretches import Floats, Ints, Stretches
from simulators.warm_ups import WarmUps


class Track:
    """What the process variables of a panel were over some time.

    Args:
        panel: the instruments.
        of: the stretches.
    """

    def __init__(self, panel: Panel, of: Stretches) -> None:
        self.panel = panel
        self.of = of
        with np.errstate(all="ignore"):
            self.step = panel.stepwise(of)
            self.targets: dict[str, Floats] = {}
            self.taus: dict[str, list[Floats]] = {}
            self._carry()
        bases = [machine.base for machine in panel.doings]
        self.warm_ups = (
            WarmUps(of, panel.power[:, :3], panel.ramp, panel.doings) if panel.ramp.any() else None
        )
        span = (of.end - of.begin).astype(np.float64)
        own = np.zeros((len(of.begin), len(LEVELS)))
        own[np.arange(len(own)), of.level] = self.step["power_kw"] * (span / HOUR)
        self.kwh = _summed(own, [base.kwh for base in bases], of)
        self._flow = panel.air[of.machine, of.level] / (1000 * MINUTE)
        self.air = _summed((self._flow * span)[:, np.newaxis], [(base.air,) for base in bases], of)[:, 0]

    # --- from stretch to stretch ---------------------------------------------------------------------------------

    def _carry(self) -> None:
        """Lags, integrals and saw-teeth at the begin of each stretch."""
        panel, of = self.panel, self.of
        slots = sum(len(c.taus) for c in panel.lags) + len(panel.integrals)
        self.slots = np.zeros((slots, len(of.begin)))
        span = (of.end - of.begin) / SECOND
        for carried in panel.lags:
            row = panel.kind.quantities[carried.name]
            model = row.lag or row.two_nodes
            if row.lag is not None:
                target = for_each(row.lag.of.of(FUNCTIONS, self.step), of)
                taus = [for_each(row.lag.tau.of(FUNCTIONS, self.step), of)]
            else:
                target = for_each(model.heat.of(FUNCTIONS, self.step), of)  # type: ignore[union-attr]
                taus = [np.full(len(of.begin), tau) for tau in carried.taus]
            self.targets[carried.name], self.taus[carried.name] = target, taus
            for place, tau in enumerate(taus):
                fades = np.where(tau > 0, np.exp(-span / np.where(tau > 0, tau, 1.0)), 0.0)
                self.slots[carried.slot + place] = self._lagged(carried.slot + place, target, fades)
        for carried in panel.integrals:
            rate = for_each(panel.kind.quantities[carried.name].integral.of(FUNCTIONS, self.step), of)  # type: ignore[union-attr]
            self.targets[carried.name] = rate
            bases = [(_slot(machine.base, carried.slot, 0.0),) for machine in panel.doings]
            self.slots[carried.slot] = _summed((rate * span)[:, np.newaxis], bases, of)[:, 0]
        self.saws = {name: self._sawn(place, name, span) for place, name in enumerate(panel.saws)}

    def _lagged(self, slot: int, target: Floats, fades: Floats) -> list[float]:
        """An exact first-order lag from the begin of one stretch to that of the next; a run begins at rest."""
        targets, left = target.tolist(), fades.tolist()
        found = []
        for machine, doings in enumerate(self.panel.doings):
            first, last = self.of.first[machine], self.of.first[machine + 1]
            value = _slot(doings.base, slot, targets[first])
            for row in range(first, last):
                found.append(value)
                value = targets[row] + (value - targets[row]) * left[row]
        return found

    def _sawn(self, place: int, name: str, span: Floats) -> Teeth:
        """Value and direction of a saw-tooth at the begin of each stretch, and how fast it rises and falls."""
        model, of = self.panel.kind.quantities[name].sawtooth, self.of
        if model is None:
            raise KeyError(name)
        up = np.maximum(for_each(model.up.of(FUNCTIONS, self.step), of), 0.0)
        down = np.maximum(for_each(model.down.of(FUNCTIONS, self.step), of), 0.0)
        ups, downs, spans = up.tolist(), down.tolist(), span.tolist()
        values, rising = np.zeros(len(span)), np.zeros(len(span))
        for machine, doings in enumerate(self.panel.doings):
            saws = doings.base.saws
            at = saws[place] if saws else (model.high, False)
            for row in range(of.first[machine], of.first[machine + 1]):
                values[row], rising[row] = at
                at = next_tooth(model, at, (ups[row], downs[row]), spans[row])
        return Teeth(values, rising, up, down)

    def physics(self, machine: int, before: int) -> Physics:
        """Where the physics of a machine stood at the begin of the stretch in force at an instant."""
        of, doings = self.of, self.panel.doings[machine]
        first, last = of.first[machine], of.first[machine + 1]
        row = first + max(int(np.searchsorted(of.begin[first:last], before, side="right")) - 1, 0)
        begin = int(of.begin[row])
        warm_up, missed = (None, doings.base.missed) if self.warm_ups is None else self.warm_ups.known(row)
        return Physics(
            begin=begin,
            spell=of.spells[row],
            lags=tuple(self.slots[:, row].tolist()),
            saws=tuple((float(teeth.value[row]), bool(teeth.rises[row])) for teeth in self.saws.values()),
            kwh=tuple(self.kwh[row].tolist()),
            air=float(self.air[row]),
            count=doings.base.count + sum(1 for time in doings.finished if time <= begin),
            warm_up=warm_up,
            missed=missed,
            told=doings.base.told,
        )

    def forget(self, machine: int, before: int) -> None:
        """Drop what nobody will ask for again of a machine: all before the stretch in force at that instant."""
        self.panel.doings[machine].forget(self.physics(machine, before))

    # --- at instants ---------------------------------------------------------------------------------------------

    def rows(self, times: Ints) -> Ints:
        """Stretches in force after all that happens at these instants, shape (machines, times)."""
        first = self.of.first
        return np.array(
            [
                begin + np.searchsorted(self.of.begin[begin:end], times, side="right") - 1
                for begin, end in pairwise(first)
            ]
        )

    def at(self, times: Ints) -> "Values":
        """All quantities of all machines at instants."""
        every = np.arange(len(self.panel.machines))
        return Values(self, every, self.rows(times), np.broadcast_to(times, (len(every), len(times))))

    def of_machine(self, machine: int, times: Ints, *, before: bool = False) -> "Values":
        """All quantities of one machine at instants.

        Args:
            machine: which.
            times: when.
            before: as they were up to then, before what happens at those instants.
        """
        first, last = self.of.first[machine], self.of.first[machine + 1]
        row = np.searchsorted(self.of.begin[first:last], times, side="left" if before else "right") - 1
        return Values(self, np.array([machine]), first + np.maximum(row, 0)[np.newaxis], times[np.newaxis])

    def energy(self, times: Ints) -> Floats:
        """Energy in kWh in each energy state since the start of the run, shape (machines, times, levels).

        An exact integral without noise.
        """
        return self.energy_at(self.rows(times), times)

    def energy_at(self, row: Ints, times: Ints) -> Floats:
        """The same at stretches that are known."""
        kwh = self.kwh[row]
        level = self.of.level[row][..., np.newaxis]
        more = self.step["power_kw"][row] * ((times - self.of.begin[row]) / HOUR)
        np.put_along_axis(kwh, level, np.take_along_axis(kwh, level, -1) + more[..., np.newaxis], -1)
        return kwh if self.warm_ups is None else kwh - self.warm_ups.kwh(row, times)

    def power(self, times: Ints) -> Floats:
        """Power in kW without noise at these instants, shape (machines, times)."""
        return self.power_at(self.rows(times), times)

    def power_at(self, row: Ints, times: Ints) -> Floats:
        """The same at stretches that are known."""
        power: Floats = self.step["power_kw"][row]
        return power if self.warm_ups is None else power - self.warm_ups.kw(row, times)

    def flown(self, times: Ints) -> Floats:
        """Compressed air since the start of the run in cubic metres at normal conditions, shape (machines, times)."""
        row = self.rows(times)
        return self.air[row] + self._flow[row] * (times - self.of.begin[row])


class Values(dict[str, Any]):
    """Quantities of some machines at some instants by name, each computed when it is asked for.

    Args:
        track: what they did.
        machines: which, in order.
        row: the stretch in force, shape (machines, times).
        times: µs since the start of the run, of the same shape.
    """

    def __init__(self, track: Track, machines: Ints, row: Ints, times: Ints) -> None:
        super().__init__()
        self.track = track
        self.machines = machines
        self.row = row
        self.times = times

    def __missing__(self, name: str) -> Any:
        value = self._computed(name)
        self[name] = value
        return value

    def _computed(self, name: str) -> Any:
        track, row = self.track, self.row
        if (step := track.step.get(name)) is not None:
            return step[row]
        if (own := _OWN.get(name)) is not None:
            return own(self)
        quantity = track.panel.kind.quantities[name]
        if quantity.formula is not None:
            value = quantity.formula.of(FUNCTIONS, self)
            return value if np.shape(value) == row.shape else np.broadcast_to(value, row.shape)
        if quantity.wander is not None:
            return track.panel.wanders(name, self.machines, self.times)
        if quantity.sawtooth is not None:
            teeth, of = Teeth(*(column[row] for column in track.saws[name])), quantity.sawtooth
            return sawtooth(teeth.value, teeth.rises > 0, teeth.up, teeth.down, of.low, of.high, self["elapsed_s"])[0]
        return self._solved(name)

    def _solved(self, name: str) -> Floats:
        """A lag, two nodes or an integral in closed form."""
        track, row, elapsed = self.track, self.row, self["elapsed_s"]
        target = track.targets[name][row]
        for carried in track.panel.integrals:
            if carried.name == name:
                whole: Floats = track.slots[carried.slot][row] + target * elapsed
                return whole
        carried = next(c for c in track.panel.lags if c.name == name)
        total = np.zeros(row.shape)
        for place, (tau, gain) in enumerate(zip(track.taus[name], carried.gains, strict=True)):
            at = tau[row]
            fade = np.where(at > 0, np.exp(-elapsed / np.where(at > 0, at, 1.0)), 0.0)
            total += gain * (target + (track.slots[carried.slot + place][row] - target) * fade)
        return total

    def tag(self, name: str) -> Floats:
        """A tag as it truly is."""
        with np.errstate(all="ignore"):
            value: Floats = np.asarray(self[name], dtype=np.float64)
            return value


def _ambient(of: Values) -> Floats:
    """Machines that are read off together have the same hall, and the same instants."""
    hall = of.track.panel.ambient
    return np.broadcast_to(hall(of.times[:1]), of.times.shape)


def _elapsed(of: Values) -> Floats:
    return (of.times - of.track.of.begin[of.row]) / SECOND


def _worked(of: Values) -> Floats:
    stretch = of.track.of
    return stretch.work[of.row] + (of.times - stretch.begin[of.row]) * of["working"]  # type: ignore[no-any-return]


def _phase_progress(of: Values) -> Floats:
    stretch = of.track.of
    span = np.maximum(stretch.phase_span[of.row], 1)
    return np.clip((_worked(of) - stretch.phase_begin[of.row]) / span, 0.0, 1.0) * of["working"]  # type: ignore[no-any-return]


def _cycle_progress(of: Values) -> Floats:
    whole = np.maximum(of["cycle_s"] * SECOND, 1.0)
    return np.clip(_worked(of) / whole, 0.0, 1.0) * of["working"]  # type: ignore[no-any-return]


def _parts(of: Values) -> Floats:
    found = np.empty(of.times.shape)
    for place, machine in enumerate(of.machines.tolist()):
        doings = of.track.panel.doings[machine]
        finished = np.array(doings.finished, dtype=np.int64)
        found[place] = doings.base.count + np.searchsorted(finished, of.times[place], side="right")
    return found


_OWN: dict[str, Callable[[Values], Floats]] = {
    "ambient": _ambient,
    "elapsed_s": _elapsed,
    "phase_progress": _phase_progress,
    "cycle_progress": _cycle_progress,
    "parts": _parts,
    "power_now": lambda of: of.track.power_at(of.row, of.times),
    "energy_now": lambda of: of.track.energy_at(of.row, of.times).sum(axis=-1),
    "air_now": lambda of: of.track.panel.air[of.track.of.machine[of.row], of.track.of.level[of.row]],
}
"""Continuous variables of every machine; by name as in `plant.machine_types.CONTINUOUS`."""


def _slot(base: Physics, slot: int, otherwise: float) -> float:
    return base.lags[slot] if base.lags else otherwise


def _summed(own: Floats, bases: Sequence[tuple[float, ...]], of: Stretches) -> Floats:
    """Sums at the begin of each stretch, machine by machine, one after the other from what is known. Shape: (n, k)."""
    found = np.empty_like(own)
    for machine, base in enumerate(bases):
        first, last = of.first[machine], of.first[machine + 1]
        found[first:last] = np.cumsum(np.vstack([np.array([base]), own[first : last - 1]]), axis=0)
    return found


