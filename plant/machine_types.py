"""Machine types: what a kind of machine measures, what drives that, and how its faults show, as data.

The catalogue that ships (`plant.catalogue`) and the types that people write under ``machine_types:`` have the same
vocabulary. A type is a table of *variables*, most of them expressions of each other; those with a sensor are its tags.

Two kinds of variables matter. *Stepwise* ones are constant between the events of their machine: its state, the phase of
the cycle, the wear of its tool, the severity of a fault, what scatters from operation to operation, and every
expression of such. *Continuous* ones follow from them by an exact solution (a lag, two thermal nodes, an integral, a
saw-tooth), or are given at every instant (ambient temperature, wandering), and so is every expression of these. What is
solved exactly needs stepwise input.
"""

from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise
from typing import Literal, TypeVar

from pydantic import Field

from plant.expressions import ExpressionField
from plant.fields import Count, Description, Duration, Name, Share
from plant.messages import Tag
from plant.power import Air, Kilowatts, Power
from plant.variables import MODELS, Ident, TagRow, Variable
from plant.wiring import check, ordered

LEVELS = ("off", "standby", "ready", "processing")
"""Energy states, in rising order of power."""

RESTING = ("off", "standby", "ready", "setup", "load", "unload")
"""What a machine does when no operation runs, as `inputs` name it; then come the phases of its own cycle."""

STEPWISE = (
    "working", "powered", "effort", "drive_kw", "power_kw", "ready_kw", "tool_used", "wear_mm", "tools_before",
    "deviate", "cycle_s", "operation",
)  # fmt: skip
"""Stepwise variables of every machine; `docs/reference/machine-types.md` tells what they mean."""

CONTINUOUS = (
    "ambient", "elapsed_s", "phase_progress", "cycle_progress", "parts", "power_now", "energy_now", "air_now",
)  # fmt: skip
"""Continuous variables of every machine."""

T = TypeVar("T")


class Phase(Description):
    """A phase of the cycle."""

    name: Ident = Field(
        examples=["rough"], description="Name of the phase; `inputs` say what the program asks for in it."
    )
    share: Share = Field(examples=["46 %"], description="Share of the cycle time; all of a type add up to 1.")


class Levels(Description):
    """Electric power by energy state."""

    off: Kilowatts = Field(0.05, description="Power while it is off.")
    standby: Kilowatts = Field(0.3, description="Power in pauses, failures, maintenance, and after long waiting.")
    ready: Kilowatts = Field(1.0, description="Power while it waits or is set up.")
    processing: Kilowatts | None = Field(
        None, description="Mean power in processing; left out: what `drive` gives over its cycle with a fresh tool."
    )
    ramp: Duration = Field(0, description="Time in which its base load rises to that of ready after off or standby.")


class FaultRow(Description):
    """A fault of the process: its severity, from 0 to 1, is a variable by its name with _ in place of -."""

    title: str = Field(examples=["Spindle bearing"], description="What people read.")
    shows: tuple[str, ...] = Field(
        (), description="Tags in which it shows, in the order in which they react, each with + or -: [power +]."
    )
    shift: ExpressionField | None = Field(
        None,
        description="Shift of the measured characteristics in their sigma: an expression of `severity`; the sign is "
        "that of growing.",
    )
    spread: ExpressionField | None = Field(
        None, description="Factor on sigma of the measured characteristics: an expression of `severity`."
    )

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags in which it shows, without their signs."""
        return tuple(shown.removesuffix("+").removesuffix("-").strip() for shown in self.shows)


class WaveformRow(Description):
    """A waveform that the machine records once in so many parts."""

    model: Literal["vibration", "tightening", "blanking", "press-fit"] = Field(
        examples=["vibration"], description="What is recorded."
    )
    every: Count = Field(1, ge=1, description="Recorded at each so-many-th operation.")
    figures: dict[Ident, ExpressionField] = Field(
        default_factory=dict, description="What its model needs, by name: expressions at the end of the operation."
    )
    variants: dict[Name, ExpressionField] = Field(
        default_factory=dict,
        description="How a tightening goes wrong: the variant of the model whose expression is greatest, if above 0.",
    )


class MachineType(Description):
    """A kind of machine."""

    title: str | None = Field(None, description="What people read; left out: that of the type it is like.")
    like: Name | None = Field(
        None, description="A type with which it begins: what is told here comes in place of what is told there."
    )
    power: Levels | None = Field(None, description="Power by energy state.")
    drive: ExpressionField | None = Field(
        None,
        description="Power over that of ready while an operation runs, in kW: an expression of stepwise variables.",
    )
    air: Air | None = Field(None, description="Compressed air it takes; left out: none.")
    phases: tuple[Phase, ...] | None = Field(None, description="Phases of its cycle, in order.")
    figures: dict[Ident, float] = Field(
        default_factory=dict, description="Numbers that expressions name; a station may have its own."
    )
    inputs: dict[Ident, dict[Ident, float]] = Field(
        default_factory=dict,
        description="What the program asks for, by phase, or when it rests (off, standby, ready, setup, load, unload): "
        "a stepwise variable each, 0 where nothing is told.",
    )
    variables: dict[Ident, Variable] = Field(
        default_factory=dict, description="Quantities of the process without a sensor."
    )
    tags: dict[Ident, TagRow] = Field(default_factory=dict, description="Quantities with a sensor.")
    without: tuple[Name, ...] = Field(
        (), description="Variables, tags, faults and waveforms of the type it is like that it does not have."
    )
    faults: dict[Name, FaultRow] = Field(default_factory=dict, description="Faults of its process.")
    waveforms: dict[Ident, WaveformRow] = Field(default_factory=dict, description="Waveforms it records.")

    def onto(self, base: "MachineType") -> "MachineType":
        """This type where it is told in full: on top of the one that it is like."""
        below = base.power
        if self.drive is not None and below is not None:  # a drive of its own comes in place of the mean below, too
            below = below.model_copy(update={"processing": None})
        return MachineType(
            title=self.title or base.title,
            power=_onto(self.power, below),
            drive=self.drive or (None if self.power is not None and self.power.processing is not None else base.drive),
            air=self.air or base.air,
            phases=self.phases or base.phases,
            figures=base.figures | self.figures,
            inputs={
                name: base.inputs.get(name, {}) | self.inputs.get(name, {}) for name in [*base.inputs, *self.inputs]
            },
            variables=_each_onto(self.variables, self._kept(base.variables)),
            tags=_each_onto(self.tags, self._kept(base.tags)),
            faults=self._kept(base.faults) | self.faults,
            waveforms=self._kept(base.waveforms) | self.waveforms,
        )

    def at(self, power: Power | None, figures: Mapping[str, float]) -> "MachineType":
        """The same type with what a station has of its own; without air it has no meter of air."""
        changes: dict[str, object] = {}
        if figures:
            changes["figures"] = self.figures | dict(figures)
        air = self.air if power is None or power.air is None else power.air
        if power is not None:
            levels = self.power or Levels()
            own = {key: kw for key in LEVELS if (kw := getattr(power, key)) is not None}
            changes |= {"power": levels.model_copy(update=own | ({"ramp": power.ramp} if power.ramp else {}))}
            changes |= {"air": air}
        if air is None and any(_of_air(row) for row in self.tags.values()):
            changes["tags"] = {name: row for name, row in self.tags.items() if not _of_air(row)}
        if not changes:
            return self
        return MachineType.model_construct(**{key: getattr(self, key) for key in MachineType.model_fields} | changes)

    def _kept(self, of: Mapping[str, T]) -> dict[str, T]:
        return {name: row for name, row in of.items() if name not in self.without}

    @property
    def told_tags(self) -> dict[str, Tag]:
        """Its signals by name, in the order in which they are published, as birth documents describe them."""
        return {name: row.told(name) for name, row in self.tags.items()}

    @cached_property
    def quantities(self) -> dict[str, Variable]:
        """Its variables and tags by name."""
        return self.variables | self.tags

    @cached_property
    def fault_names(self) -> dict[str, str]:
        """Its faults, by the names that they have in expressions."""
        return {fault.replace("-", "_"): fault for fault in self.faults}

    @cached_property
    def modes(self) -> tuple[str, ...]:
        """What it can be doing, resting or in a phase, in the order of its inputs' columns."""
        return (*RESTING, *(phase.name for phase in self.phases or (WORK,)))

    @cached_property
    def everywhere(self) -> tuple[str, ...]:
        """Names of the variables that every machine has."""
        return (*STEPWISE, *LEVELS, *CONTINUOUS)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Names of its quantities, each after those that it is made of.

        Raises:
            EntryError: something has no model, is not known, or is made of itself.
        """
        return tuple(ordered(self))

    @cached_property
    def stepwise(self) -> frozenset[str]:
        """Names of all that is constant between events."""
        known = {*STEPWISE, *LEVELS, *self.figures, *self.inputs, *self.fault_names}
        for name in self.order:
            row = self.quantities[name]
            if row.scatter is not None or (row.formula is not None and known.issuperset(row.formula.names)):
                known.add(name)
        return frozenset(known)

    def check(self) -> None:
        """See whether everything in it fits together; it must be told in full.

        Raises:
            EntryError: with the way to the first thing that does not.
        """
        check(self)


WORK = Phase(name="work", share=1.0)
"""The phase of a cycle without phases."""

def _of_air(row: TagRow) -> bool:
    return row.formula is not None and "air_now" in row.formula.names


def _onto(own: Description | None, base: Description | None) -> "dict[str, object] | None":
    given = [of.model_dump(exclude_unset=True) for of in (base, own) if of is not None]  # as text: it is read again
    return {key: value for of in given for key, value in of.items()} if given else None


def _each_onto(own: Mapping[str, Variable], base: Mapping[str, Variable]) -> dict[str, object]:
    """Rows on top of rows: a model in place of the model, a key in place of the key."""
    merged: dict[str, object] = {}
    for name in [*base, *(name for name in own if name not in base)]:
        row, below = own.get(name), base.get(name)
        if row is None or below is None:
            merged[name] = row or below
            continue
        kept = below.model_dump(exclude_unset=True)  # as text: it is read again
        if row.model is not None:
            kept = {key: value for key, value in kept.items() if key not in MODELS}
        merged[name] = type(row)(**kept | row.model_dump(exclude_unset=True))
    return merged


def cumulative(phases: tuple[Phase, ...] | None) -> tuple[int, ...]:
    """Where the phases of a cycle begin, in millionths of it, from 0."""
    shares = [phase.share for phase in phases or (WORK,)]
    begins = [0]
    for share in shares[:-1]:
        begins.append(begins[-1] + round(share * 1_000_000))
    if any(later < earlier for earlier, later in pairwise(begins)) or begins[-1] > 1_000_000:
        raise ValueError(f"phases of {shares} are no cycle")
    return tuple(begins)
