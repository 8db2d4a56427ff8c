"""Plant overview: what needs attention first, and how each line is doing. Pure."""

from dashboards.boards import facts
from dashboards.panels import Board, Panel, Row
from plant.description import Plant
from twin.catalogue import LINE_CATALOGUE
from twin.select import Column, Condition, Select

UID = "shopfloor-overview"

_NOW = (
    facts.as_is("attention", "Why"),
    facts.as_is("code", "State"),
    facts.as_is("reason", "Reason"),
    facts.seconds("lasted", "for", "For"),
)


def board(plant: Plant) -> Board:
    """The board that a shift lead opens first."""
    by = facts.each_machine(plant)
    return Board(
        uid=UID,
        title="Plant overview",
        purpose=f"What in {plant.plant} needs attention first, and how each line is doing. For shift leads.",
        rows=(
            Row(title="What needs attention first", panels=(_attention(), _alerts())),
            Row(title="Each line", panels=(_oee(), _oee_trend(), _good(), _power())),
            Row(title="Each machine", panels=(_machines(by), _states(by))),
        ),
    )


def _attention() -> Panel:
    return Panel(
        id="overview.attention",
        title="What needs attention, longest first",
        kind="table",
        description="Machines that failed, are silent, or stand at an alarm, by how long they have been as they are. "
        "An empty list is a good list. A click on a machine opens its board.",
        queries=(Select(table="status", columns=_NOW, by=("line", "machine")),),
        unit="s",
        units={"attention": "", "code": "", "reason": "", "lasted": "s"},
        sort="-lasted",
        only=Condition(name="attention", value=0, op=">"),
        opens="shopfloor-machine",
        width=16,
        height=9,
    )


def _alerts() -> Panel:
    return Panel(
        id="overview.alerts",
        title="Alerts",
        kind="alertlist",
        description="Rules of Grafana that are broken now: OEE below its target, a machine down for long or silent, a "
        "control chart, peak power, messages dropped. The twin hears of them, too.",
        width=8,
        height=9,
    )


def _oee() -> Panel:
    row = LINE_CATALOGUE["oee"]
    return Panel(
        id="overview.oee",
        title="OEE of each line",
        kind="bargauge",
        description=facts.describe(row, "Over the time chosen above: sums are divided once, nothing is averaged."),
        queries=(facts.of_line("line_account", facts.line_kpi("oee")),),
        unit="1",
        thresholds=facts.OEE_THRESHOLDS,
        minimum=0,
        maximum=1,
        opens="shopfloor-oee",
        width=5,
        height=7,
    )


def _oee_trend() -> Panel:
    row = LINE_CATALOGUE["oee"]
    return Panel(
        id="overview.oee-trend",
        title="OEE over time",
        kind="timeseries",
        description=facts.describe(row, "Dashed lines: 60, 75 and 85 %; the first is the target."),
        queries=(Select(table="line_account", columns=(facts.line_kpi("oee"),), by=("line",), bucket="auto"),),
        unit="1",
        thresholds=facts.OEE_THRESHOLDS,
        minimum=0,
        opens="shopfloor-oee",
        width=8,
        height=7,
    )


def _good() -> Panel:
    planned = Column(
        name="planned",
        formula="bottleneck_PBT · shipped / PRI_shipped",
        unit=facts.PART,
        title="Possible",
    )
    return Panel(
        id="overview.good",
        title="Good parts made and possible",
        kind="bargauge",
        description="**Made**: good parts that left the line. **Possible**: what its bottleneck could have made in its "
        "planned busy time at the planned run time of these parts, bottleneck_PBT · shipped / PRI_shipped. "
        "The first over the second is the OEE of the line. Not in ISO 22400.",
        queries=(
            facts.of_line("line_account", facts.as_is("shipped", "Made", each="sum", unit=facts.PART), planned),
        ),
        unit=facts.PART,
        thresholds=facts.PLAIN,
        minimum=0,
        width=7,
        height=7,
    )


def _power() -> Panel:
    return Panel(
        id="overview.power",
        title="Power",
        kind="stat",
        description="Mean electric power of the line in each step of time, E / duration; the large number is the "
        "newest. Not in ISO 22400.",
        queries=(Select(table="line_account", columns=(facts.power(),), by=("line",), bucket="auto"),),
        unit="kW",
        thresholds=facts.PLAIN,
        minimum=0,
        opens="shopfloor-energy",
        width=4,
        height=7,
    )


def _machines(by: tuple[str, ...]) -> Panel:
    return Panel(
        id="overview.machines",
        title="Machines by state, now",
        kind="stat",
        description="The state of each machine as the twin knows it. Grey works, pale waits, red failed.",
        queries=(Select(table="status", columns=(facts.as_is("code", "State"),), by=by),),
        mapped="states",
        opens="shopfloor-machine",
        drawn_by="tiles",
        options={"textMode": "value_and_name", "colorMode": "background_solid", "graphMode": "none"},
        height=9,
    )


def _states(by: tuple[str, ...]) -> Panel:
    return Panel(
        id="overview.states",
        title="States over time",
        kind="state-timeline",
        description="What each machine did. Ends of lines that wait, and beginnings that are blocked, point at the "
        "bottleneck between them.",
        queries=(facts.timeline(by),),
        mapped="states",
        opens="shopfloor-machine",
        height=9,
    )
