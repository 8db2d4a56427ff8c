"""The states of a machine: one table for names, colours, and what other vocabularies call them.

Order of the rows is the order of evaluation: the state of a machine is the first that applies (rule 23 of the line
rules), `unknown` when nobody can tell.
"""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What a machine is doing."""

    OFF = "off"
    PAUSE = "pause"
    FAILED = "failed"
    MAINTENANCE = "maintenance"
    SETUP = "setup"
    PROCESSING = "processing"
    BLOCKED = "blocked"
    WAITING = "waiting"
    STARVED = "starved"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class StateRow:
    """One state in every vocabulary we speak.

    Args:
        title: what people read.
        colour: fill on operator pages (grey ground, colour for the abnormal only).
        hatch: pattern beside the colour, for those who don't see it: ``none``, ``diagonal``, ``dots``, ``cross``.
        symbol: one character for narrow places.
        element: ISO 22400-2 time element with an order on the unit.
        packml: PackML state name (ISA-TR88) and mode number.
        mtconnect: MTConnect Execution and FunctionalMode.
        opcua: OPC 40001-1 item state and operation mode.
        energy: energy state.
    """

    title: str
    colour: str
    hatch: str
    symbol: str
    element: str
    packml: tuple[str, int]
    mtconnect: tuple[str, str]
    opcua: tuple[str, str]
    energy: str


STATES: dict[State, StateRow] = {
    State.OFF: StateRow(
        title="Off", colour="#ffffff", hatch="none", symbol="○", element="NST", packml=("Stopped", 2),
        mtconnect=("UNAVAILABLE", "PRODUCTION"), opcua=("NotAvailable", "None"), energy="off",
    ),
    State.PAUSE: StateRow(
        title="Pause", colour="#ffffff", hatch="dots", symbol="Ⅱ", element="PDOT", packml=("Stopped", 1),
        mtconnect=("STOPPED", "PRODUCTION"), opcua=("NotExecuting", "None"), energy="standby",
    ),
    State.FAILED: StateRow(
        title="Failed", colour="#c62828", hatch="none", symbol="✕", element="ADET", packml=("Aborted", 1),
        mtconnect=("STOPPED", "PRODUCTION"), opcua=("OutOfService", "Processing"), energy="standby",
    ),
    State.MAINTENANCE: StateRow(
        title="Maintenance", colour="#ffffff", hatch="cross", symbol="⚒", element="PDOT", packml=("Stopped", 2),
        mtconnect=("STOPPED", "MAINTENANCE"), opcua=("OutOfService", "Maintenance"), energy="standby",
    ),
    State.SETUP: StateRow(
        title="Setup", colour="#6b8299", hatch="none", symbol="⚙", element="AUST", packml=("Resetting", 1),
        mtconnect=("READY", "SETUP"), opcua=("Executing", "Setup"), energy="ready",
    ),
    State.PROCESSING: StateRow(
        title="Processing", colour="#8d9399", hatch="none", symbol="▶", element="APT", packml=("Execute", 1),
        mtconnect=("ACTIVE", "PRODUCTION"), opcua=("Executing", "Processing"), energy="processing",
    ),
    State.BLOCKED: StateRow(
        title="Blocked", colour="#e7c98f", hatch="diagonal", symbol="▐", element="ADET", packml=("Suspended", 1),
        mtconnect=("WAIT", "PRODUCTION"), opcua=("NotExecuting", "Processing"), energy="ready",
    ),
    State.WAITING: StateRow(
        title="Waiting", colour="#d7c4e3", hatch="dots", symbol="…", element="ADET", packml=("Held", 1),
        mtconnect=("INTERRUPTED", "PRODUCTION"), opcua=("NotExecuting", "Processing"), energy="ready",
    ),
    State.STARVED: StateRow(
        title="Starved", colour="#bcd7e8", hatch="diagonal", symbol="▁", element="ADET", packml=("Suspended", 1),
        mtconnect=("WAIT", "PRODUCTION"), opcua=("NotExecuting", "Processing"), energy="ready",
    ),
    State.UNKNOWN: StateRow(
        title="Unknown", colour="#00000000", hatch="cross", symbol="?", element="UNK", packml=("Undefined", 0),
        mtconnect=("UNAVAILABLE", "PRODUCTION"), opcua=("NotAvailable", "None"), energy="unknown",
    ),
}

_NUMBERS = {state: position for position, state in enumerate(STATES)}


def number(state: str) -> int:
    """The number of a state: its position in `STATES`, for stores and drawings that want one.

    Raises:
        KeyError: there is no such state.

    >>> number("failed")
    2
    """
    return _NUMBERS[State(state)]


IMPOSSIBLE = frozenset({(State.STARVED, State.BLOCKED)})
"""A machine without a part cannot be left with a finished one unless it worked in between."""


def legal(before: State, after: State) -> bool:
    """Whether a machine can go straight from one state to the other."""
    return before != after and (before, after) not in IMPOSSIBLE
