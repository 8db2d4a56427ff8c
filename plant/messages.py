"""Messages of the native profile: a message is a fact, frozen and stamped with plant time.

One definition per kind is at once type, validator and schema. A message is made without numbers (``run`` empty,
``session``, ``seq`` and ``n`` -1); the publisher alone numbers it, and a reader refuses one without numbers.
All times are integer microseconds UTC since 1970; ``ts`` is the instant of the fact, never of sending.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import msgspec

from plant.paths import Node
from plant.remarks import About

Scalar = float | int | str | bool | None


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Envelope that every message carries.

    Args:
        run: hash of plant, seed and start.
        session: counts the starts of the publisher within a run, from 1.
        seq: counts per topic and session, from 0 (gaps).
        n: counts per machine over all its kinds, from 0 (order); line kinds count per line.
        ts: plant time of the fact.
    """

    kind: ClassVar[str] = ""

    run: str = ""
    session: int = -1
    seq: int = -1
    n: int = -1
    ts: int


class Tag(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A signal of a machine, as its birth document describes it."""

    unit: str
    datatype: Literal["float", "int", "str", "bool"] = "float"
    min: float | None = None
    max: float | None = None
    sampling: str = ""
    title: str = ""


class Meta(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Birth document of a station or line; ``last`` holds [session, seq] per kind of the session before."""

    kind: ClassVar[str] = "meta"

    schema: str
    type: str
    tags: dict[str, Tag] = {}
    ideal_cycle_us: int | None = None
    ideal_cycle_derived: bool | None = None
    machines: int | None = None
    buffer: int | None = None
    states: str = "shopfloor/1"
    last: dict[str, tuple[int, int]] | None = None


class StateChange(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A machine is in this state since then."""

    kind: ClassVar[str] = "state"

    state: str
    reason: str
    since: int
    part: str | None = None
    order: str | None = None


class Telemetry(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Samples of one block in columns: every list in ``v`` is as long as ``t``; ``ts`` is the end of the block."""

    kind: ClassVar[str] = "telemetry"

    t: list[int]
    v: dict[str, list[Scalar]]
    q: dict[str, int | list[int]] | None = None
    hist: bool | None = None


PartEventName = Literal["entered", "started", "finished", "scrapped", "reworked", "left"]


class PartEvent(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Something happened to a part at a station.

    ``entered``: it got a place in the station (buffer or machine); ``started``: work on it began; ``finished``: work
    ended (this books it); ``scrapped``: it is bad, with a ``cause``; ``reworked``: it must be worked on again, with a
    ``cause`` and the ``route`` to where; ``left``: it gave its place away, going to ``route`` or, without one, out of
    the line (a part out of the line with a ``cause`` is scrap) or ``into`` another part.

    Args:
        visit: counts the part's visits to the station, from 1.
        into: at an assembly the part that this one became a piece of, here and now.
        of: at a disassembly the part that this one came out of; its life begins here.
        since: of a part out of the line, when the first of its pieces came into it, if before itself.
    """

    kind: ClassVar[str] = "part"

    event: PartEventName
    part: str
    product: str
    order: str | None = None
    cycle_us: int | None = None
    cause: str | None = None
    route: str | None = None
    visit: int = 1
    into: str | None = None
    of: str | None = None
    since: int | None = None


class Measured(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One measured characteristic."""

    v: float
    unit: str
    lsl: float | None = None
    usl: float | None = None
    ok: bool


class Quality(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Measured characteristics of one part."""

    kind: ClassVar[str] = "quality"

    part: str
    product: str
    values: dict[str, Measured]
    gauge: str = ""


AlarmState = Literal[
    "normal",
    "unacknowledged",
    "acknowledged",
    "returned-unacknowledged",
    "latched",
    "shelved",
    "suppressed-by-design",
    "out-of-service",
]


class Alarm(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A transition of one alarm; its topic has the code as one more level and is cleared when normal again."""

    kind: ClassVar[str] = "alarm"

    code: str
    text: str
    priority: int
    alarm_state: AlarmState
    since: int
    ack_by: str | None = None
    count: int


class Energy(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Cumulative energy in kWh, in total and by energy state, and the power in kW now.

    Args:
        air_m3: compressed air so far, in cubic metres at normal conditions; only where some is taken.
    """

    kind: ClassVar[str] = "energy"

    kwh: float
    by: dict[str, float]
    kw: float
    air_m3: float | None = None


OrderEvent = Literal["released", "started", "progress", "completed"]


class Order(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Progress of a production order."""

    kind: ClassVar[str] = "order"

    order: str
    product: str
    quantity: int
    good: int
    scrap: int
    event: OrderEvent
    due: int | None = None


class KpiFigure(msgspec.Struct, frozen=True, kw_only=True):
    """A KPI on the wire; a value or bound that cannot be given is null."""

    value: float | None
    lower: float | None
    upper: float | None
    coverage: float | None
    unit: str


class Kpi(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """KPIs of a window, published by the twin."""

    kind: ClassVar[str] = "kpi"

    kpi: dict[str, KpiFigure]
    from_: int = msgspec.field(name="from")
    to: int
    profile: str
    revision: int


class Command(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A wish; never retained."""

    kind: ClassVar[str] = "cmd"

    id: str
    name: str
    args: dict[str, Scalar] = {}
    expires: int
    by: str


class Ack(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What became of a command."""

    kind: ClassVar[str] = "ack"

    id: str
    status: Literal["accepted", "rejected", "applied", "expired"]
    reason: str | None = None


class Status(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A connection is there or gone; also its last will."""

    kind: ClassVar[str] = "status"

    online: bool
    client: str
    version: str
    speed: float | None = None


class Clock(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Heartbeat of a publisher: plant time and the last [session, seq] of each of its topics."""

    kind: ClassVar[str] = "clock"

    now: int
    speed: float
    epoch: int
    running: bool
    last: dict[str, tuple[int, int]]
    wall: int | None = None


class Remark(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a person says about facts: the twin makes and numbers it, and refuses one that comes over a bus.

    Args:
        by: who says so.
        about: what is said.
        note: why, in words.
    """

    kind: ClassVar[str] = "remark"

    by: str
    about: About
    note: str = ""


class Axis(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a waveform runs over if not over time: words of its own, as many as there are samples."""

    signal: str
    unit: str
    scale: float
    offset: float
    data: str


class Waveform(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A stretch of a signal sampled fast: value = offset + scale × word; ``ts`` is when it was whole.

    Args:
        signal: what is measured, as the machine's type calls it.
        unit: its unit (UCUM).
        begin: instant of the first sample.
        rate_hz: samples per second.
        samples: how many there are.
        data: base64 of little-endian signed 16-bit words.
        axis: what it runs over if not over time.
        bands: figures of its spectrum by name.
        part: the part in work.
    """

    kind: ClassVar[str] = "waveform"

    signal: str
    unit: str
    begin: int
    rate_hz: float
    samples: int
    scale: float
    offset: float
    data: str
    axis: Axis | None = None
    bands: dict[str, float] | None = None
    part: str | None = None


class Affected(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What shows a fault: signals, parts, and how many messages."""

    tags: list[str] = []
    parts: list[str] = []
    messages: int = 0


class Truth(Message, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What is really wrong, for those who judge detectors; off unless asked for, and never read by the twin.

    Args:
        id: of the record; a later message with the same id says more of the same fault.
        layer: where it starts.
        what: name of the fault, failure mode or task.
        path: what it befalls: a machine, or the place on whose way messages are.
        tag: signal of a sensor fault.
        t_start: physical onset.
        t_end: end; none: it is still there.
        t_detectable: first instant at which some signal is off by more than three standard deviations of its noise.
        severity: how strong it becomes, 0 to 1.
        parameters: of the fault.
        affected: what shows it.
        planned: whether somebody put it there; false: it came by itself, as failures and wear do.
    """

    kind: ClassVar[str] = "truth"

    id: str
    layer: Literal["process", "sensor", "transport"]
    what: str
    path: str
    tag: str | None = None
    t_start: int
    t_end: int | None = None
    t_detectable: int | None = None
    severity: float
    parameters: dict[str, Scalar]
    affected: Affected
    planned: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class KindRow:
    """How one kind travels.

    Args:
        type: the message type.
        qos: MQTT quality of service.
        retain: whether the broker keeps the latest one.
        counted: whether it takes part in the ``n`` of its node and in the gap accounting.
        journaled: whether the twin writes it into its journal.
    """

    type: type[Message]
    qos: int
    retain: bool
    counted: bool = True
    journaled: bool = True


KINDS: dict[str, KindRow] = {
    "meta": KindRow(type=Meta, qos=1, retain=True),
    "state": KindRow(type=StateChange, qos=1, retain=True),
    "telemetry": KindRow(type=Telemetry, qos=0, retain=False, journaled=False),
    "waveform": KindRow(type=Waveform, qos=1, retain=False, journaled=False),
    "part": KindRow(type=PartEvent, qos=1, retain=False),
    "quality": KindRow(type=Quality, qos=1, retain=False),
    "alarm": KindRow(type=Alarm, qos=1, retain=True),
    "energy": KindRow(type=Energy, qos=1, retain=True),
    "order": KindRow(type=Order, qos=1, retain=True),
    "kpi": KindRow(type=Kpi, qos=1, retain=True, counted=False, journaled=False),
    "cmd": KindRow(type=Command, qos=1, retain=False, counted=False),
    "ack": KindRow(type=Ack, qos=1, retain=False, counted=False),
    "status": KindRow(type=Status, qos=1, retain=True, counted=False),
    "clock": KindRow(type=Clock, qos=1, retain=True, counted=False),
    "remark": KindRow(type=Remark, qos=1, retain=False, counted=False),
    "truth": KindRow(type=Truth, qos=1, retain=False, counted=False, journaled=False),
}

RESERVED_NAMES = frozenset(KINDS)
"""Nothing in a plant may be called like a kind: topics of lines and stations have different depths."""

Emission = tuple[Node, Message]
"""What a simulator hands to a publisher: whose message it is, and the message without numbers."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Bytes on the way: what a bus carries and a twin takes in."""

    topic: str
    payload: bytes
    qos: int = 1
    retain: bool = False
