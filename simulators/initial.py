"""A present state of a plant as a value: where a run begins if not empty at time 0.

`Simulation.state()` gives one, and a run that begins with it has the same future to the last tie. One made by hand or
from a twin may leave out what it does not know: times that are none are drawn.

Times are µs; instants count from the start of the run, `left` and `remaining` from the present. A `rank` orders timers
that end at the same instant: lower first, as they were set.
"""

from dataclasses import dataclass

from simulators.doings import Physics


@dataclass(frozen=True, kw_only=True, slots=True)
class PartState:
    """A part and its visit to the station where it is; see `Part` for the fields."""

    number: int
    entered: int
    enter: int
    operation: int = -1
    start: int | None = None
    finish: int | None = None
    worked: int = 0
    scrap: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TravelState:
    """A part on its way into a station."""

    part: PartState
    left: int
    rank: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockState:
    """A failure mode of a machine.

    Args:
        mode: its name.
        down: whether it is being repaired.
        left: of the clock until the next failure, or of the repair; none: drawn.
        count: failures so far.
        whole: the time to failure that the clock counts down; what is left of it at least.
        since: instant of the last one.
    """

    mode: str
    down: bool = False
    left: int | None = None
    count: int = 0
    whole: int = 0
    since: int = 0
    rank: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineState:
    """A machine.

    Args:
        phase: ``empty``, ``loading``, ``ready``, ``working``, ``unloading`` or ``done``.
        remaining: time to go in a phase that takes time; none: drawn.
        part: the part it holds, in every phase but ``empty``.
        condition: state and reason in force, since the instant `since`; none: they begin now.
        clocks: its failure modes; those left out begin with a first draw.
        physics: where its signals stand; none: at rest.
    """

    phase: str = "empty"
    remaining: int | None = None
    rank: int = 0
    part: PartState | None = None
    condition: tuple[str, str] | None = None
    since: int = 0
    clocks: tuple[ClockState, ...] = ()
    physics: Physics | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StationState:
    """A station.

    Args:
        name: its name.
        machines: number 1 first; those left out are empty and up.
        waiting: parts in its buffer, first to go first.
        coming: parts on their way, first to arrive first.
        givers: numbers of the machines upstream that are blocked for a place here, longest first.
        askers: numbers of the machines upstream that wait for a reservation, longest first.
        begun, loaded, restarted, sent: draws used: operations, loadings, restarts, parts that set out for here.
    """

    name: str
    machines: tuple[MachineState, ...] = ()
    waiting: tuple[PartState, ...] = ()
    coming: tuple[TravelState, ...] = ()
    givers: tuple[int, ...] = ()
    askers: tuple[int, ...] = ()
    begun: int = 0
    loaded: int = 0
    restarted: int = 0
    sent: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class LineState:
    """A line.

    Args:
        name: its name.
        stations: those left out are empty.
        made: parts that entered so far.
        arrived: timed arrivals so far.
        outside: parts that wait outside.
        left: until the next timed arrival; none: drawn.
    """

    name: str
    stations: tuple[StationState, ...] = ()
    made: int = 0
    arrived: int = 0
    outside: int = 0
    left: int | None = None
    rank: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class InitialState:
    """A plant at an instant.

    Args:
        time: µs since the start of the run.
        lines: those left out are empty.
    """

    time: int = 0
    lines: tuple[LineState, ...] = ()


EMPTY = InitialState()
"""Time 0: no parts, all machines up, clocks begin with a first draw (rule 4)."""
