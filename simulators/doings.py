"""What a machine does, as its signals follow from it: spells of one state, cut where an operation begins."""

from dataclasses import dataclass
from typing import NamedTuple

from plant.machine_types import LEVELS, RESTING
from plant.states import STATES, State

OPERATION = len(RESTING)
"""Number of what a machine does while an operation runs; before it come those of `RESTING`."""

NONE = -1
"""Number of no operation."""


class Operation(NamedTuple):
    """An operation, as the signals of its machine need it.

    Args:
        number: its number at the station, or `NONE`.
        duration: µs of work that it takes.
        product: what is worked on.
        used: share of the tool's life that was used up at its begin.
        tool: tools that the machine has used up before this one.
    """

    number: int = NONE
    duration: int = 0
    product: str = ""
    used: float = 0.0
    tool: int = 0


class Spell(NamedTuple):
    """A machine in one state.

    Args:
        begin: µs since the start of the run.
        doing: index of what it does: `RESTING`, then `OPERATION`.
        level: index of the energy state.
        state: the state.
        operation: the one it works on, or worked on last.
        done: µs of work done in that operation before.
        linked: severity of each fault that announces a failure of the machine, in the order of its modes.
    """

    begin: int
    doing: int
    level: int
    state: str
    operation: Operation
    done: int
    linked: tuple[float, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether it stands without work, and goes to standby in a while."""
        return self.state in _WAITING


_WAITING = frozenset({State.STARVED.value, State.BLOCKED.value})


def _doings() -> dict[tuple[str, str], tuple[int, int]]:
    """What a machine does in a state, and its energy state; handling is told by the reason."""
    found = {}
    for state, row in STATES.items():
        if row.energy not in LEVELS:
            continue
        level = LEVELS.index(row.energy)
        works = state is State.PROCESSING
        doing = OPERATION if works else RESTING.index("setup" if state is State.SETUP else row.energy)
        found[state.value, ""] = doing, level
    for handling in ("load", "unload"):
        found[State.PROCESSING.value, handling] = RESTING.index(handling), LEVELS.index("processing")
    return found


_DOINGS = _doings()


def doing_of(state: str, reason: str) -> tuple[int, int]:
    """What a machine does in a state, and its energy state."""
    return _DOINGS.get((state, reason)) or _DOINGS[state, ""]


@dataclass(frozen=True, kw_only=True, slots=True)
class Physics:
    """Where the physics of a machine stood at an instant from which on it can be computed again.

    Args:
        begin: that instant, µs since the start of the run.
        spell: the state in force then; it may have begun before.
        lags: lags, nodes and integrals then, in the order of the type.
        saws: saw-teeth then: value and whether it rises.
        kwh: energy in each energy state until then, in the order of LEVELS.
        air: compressed air until then in cubic metres.
        count: parts finished until then.
        warm_up: when the machine began to warm up, and the energy state it came from, if that may be under way.
        missed: by the energy states that warm-ups came from (off, standby) and went through (ready, processing):
            integral of the share of the step that was still missing, in µs² over twice the ramp.
        told: of each tag that is told by exception or on change what was told last, and when.
    """

    begin: int
    spell: Spell
    lags: tuple[float, ...] = ()
    saws: tuple[tuple[float, bool], ...] = ()
    kwh: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    air: float = 0.0
    count: int = 0
    warm_up: tuple[int, int] | None = None
    missed: tuple[int, ...] = (0, 0, 0, 0)
    told: tuple[tuple[str, float, int], ...] = ()


def at_rest(time: int, state: str, reason: str = "") -> Physics:
    """A machine of which nothing is known but its state."""
    return Physics(begin=time, spell=Spell(time, *doing_of(state, reason), state, Operation(), 0))


class Doings:
    """What a machine has done since its physics was last written down.

    Attributes:
        base: that physics.
        spells: what it did, from the spell in force at the base on.
        finished: when it finished parts since then.
        parts: the same with their names.
    """

    __slots__ = ("_linked", "_operation", "base", "finished", "parts", "spells")

    def __init__(self, base: Physics) -> None:
        self.base = base
        self.spells = [base.spell]
        self.finished: list[int] = []
        self.parts: list[tuple[int, str]] = []
        self._operation = base.spell.operation
        self._linked = base.spell.linked

    def change(self, time: int, state: str, reason: str) -> None:
        """The machine is in this state from now on."""
        doing, level = doing_of(state, reason)
        last = self.spells[-1]
        if (doing, level, state) != last[1:4] or last.operation is not self._operation:
            self._begin(time, doing, level, state)

    def work(self, time: int, operation: Operation, linked: tuple[float, ...] = ()) -> None:
        """An operation begins, or begins anew; what state that makes is told by `change`."""
        self._operation = operation
        self._linked = linked
        last = self.spells[-1]
        if last.doing == OPERATION:
            self._begin(time, last.doing, last.level, last.state)

    def finish(self, time: int, part: str) -> None:
        """A part is finished."""
        self.finished.append(time)
        self.parts.append((time, part))

    def ail(self, time: int, linked: tuple[float, ...]) -> None:
        """A failure or repair has come: the faults that announce failures are as strong as this from now on."""
        if linked != self._linked:
            self._linked = linked
            last = self.spells[-1]
            self._begin(time, last.doing, last.level, last.state)

    def _begin(self, time: int, doing: int, level: int, state: str) -> None:
        last = self.spells[-1]
        done = 0
        if last.operation is self._operation:
            done = last.done + (time - last.begin if last.doing == OPERATION else 0)
        spell = Spell(time, doing, level, state, self._operation, done, self._linked)
        if time == last.begin:  # what it did before in this instant was never in force
            self.spells[-1] = spell
        else:
            self.spells.append(spell)

    def forget(self, base: Physics) -> None:
        """Drop what lies before a base."""
        keep = next(k for k, spell in enumerate(self.spells) if spell is base.spell)
        del self.spells[:keep]
        self.finished = [time for time in self.finished if time > base.begin]
        self.parts = [part for part in self.parts if part[0] > base.begin]
        self.base = base
