"""Quality: control charts, capability, and what the scrap is made of. Pure."""

from dashboards.boards import facts
from dashboards.panels import Board, Panel, Row, Threshold
from plant.description import Plant
from twin.catalogue import CATALOGUE, LINE_CATALOGUE
from twin.select import Column, Condition, Each, Select

UID = "shopfloor-quality"

_YIELDS = ("first_pass_yield", "quality_ratio", "scrap_ratio", "rework_ratio")
_YIELD_THRESHOLDS = tuple(
    Threshold(value=value, colour=colour) for value, colour in ((None, facts.POOR), (0.95, facts.FAIR),
                                                                (0.98, facts.FINE))
)  # fmt: skip
_CAPABLE = tuple(
    Threshold(value=value, colour=colour) for value, colour in ((None, facts.POOR), (1.0, facts.FAIR),
                                                                (1.33, facts.FINE))
)  # fmt: skip
_BY = ("machine", "characteristic")
_NONE_MEASURED = (
    "No characteristic of parts is measured in this plant. Give a station "
    "`quality: {characteristics: [{name: bore, nominal: 82 mm, lower: 81.985 mm, upper: 82.015 mm, sigma: 0.004 mm}]}` "
    "in its plant file, and control charts, histograms and capabilities appear here with the next "
    "`shopfloor dashboards build`."
)


def board(plant: Plant) -> Board:
    """The board of the quality engineer."""
    by = facts.each_machine(plant)
    charts = (_means(), _ranges(), _broken(), _values(), _capability()) if facts.characteristics(plant) else (_none(),)
    return Board(
        uid=UID,
        title="Quality and SPC",
        purpose=f"Whether the processes of {plant.plant} are in control and capable, and where scrap is made. For "
        "quality engineers.",
        rows=(
            Row(title="Yield", panels=(_yield(), _trend(), _scrap(by), _machines())),
            Row(title="Characteristics", panels=charts),
        ),
    )


def _yield() -> Panel:
    names = ("first_pass_yield", "quality_ratio")
    return Panel(
        id="quality.yield",
        title="Yield of each line",
        kind="bargauge",
        description=facts.described((LINE_CATALOGUE[name] for name in names), "Pooled over the machines of the line."),
        queries=(facts.of_line("line_account", *map(facts.line_kpi, names)),),
        unit="1",
        thresholds=_YIELD_THRESHOLDS,
        minimum=0,
        maximum=1,
        width=8,
    )


def _trend() -> Panel:
    names = ("scrap_ratio", "rework_ratio")
    return facts.line_trend("quality.trend", "Scrap and rework over time", names, width=16)


def _scrap(by: tuple[str, ...]) -> Panel:
    return Panel(
        id="quality.scrap",
        title="Scrap by machine",
        kind="barchart",
        description="Scrap quantity (SQ, ISO 22400-2) of each machine, the most first. A part is booked where it was "
        "found bad.",
        queries=(Select(table="account", columns=(facts.as_is("SQ", "Scrap", each="sum", unit=facts.PART),), by=by),),
        unit=facts.PART,
        thresholds=facts.PLAIN,
        minimum=0,
        sort="-SQ",
        options={"xField": "machine"},
        width=24,
        height=8,
    )


def _machines() -> Panel:
    columns = (
        *map(facts.machine_kpi, _YIELDS),
        facts.as_is("GQ", "Made good", each="sum", unit=facts.PART),
        facts.as_is("SQ", "Made scrap", each="sum", unit=facts.PART),
        facts.as_is("RQ", "To rework", each="sum", unit=facts.PART),
    )
    return Panel(
        id="quality.by-machine",
        title="By machine, most scrap first",
        kind="table",
        description=facts.described(CATALOGUE[name] for name in _YIELDS),
        queries=(Select(table="account", columns=columns, by=("line", "machine")),),
        unit="1",
        units={"GQ": facts.PART, "SQ": facts.PART, "RQ": facts.PART},
        thresholds=facts.PLAIN,
        minimum=0,
        maximum=1,
        sort="-SQ",
        opens="shopfloor-machine",
        width=24,
        height=9,
    )


def _raw(*fields: tuple[str, str], where: tuple[Condition, ...] = (), each: Each = "raw") -> Select:
    columns = tuple(facts.as_is(field, title, each=each, unit="") for field, title in fields)
    return Select(table="spc", columns=columns, by=_BY, where=where, limit=2_000)


def _means() -> Panel:
    return Panel(
        id="quality.means",
        title="X-bar chart",
        kind="timeseries",
        description="Means of subgroups with centre line and control limits at three standard errors. A point outside, "
        "or a pattern, has a cause that can be found. Not in ISO 22400.",
        queries=(_raw(("mean", "Mean"), ("centre", "Centre"), ("lower", "LCL"), ("upper", "UCL")),),
        thresholds=facts.PLAIN,
        custom={"drawStyle": "line", "showPoints": "always", "pointSize": 5},
    )


def _ranges() -> Panel:
    return Panel(
        id="quality.ranges",
        title="R chart",
        kind="timeseries",
        description="Ranges of subgroups with centre line and upper control limit: how much the process scatters. Read "
        "it first: limits of means rest on it. Not in ISO 22400.",
        queries=(_raw(("range", "Range"), ("range_centre", "Centre"), ("range_upper", "UCL")),),
        thresholds=facts.PLAIN,
        custom={"drawStyle": "line", "showPoints": "always", "pointSize": 5},
    )


def _broken() -> Panel:
    return Panel(
        id="quality.rules",
        title="Rules that were broken",
        kind="table",
        description="Subgroups that break a rule of the control chart, the newest first.",
        queries=(
            _raw(("rule", "Rule"), ("mean", "Mean"), ("range", "Range"),
                 where=(Condition(name="broken", value=0, op=">"),)),
        ),
        sort="-Time",
        opens="shopfloor-machine",
    )  # fmt: skip


def _values() -> Panel:
    column = facts.as_is("value", "Value", each="raw", unit="")
    return Panel(
        id="quality.histogram",
        title="How values spread",
        kind="histogram",
        description="Measured values of each characteristic. Choose one machine above to see its shape.",
        queries=(Select(table="measured", columns=(column,), by=("characteristic",), limit=5_000),),
        thresholds=facts.PLAIN,
    )


def _capability() -> Panel:
    names = ("cp", "cpk", "cm", "cmk")
    columns = tuple(Column(name=name, formula=name, each="last", unit="", title=title) for name, title in
                    zip(names, ("Cp", "Cpk", "Cm", "Cmk"), strict=True))  # fmt: skip
    return Panel(
        id="quality.capability",
        title="Capability",
        kind="table",
        description=facts.described((CATALOGUE[name] for name in names), "1.33 is a common demand."),
        queries=(
            Select(table="capability", columns=(*columns, facts.as_is("values", "Values", unit=facts.PART)), by=_BY),
        ),
        units={"values": facts.PART},
        thresholds=_CAPABLE,
        sort="cpk",
        opens="shopfloor-machine",
        width=24,
    )


def _none() -> Panel:
    return Panel(
        id="quality.none",
        title="Control charts",
        kind="text",
        description="Why there are no control charts.",
        text=_NONE_MEASURED,
        width=24,
        height=4,
    )
