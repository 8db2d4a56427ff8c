"""The process variables of machines of one type: computed from stretch to stretch, read off at any instants.

Rows of arrays are machines, columns instants. What is stepwise is computed once for each stretch; lags, nodes,
integrals and saw-teeth are carried from the begin of one stretch to that of the next, and in between they are solved
in closed form. So neither the grid of samples nor the pieces in which a run is advanced leave a trace.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plant.machine_types import LEVELS, MachineType, cumulative
from plant.power import Power
from plant.time import SECOND
from simulators.doings import NONE, OPERATION, Doings
from simulators.functions import FUNCTIONS
from simulators.physics.lags import two_nodes
from simulators.physics.noise import gauss, wander
from simulators.physics.tools import wear_land
from simulators.streams import Key, pairs
from simulators.stretches import Edges, Floats, Ints, Stretches, stretches

Ambient = Callable[[Ints], Floats]
"""Temperature of the hall at instants, µs since the start of the run."""

Severity = Callable[[Ints], Floats]
"""How strong a fault is at instants, from 0 to 1."""

_PROCESSING = LEVELS.index("processing")


@dataclass(frozen=True, kw_only=True, slots=True)
class Instrumented:
    """A machine with its instruments.

    Args:
        kind: its type, with what its station has of its own.
        power: what its station says of power, for products that differ.
        key: of a random quantity of this machine, by purpose.
        linked: the faults that lead to failures of the machine, in the order of its modes.
        faults: severity by name of faults that come whatever the line does.
        edges: instants at which they begin or end.
    """

    kind: MachineType
    power: Power | None
    key: Callable[[str], Key]
    linked: tuple[str, ...] = ()
    faults: Mapping[str, Severity] = field(default_factory=dict)
    edges: Edges | None = None


class Panel:
    """The instruments of machines of one type.

    Args:
        machines: with figures of their own, but the same tags.
        doings: what each does.
        ambient: of the hall.
    """

    def __init__(self, machines: Sequence[Instrumented], doings: Sequence[Doings], ambient: Ambient) -> None:
        kind = machines[0].kind
        self.kind = kind
        self.machines = machines
        self.doings = doings
        self.ambient = ambient
        self.phases = cumulative(kind.phases)
        self._late = _after_drive(kind)
        self.figures = {name: np.array([of.kind.figures[name] for of in machines]) for name in kind.figures}
        self._inputs = {
            name: np.array([by.get(mode, 0.0) for mode in kind.modes]) for name, by in kind.inputs.items()
        }
        self.air = np.array([_flows(of.kind) for of in machines])
        self.ramp = np.array([0 if of.kind.power is None else of.kind.power.ramp for of in machines], dtype=np.int64)
        self._scatters = {
            name: (row.scatter, np.array([of.key(f"scatter.{name}") for of in machines], dtype=np.uint64))
            for name, row in kind.quantities.items()
            if row.scatter is not None
        }
        self.power, self._efforts, self._drive = self._powers()
        self.lags, self.integrals, self.saws = _carried(kind)
        self._keys = {
            name: np.array([of.key(f"wander.{name}") for of in machines], dtype=np.uint64)
            for name, row in kind.quantities.items()
            if row.wander is not None
        }
        self._deviates = np.array([of.key("deviate") for of in machines], dtype=np.uint64)

    def _powers(self) -> tuple[Floats, list[dict[str, float]], Floats]:
        """Power by energy state, effort by product, and what an effort of 1 takes above ready if no drive tells it."""
        power, efforts, drives = [], [], []
        for index, of in enumerate(self.machines):
            levels = of.kind.power
            off, standby, ready, told = (
                (0.05, 0.3, 1.0, None) if levels is None
                else (levels.off, levels.standby, levels.ready, levels.processing)
            )  # fmt: skip
            if of.kind.drive is not None:
                mean = self._mean_drive(index)
                scale = 1.0 if told is None or mean <= 0 else (told - ready) / mean
            else:
                mean, scale = (ready if told is None else told) - ready, 1.0
            own = {} if of.power is None else of.power.by_product
            above = {product: (kw - ready) / mean if mean else 1.0 for product, kw in own.items()}
            power.append([off, standby, ready, ready + mean * scale])
            efforts.append({"": scale, **above})
            drives.append(mean)
        return np.array(power), efforts, np.array(drives)

    def _mean_drive(self, machine: int) -> float:
        """Power above ready over a cycle with a fresh tool and no fault."""
        kind = self.kind
        modes = np.arange(OPERATION, len(kind.modes))
        values: dict[str, Any] = {name: column[machine] for name, column in self.figures.items()}
        values |= {name: table[modes] for name, table in self._inputs.items()}
        values |= dict.fromkeys(kind.fault_names, 0.0)
        values |= {"working": 1.0, "powered": 1.0, "tool_used": 0.0, "wear_mm": 0.0, "tools_before": 0.0}
        values |= {"deviate": 0.0, "cycle_s": 1.0, "operation": 0.0, "processing": 1.0}
        values |= {"off": 0.0, "standby": 0.0, "ready": 0.0, "ready_kw": 0.0, "effort": 1.0}
        values |= dict.fromkeys(self._scatters, 0.0)
        with np.errstate(all="ignore"):
            for name in kind.order:
                formula = kind.quantities[name].formula
                if formula is not None and name in kind.stepwise and values.keys() >= set(formula.names):
                    values[name] = formula.of(FUNCTIONS, values)
            drive = kind.drive.of(FUNCTIONS, values) if kind.drive is not None else 0.0
        shares = np.diff([*self.phases, 1_000_000]) / 1_000_000
        return float((np.broadcast_to(drive, shares.shape) * shares).sum())

    def stretches(self, to: int) -> Stretches:
        """What the machines did up to an instant and with all that begins then, from the oldest that is still known."""
        return stretches(self.doings, self.phases, to + 1, [of.edges for of in self.machines])

    def stepwise(self, of: Stretches) -> dict[str, Any]:
        """All stepwise quantities: arrays over the stretches."""
        kind, operations = self.kind, of.operations
        values: dict[str, Any] = {name: column[of.machine] for name, column in self.figures.items()}
        values |= {name: table[of.mode] for name, table in self._inputs.items()}
        values |= {name: (of.level == index).astype(np.float64) for index, name in enumerate(LEVELS)}
        used = np.array([operation.used for operation in operations])
        number = np.array([operation.number for operation in operations], dtype=np.int64)
        runs = of.mode >= OPERATION
        values["working"] = runs.astype(np.float64)
        values["powered"] = (of.level >= LEVELS.index("ready")).astype(np.float64)
        values["tool_used"] = used
        values["wear_mm"] = wear_land(used)
        values["tools_before"] = np.array([float(operation.tool) for operation in operations])
        values["operation"] = number.astype(np.float64)
        values["cycle_s"] = np.array([operation.duration / SECOND for operation in operations])
        values["ready_kw"] = self.power[of.machine, LEVELS.index("ready")]
        values["deviate"] = np.where(number == NONE, 0.0, gauss(pairs(self._deviates[of.machine], number)))
        values["effort"] = np.array(
            [
                efforts.get(operation.product, efforts[""])
                for efforts, operation in zip(
                    (self._efforts[machine] for machine in of.machine.tolist()), operations, strict=True
                )
            ]
        )
        for name, (sigma, keys) in self._scatters.items():
            values[name] = np.where(number == NONE, 0.0, sigma * gauss(pairs(keys[of.machine], number)))
        values |= self._severities(of)
        for name in kind.order:
            formula = kind.quantities[name].formula
            if formula is not None and name in kind.stepwise and not self._late.intersection(formula.names):
                values[name] = for_each(formula.of(FUNCTIONS, values), of)
        above = self._drive[of.machine] if kind.drive is None else for_each(kind.drive.of(FUNCTIONS, values), of)
        values["drive_kw"] = above * values["effort"] * values["processing"]
        base = self.power[of.machine, np.minimum(of.level, LEVELS.index("ready"))]
        values["power_kw"] = np.maximum(base + values["drive_kw"], 0.0)
        for name in kind.order:
            formula = kind.quantities[name].formula
            if formula is not None and name in kind.stepwise and name not in values:
                values[name] = for_each(formula.of(FUNCTIONS, values), of)
        return values

    def _severities(self, of: Stretches) -> dict[str, Floats]:
        """How strong each fault of the type is, stretch by stretch: the strongest of what causes it."""
        found = {}
        for name, fault in self.kind.fault_names.items():
            whole = np.zeros(len(of.begin))
            for index, machine in enumerate(self.machines):
                rows = slice(of.first[index], of.first[index + 1])
                if (severity := machine.faults.get(fault)) is not None:
                    whole[rows] = severity(of.begin[rows])
                for place, linked in enumerate(machine.linked):
                    if linked == fault:
                        told = [spell.linked[place] if spell.linked else 0.0 for spell in of.spells[rows]]
                        whole[rows] = np.maximum(whole[rows], told)
            found[name] = whole
        return found

    def wanders(self, name: str, machines: Ints, times: Ints) -> Floats:
        """A wandering quantity of some machines at instants. Shape: that of the times."""
        model = self.kind.quantities[name].wander
        if model is None:
            raise KeyError(name)
        return wander(self._keys[name][machines], times[0], model.sigma, model.tau)  # they have the same instants


def for_each(value: Any, of: Stretches) -> Floats:
    """A value for each stretch."""
    whole = np.asarray(value, dtype=np.float64)
    return whole if whole.shape == of.begin.shape else np.broadcast_to(whole, of.begin.shape)


def _flows(kind: MachineType) -> tuple[float, float, float, float]:
    return (0.0, 0.0, 0.0, 0.0) if kind.air is None else (0.0, 0.0, kind.air.ready, kind.air.processing)


@dataclass(frozen=True, slots=True)
class Carried:
    """What is carried from stretch to stretch for a variable: so many slots from the first, each with its gain."""

    name: str
    slot: int
    taus: tuple[float | None, ...]
    gains: tuple[float, ...]


def _after_drive(kind: MachineType) -> frozenset[str]:
    """What is known only after the drive, and all that is made of it."""
    late = {"drive_kw", "power_kw"}
    for name in kind.order:
        formula = kind.quantities[name].formula
        if formula is not None and late.intersection(formula.names):
            late.add(name)
    return frozenset(late)


def _carried(kind: MachineType) -> tuple[list[Carried], list[Carried], list[str]]:
    """The lags, integrals and saw-teeth of a type."""
    lags: list[Carried] = []
    integrals: list[Carried] = []
    saws = [name for name in kind.order if kind.quantities[name].sawtooth is not None]
    slot = 0
    for name in kind.order:
        row = kind.quantities[name]
        if row.lag is not None:
            lags.append(Carried(name, slot, (None,), (1.0,)))
            slot += 1
        elif row.two_nodes is not None:
            of = row.two_nodes
            body = two_nodes(of.c1, of.c2, of.g12, of.g2a)
            lags.append(Carried(name, slot, body.taus, body.gains(of.node - 1)))
            slot += len(body.taus)
    for name in kind.order:
        if kind.quantities[name].integral is not None:
            integrals.append(Carried(name, slot, (), ()))
            slot += 1
    return lags, integrals, saws
