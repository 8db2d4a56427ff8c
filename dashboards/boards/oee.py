"""OEE: what the time was spent on, in minutes and in per cent. Pure."""

from collections.abc import Iterable

from dashboards.boards import facts
from dashboards.panels import Board, Panel, Row
from plant.description import Plant
from twin.catalogue import CATALOGUE, LINE_CATALOGUE
from twin.select import Column, Select

UID = "shopfloor-oee"

FACTORS = ("oee.pooled", "availability", "effectiveness", "quality_ratio_time_weighted")
_LOST = facts.minutes("lost", "PBT − PRI_GQ", "Minutes lost")
_MACHINE = ("oee", "availability", "effectiveness", "quality_ratio_time_weighted", "mtbf.usual", "mttr.usual")


def board(plant: Plant) -> Board:
    """The board of the production engineer."""
    by = facts.each_machine(plant)
    return Board(
        uid=UID,
        title="OEE and losses",
        purpose=f"Where the planned time of {plant.plant} went, in minutes and in per cent. For production engineers.",
        rows=(
            Row(title="Equipment effectiveness", panels=(_line(), _factors(), _trend())),
            Row(title="Where the time went", panels=(_waterfall(), _shares(), _six(), _six_shares())),
            Row(title="By shift and by machine", panels=(_shifts(), _machines())),
            Row(title="States", panels=(_states(by),)),
        ),
    )


def _line() -> Panel:
    return Panel(
        id="oee.line",
        title="OEE of the line",
        kind="bargauge",
        description=facts.describe(
            LINE_CATALOGUE["oee"],
            "What left the line against what its bottleneck was planned to make. It is no mean of the machines' OEE, "
            "and no pool of them: machines that are faster than the bottleneck have to wait.",
        ),
        queries=(facts.of_line("line_account", facts.line_kpi("oee")),),
        unit="1",
        thresholds=facts.OEE_THRESHOLDS,
        minimum=0,
        maximum=1,
        width=6,
        height=8,
    )


def _factors() -> Panel:
    rows = [LINE_CATALOGUE[name] for name in FACTORS]
    return Panel(
        id="oee.factors",
        title="Pooled over the machines: OEE and its factors",
        kind="bargauge",
        description=facts.described(
            rows,
            "The first is the product of the other three. All are quotients of sums over the machines and the time "
            "chosen above. Effectiveness above 100 % says that a planned run time is too long.",
        ),
        queries=(facts.of_line("line_account", *(facts.line_kpi(name) for name in FACTORS)),),
        unit="1",
        thresholds=facts.OEE_THRESHOLDS,
        minimum=0,
        maximum=1,
        width=8,
        height=8,
    )


def _trend() -> Panel:
    names = ("availability", "effectiveness", "quality_ratio_time_weighted")
    return facts.line_trend("oee.trend", "The factors over time, pooled over the machines", names, width=10)


def _bars(panel: str, title: str, description: str, columns: Iterable[Column], *, unit: str, height: int) -> Panel:
    """What the time of all machines that are chosen went to."""
    return Panel(
        id=panel,
        title=title,
        kind="bargauge",
        description=description,
        queries=(facts.of_line("account", *columns, by=()),),
        unit=unit,
        thresholds=facts.PLAIN,
        minimum=0,
        width=12,
        height=height,
    )


def _waterfall() -> Panel:
    columns = (
        facts.minutes("PBT", "PBT", "Planned busy time"),
        *(facts.minutes(f"loss{place}", formula, title) for place, (formula, title) in enumerate(facts.LOSSES)),
        facts.minutes("productive", "PRI_GQ", "Fully productive"),
    )
    return _bars(
        "oee.waterfall",
        "From planned busy time to fully productive time",
        "Minutes of machine time, summed over the machines that are chosen. Planned busy time (PBT, ISO "
        "22400-2) less all losses is the planned run time of the good parts (PRI_GQ). Speed is the actual production "
        "time less the planned run time of what was made; it is negative where planned run times are too long.",
        columns,
        unit="min",
        height=14,
    )


def _shares() -> Panel:
    names = [name for name in CATALOGUE if name.startswith("loss.")]
    columns = (
        Column(name=column.name, formula=column.formula, scale=column.scale, title=title)
        for (_, title), column in zip(facts.LOSSES, map(facts.machine_kpi, names), strict=True)
    )
    told = facts.described((CATALOGUE[name] for name in names), "With OEE they add up to 100 %.")
    return _bars("oee.losses", "The same as shares of planned busy time", told, columns, unit="1", height=14)


def _six() -> Panel:
    return _bars(
        "oee.six",
        "Six big losses",
        "Minutes lost to each of the six big losses of TPM, summed over the machines that are chosen. "
        "Nothing says when a start-up is over, so defects and start-up stand together. Not in ISO 22400.",
        (facts.minutes(f"big{place}", formula, title) for place, (formula, title) in enumerate(facts.SIX)),
        unit="min",
        height=7,
    )


def _six_shares() -> Panel:
    return _bars(
        "oee.six-shares",
        "The same as shares of planned busy time",
        "Each of the six big losses over planned busy time (PBT, ISO 22400-2). Reduced speed is "
        "(APT − PRI_PQ) / PBT, defects and start-up are (PRI_PQ − PRI_GQ) / PBT.",
        (
            Column(name=f"big{place}", formula=f"({formula}) / PBT", title=title)
            for place, (formula, title) in enumerate(facts.SIX)
        ),
        unit="1",
        height=7,
    )


def _shifts() -> Panel:
    names = ("oee", "oee.pooled", "availability", "effectiveness", "quality_ratio_time_weighted")
    columns = (
        *map(facts.line_kpi, names),
        facts.as_is("shipped", "Good parts", each="sum", unit=facts.PART),
        _LOST,
    )
    return Panel(
        id="oee.by-shift",
        title="By shift",
        kind="table",
        description=facts.described(
            (LINE_CATALOGUE[name] for name in names), "Minutes lost: PBT − PRI_GQ of all machines of the line."
        ),
        queries=(facts.of_line("line_account", *columns, by=("line", "shift")),),
        unit="1",
        units={"shipped": facts.PART, "lost": "min"},
        thresholds=facts.OEE_THRESHOLDS,
        minimum=0,
        maximum=1,
        sort="shift",
        height=6,
        width=24,
    )


def _machines() -> Panel:
    columns = (
        *map(facts.machine_kpi, _MACHINE),
        facts.as_is("GQ", "Good", each="sum", unit=facts.PART),
        facts.as_is("SQ", "Scrap", each="sum", unit=facts.PART),
        _LOST,
    )
    return Panel(
        id="oee.by-machine",
        title="By machine, most minutes lost first",
        kind="table",
        description=facts.described(
            (CATALOGUE[name] for name in _MACHINE),
            "Minutes lost: PBT − PRI_GQ. Machines without a failure have no MTBF: it is at least their operating time.",
        ),
        queries=(Select(table="account", columns=columns, by=("line", "machine")),),
        unit="1",
        units={"mtbf_usual": "s", "mttr_usual": "s", "GQ": facts.PART, "SQ": facts.PART, "lost": "min"},
        thresholds=facts.OEE_THRESHOLDS,
        minimum=0,
        maximum=1,
        sort="-lost",
        opens="shopfloor-machine",
        height=14,
        width=24,
    )


def _states(by: tuple[str, ...]) -> Panel:
    return Panel(
        id="oee.states",
        title="States over time",
        kind="state-timeline",
        description="What each machine did, by the states of the plant's table; their time elements of ISO 22400 are "
        "on the reference page of KPIs.",
        queries=(facts.timeline(by),),
        mapped="states",
        opens="shopfloor-machine",
        width=24,
        height=10,
    )
