"""How healthy a machine is: the severity of its process faults, and what that makes of its parts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from plant.machine_types import MachineType
from simulators.faults import Course, announced
from simulators.functions import FUNCTIONS

if TYPE_CHECKING:
    from simulators.failure import Mode


@dataclass(frozen=True, slots=True)
class Announced:
    """A failure mode that a fault announces.

    Args:
        mode: of one machine.
        fault: name of the fault.
        onset: share of the time to failure, the last one, in which it grows.
    """

    mode: "Mode"
    fault: str
    onset: float

    def severity(self, now: int) -> float:
        """1 while the mode is down; else as far as its clock has come."""
        return 1.0 if self.mode.down else announced(self.mode.used(now), self.onset)


class Health:
    """The process faults of a machine.

    What announces a failure is looked at when an operation begins, and when a failure or repair comes; what the plant
    or a scenario says is known at every instant.

    Args:
        announced: failures with their faults.
        courses: other faults by name.
        kind: its type.

    Attributes:
        linked: severity of each that announces a failure, as it was looked at last.
    """

    __slots__ = ("_announced", "_courses", "_kind", "linked")

    def __init__(
        self, announced: Sequence[Announced], courses: Mapping[str, Course], kind: MachineType
    ) -> None:
        self._announced = announced
        self._courses = courses
        self._kind = kind
        self.linked = (0.0,) * len(announced)

    def look(self, now: int) -> None:
        """See how far the clocks have come."""
        self.linked = tuple(one.severity(now) for one in self._announced)

    def shows(self, fault: str) -> tuple[str, ...]:
        """The tags in which a fault shows."""
        row = self._kind.faults.get(fault)
        return () if row is None else row.tags

    def announcing(self) -> dict[str, float]:
        """Faults that announce failures, as strong as they were looked at last."""
        found: dict[str, float] = {}
        for one, severity in zip(self._announced, self.linked, strict=True):
            found[one.fault] = max(severity, found.get(one.fault, 0.0))
        return found

    def severities(self, now: int) -> dict[str, float]:
        """Faults that are there, the strongest of each name."""
        found = {name: course.at(now) for name, course in self._courses.items()}
        for name, severity in self.announcing().items():
            found[name] = max(severity, found.get(name, 0.0))
        return {name: severity for name, severity in found.items() if severity > 0}

    def effect(self, now: int) -> tuple[float, float]:
        """What the faults make of measured characteristics: shift in sigma, summed, and factor on sigma, multiplied."""
        shift, spread = 0.0, 1.0
        for name, severity in self.severities(now).items():
            row = self._kind.faults[name]
            values = {**self._kind.figures, "severity": severity}
            shift += 0.0 if row.shift is None else float(row.shift.of(FUNCTIONS, values))
            spread *= 1.0 if row.spread is None else float(row.spread.of(FUNCTIONS, values))
        return shift, spread
