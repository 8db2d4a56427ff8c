"""Downtime: which stops cost most, and which come most often. Pure."""

from dashboards.boards import facts
from dashboards.panels import Board, Panel, Row
from plant.description import Plant
from plant.states import State
from plant.time import MINUTE
from twin.catalogue import CATALOGUE
from twin.select import Column, Condition, Select

UID = "shopfloor-downtime"

_TIME = Column(name="lost", formula="lost", unit="min", scale=(1, MINUTE), title="Minutes")
_STOPS = facts.as_is("stops", "Stops", each="sum", unit=facts.STOP)
_MINOR = facts.as_is("minor", "Minor stops", each="sum", unit=facts.STOP)
_NO_STOPS = (State.OFF, State.PAUSE, State.BLOCKED, State.WAITING, State.STARVED, State.UNKNOWN)
_BOOKED = tuple(Condition(name="state", value=state.value, op="!=") for state in _NO_STOPS)
_LEFT_OUT = (
    "Time in which a machine is off, in a break, starved, blocked, waits, or is not heard of has no cause at that "
    "machine and is left out: it would dwarf all others. Stops without a reason, changeovers for one, are called none."
)
_LASTING = ("mtbf.usual", "mttr.usual", "corrective_maintenance_ratio")


def board(plant: Plant) -> Board:
    """The board of maintenance."""
    by = facts.each_machine(plant)
    return Board(
        uid=UID,
        title="Downtime Pareto",
        purpose=f"Which stops in {plant.plant} cost most time, and which come most often. For maintenance.",
        rows=(
            Row(title="Which stops", panels=(_by_time(), _by_count(), _ranked())),
            Row(title="Which machines", panels=(_machines(), _minor(by))),
            Row(title="When", panels=(_states(by), _events(by))),
        ),
        window="now-24h",  # a Pareto chart stands at the begin of its shift or day
    )


def _by_time() -> Panel:
    return Panel(
        id="downtime.by-time",
        title="Stops by time",
        kind="barchart",
        description="Minutes of machines in stops of each reason: Σ lost, the longest first. "
        f"{_LEFT_OUT} Not in ISO 22400.",
        queries=(Select(table="stop", columns=(_TIME,), by=("reason",), where=_BOOKED),),
        unit="min",
        thresholds=facts.PLAIN,
        minimum=0,
        sort="-lost",
        options={"xField": "reason", "orientation": "horizontal"},
        height=11,
    )


def _by_count() -> Panel:
    return Panel(
        id="downtime.by-count",
        title="Stops by number",
        kind="barchart",
        description="How many stops of each reason began: Σ stops, and how many of them were minor, shorter than the "
        f"line's limit. {_LEFT_OUT} Not in ISO 22400.",
        queries=(Select(table="stop", columns=(_STOPS, _MINOR), by=("reason",), where=_BOOKED),),
        unit=facts.STOP,
        thresholds=facts.PLAIN,
        minimum=0,
        sort="-stops",
        options={"xField": "reason", "orientation": "horizontal"},
        height=11,
    )


def _ranked() -> Panel:
    columns = (
        facts.as_is("rank", "Rank", unit="{rank}"),
        Column(name="lost", formula="lost", each="last", unit="min", scale=(1, MINUTE), title="Minutes"),
        facts.as_is("stops", "Stops", unit=facts.STOP),
        facts.as_is("cumulative", "Cumulative share"),
    )
    return Panel(
        id="downtime.ranked",
        title="Pareto of each shift",
        kind="table",
        description="The twin ranks the reasons of each shift, or of each day where there are no shifts, by time. "
        "Here starved and blocked time is there, too, with its state. A chart stands at the begin of its shift or day, "
        "so the time chosen above must hold that. The cumulative share is that of a reason and of all that cost more: "
        "where it passes 80 %, the vital few end.",
        queries=(Select(table="pareto", columns=columns, by=("line", "shift", "state", "reason")),),
        unit="1",
        units={"rank": "{rank}", "lost": "min", "stops": facts.STOP},
        thresholds=facts.PLAIN,
        minimum=0,
        maximum=1,
        sort="rank",
        width=24,
        height=10,
    )


def _minor(by: tuple[str, ...]) -> Panel:
    count, time = CATALOGUE["minor_stop_count"], CATALOGUE["minor_stop_time"]
    return Panel(
        id="downtime.minor",
        title="Minor stops by machine",
        kind="table",
        description=facts.described((count, time), "Many short stops cost as much as one long one, and nobody books "
                                    "them."),
        queries=(
            Select(
                table="account",
                columns=(
                    facts.as_is("minor_stops", "Minor stops", each="sum", unit=facts.STOP),
                    facts.minutes("lost", "minor_stop", "Minutes"),
                    Column(name="mean", formula="minor_stop / minor_stops", unit="s", scale=(1, 1_000_000),
                           title="Mean"),
                ),
                by=by,
            ),
        ),
        unit=facts.STOP,
        units={"lost": "min", "mean": "s"},
        thresholds=facts.PLAIN,
        sort="-lost",
        opens="shopfloor-machine",
        width=9,
        height=11,
    )  # fmt: skip


def _machines() -> Panel:
    return Panel(
        id="downtime.by-machine",
        title="Failures by machine",
        kind="table",
        description=facts.described(CATALOGUE[name] for name in _LASTING),
        queries=(
            Select(
                table="account",
                columns=(
                    facts.as_is("FE", "Failures", each="sum", unit=facts.STOP),
                    facts.minutes("down", "breakdown", "Minutes down"),
                    *map(facts.machine_kpi, _LASTING),
                ),
                by=("line", "machine"),
            ),
        ),
        unit=facts.STOP,
        units={"down": "min", "mtbf_usual": "s", "mttr_usual": "s", "corrective_maintenance_ratio": "1"},
        thresholds=facts.PLAIN,
        sort="-down",
        opens="shopfloor-machine",
        width=15,
        height=11,
    )


def _events(by: tuple[str, ...]) -> Panel:
    return Panel(
        id="downtime.events",
        title="What happened",
        kind="table",
        description="Failures, changeovers, changes of tools, faults and remarks, the newest first. The same events "
        "stand as marks in all curves.",
        queries=(
            Select(
                table="event",
                columns=(facts.as_is("title", "What", each="raw"), facts.as_is("text", "Details", each="raw")),
                by=(*by, "kind"),
                limit=50,
            ),
        ),
        sort="-Time",
        opens="shopfloor-machine",
        width=24,
        height=10,
    )


def _states(by: tuple[str, ...]) -> Panel:
    return Panel(
        id="downtime.states",
        title="States over time",
        kind="state-timeline",
        description="When each machine stood, and what the others did meanwhile.",
        queries=(facts.timeline(by),),
        mapped="states",
        opens="shopfloor-machine",
        width=24,
        height=10,
    )
