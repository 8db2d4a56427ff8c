"""What the twin answers: frozen values, ready for JSON by `msgspec.to_builtins`. All times are microseconds UTC."""

from typing import Any, Literal

import msgspec

from twin.skew import SourceClock


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch [begin, end) in which a machine was in one state for one reason.

    Args:
        recorded: the reason that the machine told, where somebody has said another one.
    """

    state: str
    reason: str
    begin: int
    end: int
    part: str | None = None
    recorded: str | None = None


class KpiValue(msgspec.Struct, frozen=True, kw_only=True):
    """A KPI over one window.

    Args:
        value: the figure, or none with a `reason`.
        lower: no true value is below it; none where no bound can be given.
        upper: no true value is above it; none where no bound can be given.
        coverage: share of the window's time that is known.
        parts: the additive quantities the value is made of, in microseconds and pieces.
        unit: UCUM unit of value and bounds.
        profile: how states were mapped to time elements.
        status: ``final`` once the watermark has passed the end of the window, else ``provisional``.
        revision: how often the figure has been given since it is final; 0 while it is not.
        reason: why there is no value.
        warnings: what a reader should know besides.
    """

    value: float | None
    lower: float | None
    upper: float | None
    coverage: float | None
    parts: dict[str, int]
    unit: str
    profile: str
    status: Literal["provisional", "final"] = "provisional"
    revision: int = 0
    reason: str | None = None
    warnings: list[str] = []


class MachineInterval(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch [begin, end) of one of several machines."""

    path: str
    state: str
    reason: str
    begin: int
    end: int


class PartEventTold(msgspec.Struct, frozen=True, kw_only=True):
    """A part event at a machine or station."""

    path: str
    at: int
    event: str
    part: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What is behind a figure.

    Args:
        id: of the KPI.
        title: what people read.
        number: in ISO 22400-2:2014; none where it has none.
        formula: how it is made of its parts.
        values: legal values.
        better: which way is better: ``higher``, ``lower`` or ``none``.
        source: where the formula comes from, if not from the standard.
        figure: value, bounds and parts.
        waterfall: from calendar time to productive time, in microseconds.
        families: what each family of OEE compares, in microseconds.
        intervals: of the machines, in order, if its parts come from them; the first ones of many.
        intervals_count: how many there are.
        part_events: in order, if its parts come from them; the first ones of many.
        part_events_count: how many there are.
    """

    id: str
    title: str
    number: int | None
    formula: str
    values: str
    better: str
    source: str
    figure: KpiValue
    waterfall: dict[str, int]
    families: list[dict[str, Any]]
    intervals: list[MachineInterval]
    intervals_count: int
    part_events: list[PartEventTold]
    part_events_count: int


class NodeView(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a line, station or machine at one instant.

    Args:
        path: address ``area/line[/station[/machine]]``.
        kind: what it is.
        reported: what its messages say.
        desired: what commands asked for.
        last_change: when its state last changed.
        staleness_us: wall time since the last message of its connection.
        quality: what was lost or came twice on its topics; of a line now, also how its clock is.
        children: views of what it is made of.
    """

    path: str
    kind: Literal["line", "station", "machine"]
    reported: dict[str, Any]
    desired: dict[str, Any] = {}
    last_change: int | None = None
    staleness_us: int = 0
    quality: dict[str, Any] = {}
    children: list["NodeView"] = []


class Kin(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part that another one went into or came out of: when, and where; of a piece, what it was built into."""

    part: str
    at: int
    path: str
    into: str | None = None


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """A part's visit to a station, at the machine that worked on it; what did not happen or was not heard is none.

    Args:
        path: of the machine, of the station while no machine is known.
        verdict: ``scrapped`` or ``reworked``.
    """

    path: str
    entered: int | None = None
    started: int | None = None
    finished: int | None = None
    left: int | None = None
    verdict: str | None = None


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """A production order by the last word on it, and when it was first told to be released, started and completed."""

    order: str
    product: str
    quantity: int
    good: int
    scrap: int
    due: int | None
    event: str
    released: int | None
    started: int | None
    completed: int | None


class Genealogy(msgspec.Struct, frozen=True, kw_only=True):
    """One part among its kin.

    Args:
        part: its name.
        made_of: all pieces in it, its own ones first, then theirs.
        built_into: what it was built into, then what that was built into, and so on.
        came_out_of: what it came out of when that was taken apart, and so on.
        taken_apart_into: what came out of it, besides itself.
        visits: where it has been, in order of time.
    """

    part: str
    made_of: list[Kin]
    built_into: list[Kin]
    came_out_of: list[Kin]
    taken_apart_into: list[Kin]
    visits: list[Visit]


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """A signal per step; steps without a sample have nones."""

    t: list[int]
    min: list[float | None]
    mean: list[float | None]
    max: list[float | None]
    last: list[float | None]


class LevelKept(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a level of telemetry.

    Args:
        files: how many files.
        bytes: their size on disk.
        oldest: first instant from which on something is kept, microseconds UTC; none if nothing is.
        dropped: files dropped since the start.
    """

    files: int = 0
    bytes: int = 0
    oldest: int | None = None
    dropped: int = 0


class TelemetryKept(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of telemetry, of all runs: raw samples, minutes, hours."""

    raw: LevelKept
    minutes: LevelKept
    hours: LevelKept


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that was refused; ``at`` is wall time, for people only."""

    at: int
    topic: str
    reason: str
    detail: str
    payload: str


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A journaled message as it comes; of kind ``reset`` when the reader missed some and has to look anew."""

    position: int
    path: str
    kind: str
    message: dict[str, Any]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Journaled messages in the order that was asked for, and whether there are more behind them."""

    events: list[Event]
    more: bool


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What arrived on some topics: accepted, dropped as duplicates, accepted late, missing now."""

    received: int = 0
    duplicates: int = 0
    late: int = 0
    gaps: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(
            received=self.received + other.received,
            duplicates=self.duplicates + other.duplicates,
            late=self.late + other.late,
            gaps=self.gaps + other.gaps,
        )


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """How the twin is doing, since its start.

    Args:
        received: deliveries taken in, good or bad.
        ignored: messages of kinds that the twin does not look at: the truth.
        journaled: messages written to the journal.
        duplicates: messages that were known.
        gaps: messages that are missing now.
        late: messages that filled a gap.
        dead_letters: refused deliveries by reason.
        nodes: tallies by path and kind.
        position: last journal position.
        event_rate: journaled messages per second of wall time, lately.
        telemetry_values: values handed to the historian.
        telemetry_rate: values per second of wall time, lately.
        historian_rows: rows stored.
        historian_backlog: rows waiting to be stored.
        historian_dropped: rows given up: the store was away too long, or they are older than the samples it keeps.
        journal_retries: failed tries to write the journal.
        journal_trouble: why the journal does not take messages now; empty when it does.
        events_reset: readers of events that were too slow.
        alerts: alerts of other programs in the newest run, past ones too.
        alerts_standing: those of them that stand.
        clocks: those of the newest run's publishers beside the twin's own, by path of the line.
        snapshots: snapshots taken.
        snapshots_damaged: snapshots that could not be used.
    """

    received: int
    ignored: int
    journaled: int
    duplicates: int
    gaps: int
    late: int
    dead_letters: dict[str, int]
    nodes: dict[str, dict[str, Tally]]
    position: int
    event_rate: float
    telemetry_values: int
    telemetry_rate: float
    historian_rows: int
    historian_backlog: int
    historian_dropped: int
    journal_retries: int
    journal_trouble: str
    events_reset: int
    alerts: int = 0
    alerts_standing: int = 0
    clocks: dict[str, SourceClock] = {}
    snapshots: int
    snapshots_damaged: int


class NodeLast(msgspec.Struct, frozen=True, kw_only=True):
    """The last journaled message of a node by (session, n), and how many of its topic have the same ts."""

    ts: int
    session: int
    n: int
    count: int


class Last(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run has come: by path of each node, [session, seq] by topic, and the newest stored sample by path."""

    nodes: dict[str, NodeLast]
    topics: dict[str, tuple[int, int]]
    telemetry: dict[str, int] = {}
