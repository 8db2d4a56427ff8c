"""Whether everything in a machine type fits together, and in which order its quantities can be computed."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from plant.errors import EntryError, did_you_mean
from plant.expressions import Expression
from plant.fields import must_differ
from plant.variables import MODELS, TagRow

if TYPE_CHECKING:
    from plant.machine_types import MachineType

FROM_DRIVE = frozenset({"effort", "drive_kw", "power_kw"})
"""What follows from the power that `drive` tells, and so cannot stand in it."""

Place = tuple[str, ...]


def check(of: "MachineType") -> None:
    """See whether everything in a type that is told in full fits together.

    Raises:
        EntryError: with the way to the first thing that does not.
    """
    _check_cycle(of)
    _check_names(of)
    for place, expression in _solved_exactly(of):
        for name in expression.names:
            if name not in of.stepwise:
                raise _unfit(of, name, place)
    _check_faults(of)
    for name, row in of.tags.items():
        for other in () if row.noise is None else row.noise.names:
            _check_known(of, other, ("tags", name, "noise"))
    for name, waveform in of.waveforms.items():
        for key, rows in (("figures", waveform.figures), ("variants", waveform.variants)):
            for figure, expression in rows.items():
                for other in expression.names:
                    _check_known(of, other, ("waveforms", name, key, figure))


def _check_cycle(of: "MachineType") -> None:
    if of.phases:
        must_differ("phase", "name", "phases", (phase.name for phase in of.phases))
        whole = sum(phase.share for phase in of.phases)
        if abs(whole - 1) > 1e-9:
            raise EntryError(f"the phases are {whole:.1%} of the cycle", "shares that add up to 100 %", at=("phases",))
    for name, by in of.inputs.items():
        for mode in by:
            if mode not in of.modes:
                hint = did_you_mean(mode, of.modes)
                raise EntryError(f"{mode} is no phase", ", ".join(of.modes), hint, at=("inputs", name, mode))


def _check_names(of: "MachineType") -> None:
    """No two things of a type have the same name: an expression could not tell them apart."""
    seen = dict.fromkeys(of.everywhere, "a variable of every machine")
    kinds: list[tuple[str, Mapping[str, object]]] = [
        ("figures", of.figures), ("inputs", of.inputs), ("variables", of.variables), ("tags", of.tags)
    ]  # fmt: skip
    for kind, names in kinds:
        for name in names:
            if name in seen:
                raise EntryError(f"{name} is {seen[name]} already", "another name", at=(kind, name))
            seen[name] = f"one of the {kind}"
    for name, fault in of.fault_names.items():
        if name in seen:
            raise EntryError(f"{name} is {seen[name]} already", "another name", at=("faults", fault))
    for name in () if of.drive is None else of.drive.names:
        if name in FROM_DRIVE:
            raise EntryError(f"{name} follows from drive", "what does not follow from it", at=("drive",))


def _check_faults(of: "MachineType") -> None:
    for fault, row in of.faults.items():
        for key, expression in (("shift", row.shift), ("spread", row.spread)):
            for name in () if expression is None else expression.names:
                if name != "severity" and name not in of.figures:
                    allowed = ", ".join(["severity", *of.figures])
                    raise EntryError(f"{name} is not known here", allowed, at=("faults", fault, key))
        for tag in row.tags:
            if tag not in of.tags:
                at, hint = ("faults", fault, "shows"), did_you_mean(tag, of.tags)
                raise EntryError(f"there is no tag {tag}", ", ".join(of.tags), hint, at=at)


def _solved_exactly(of: "MachineType") -> Iterator[tuple[Place, Expression]]:
    """Expressions that must be constant between events, with their places."""
    if of.drive is not None:
        yield ("drive",), of.drive
    for name in of.order:
        for way, expression in of.quantities[name].expressions():
            if way != ("formula",):
                yield (*_place(of, name), *way), expression


def ordered(of: "MachineType") -> Iterator[str]:
    """Names of quantities in an order in which they can be computed.

    Raises:
        EntryError: something has no model, is not known, or is made of itself.
    """
    done: dict[str, bool] = {}  # False: under way
    for name in of.quantities:
        yield from _after_its_own(of, name, done)


def _after_its_own(of: "MachineType", name: str, done: dict[str, bool]) -> Iterator[str]:
    """A quantity, after those that it is made of."""
    if name in done:
        return
    done[name] = False
    row = of.quantities[name]
    if row.model is None:
        raise EntryError("it has no model", ", ".join(MODELS), at=_place(of, name))
    for way, expression in row.expressions():
        at = (*_place(of, name), *way)
        for other in expression.names:
            if done.get(other) is False:
                raise EntryError(f"it is made of itself, by way of {other}", "no circle", at=at)
            if other in of.quantities:
                yield from _after_its_own(of, other, done)
            else:
                _check_known(of, other, at)
    done[name] = True
    yield name


def _check_known(of: "MachineType", name: str, at: Place) -> None:
    known = {*of.everywhere, *of.figures, *of.inputs, *of.fault_names, *of.quantities}
    if name not in known:
        raise EntryError(f"{name} is not known", ", ".join(sorted(known)), did_you_mean(name, known), at=at)


def _place(of: "MachineType", name: str) -> Place:
    return ("tags" if isinstance(of.quantities[name], TagRow) else "variables", name)


def _unfit(of: "MachineType", name: str, at: Place) -> EntryError:
    _check_known(of, name, at)
    return EntryError(f"{name} changes between events", "an expression of what is constant between events", at=at)
