"""Experiments: one run against another. Pure."""

from typing import Literal

from dashboards.boards import facts
from dashboards.panels import Board, Panel, Row
from plant.description import Plant
from plant.time import HOUR
from twin.catalogue import LINE_CATALOGUE
from twin.select import Column, Condition, Select

UID = "shopfloor-experiments"

_FIGURES = ("oee", "availability", "effectiveness", "quality_ratio", "throughput", "lead_time", "energy_per_good_part")
_WORDS = (
    "Choose two runs above: **A** and **B**. Runs of the same plant with other seeds, buffers or machines are what "
    "this board is for. Where the intervals of A and B do not overlap, the difference is more than chance. The time "
    "chosen above must cover both runs; the curves lie over each other by the time since the begin of each run."
)

Which = Literal["a", "b"]


def board(plant: Plant) -> Board:
    """The board of the industrial engineer."""
    return Board(
        uid=UID,
        title="Experiments",
        purpose=f"Run A of {plant.plant} against run B, with confidence intervals. For industrial engineers.",
        variables=("plant", "run_a", "run_b", "line", "shift"),
        rows=(
            Row(title="A against B", panels=(_words(), _intervals("a"), _intervals("b"), _figures())),
            Row(
                title="Over the time since the begin of the run",
                panels=(
                    _curve("throughput", "Good parts per hour", "shipped / duration", "1/h", (HOUR, 1)),
                    _curve("wip", "Parts in the line", "wip_integral / known", facts.PART, (1, 1)),
                    _curve("oee", "OEE of the line", "PRI_shipped / bottleneck_PBT", "1", (1, 1)),
                    _curve("power", "Power", "E / duration", "kW", (3600, 1)),
                ),
            ),
        ),
        window="now-7d",
    )


def _words() -> Panel:
    return Panel(
        id="experiments.words",
        title="How to read this",
        kind="text",
        description="What this board compares.",
        text=_WORDS,
        width=24,
        height=3,
    )


def _run(which: Which) -> tuple[Condition, ...]:
    return (Condition(name="run", value=f"$run_{which}"),)


def _intervals(which: Which) -> Panel:
    columns = (
        facts.as_is("mean", "Mean", unit=""),
        facts.as_is("lower", "From", unit=""),
        facts.as_is("upper", "To", unit=""),
        facts.as_is("hours", "Hours", unit="{hour}"),
    )
    return Panel(
        id=f"experiments.intervals-{which}",
        title=f"Run {which.upper()}: means and intervals",
        kind="table",
        description="Mean of the hours of the run so far, and between which bounds the true mean lies, with a "
        "confidence of 95 %. Hours are no independent draws: replications of an experiment say more. Not in ISO 22400.",
        queries=(Select(table="comparison", columns=columns, by=("line", "response"), where=_run(which)),),
        units={"hours": "{hour}"},
        sort="response",
        height=9,
    )


def _figures() -> Panel:
    columns = tuple(facts.line_kpi(name) for name in _FIGURES)
    return Panel(
        id="experiments.figures",
        title="Figures of both runs",
        kind="table",
        description=facts.described((LINE_CATALOGUE[name] for name in _FIGURES), "Over the whole time of each run that "
                                    "lies in the window."),
        queries=tuple(
            Select(table="line_account", columns=columns, by=("line", "run"), where=_run(which)) for which in ("a", "b")
        ),
        unit="1",
        units={"throughput": "1/h", "lead_time": "s", "energy_per_good_part": "kW.h"},
        thresholds=facts.PLAIN,
        minimum=0,
        maximum=1,
        sort="line",
        width=24,
        height=6,
    )  # fmt: skip


def _curve(name: str, title: str, formula: str, unit: str, scale: tuple[int, int]) -> Panel:
    def columns(which: Which) -> tuple[Column, ...]:
        elapsed = Column(name=f"elapsed_{which}", formula="elapsed", each="last", unit="h", scale=(1, HOUR),
                         title=f"Hours of {which.upper()}")  # fmt: skip
        told = Column(name=f"{name}_{which}", formula=formula, unit=unit, scale=scale, title=which.upper())
        return elapsed, told

    runs: tuple[Which, ...] = ("a", "b")
    return Panel(
        id=f"experiments.{name}",
        title=title,
        kind="xychart",
        description=f"{formula}, of each hour of the run, by the hours since its begin.",
        queries=tuple(
            Select(table="line_account", columns=columns(which), bucket=HOUR, where=_run(which)) for which in runs
        ),
        unit=unit,
        units={f"elapsed_{which}": "h" for which in runs},
        thresholds=facts.PLAIN,
        minimum=0,
        options={
            "mapping": "manual",
            "series": [
                {
                    "name": {"fixed": which.upper()},
                    "x": {"matcher": {"id": "byName", "options": f"elapsed_{which}"}},
                    "y": {"matcher": {"id": "byName", "options": f"{name}_{which}"}},
                    "frame": {"matcher": {"id": "byIndex", "options": 0}},
                }
                for which in runs
            ],
        },
        custom={"show": "points+lines", "pointSize": {"fixed": 4}},
    )
