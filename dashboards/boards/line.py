"""Line synoptic: what stands where now, a board for each line. Pure."""

from hashlib import blake2b

from dashboards.boards import facts, synoptic
from dashboards.panels import Board, Panel, Row
from plant.description import Line, Plant
from twin.catalogue import LINE_CATALOGUE
from twin.select import Column, Condition, Select, field_of

LONGEST_UID = 40


def uid(line: Line) -> str:
    """The uid of a line's board; Grafana takes 40 characters."""
    whole = f"shopfloor-line-{line.name}"
    return whole if len(whole) <= LONGEST_UID else whole[:31] + "-" + blake2b(whole.encode(), digest_size=4).hexdigest()


def board(plant: Plant, line: Line) -> Board:
    """The board of a line's operator."""
    return Board(
        uid=uid(line),
        title=f"Line {line.name}",
        purpose=f"What stands where in {line.name} of {plant.plant}, and how it flows. For operators of the line.",
        variables=("plant", "run", "machine", "shift"),
        rows=(
            Row(title=f"{line.name}, now", panels=(*_numbers(line), _canvas(line))),
            Row(title="States", panels=(_states(line),)),
            Row(title="Flow", panels=(_pace(line), _buffers(line), _cycles(line), _level(line))),
        ),
        window="now-2h",
        tags=("shopfloor", "line"),
    )


def _numbers(line: Line) -> tuple[Panel, ...]:
    told = (
        ("wip", "Parts in the line", "Parts between entry and exit, as the twin counts them.", facts.PART),
        ("throughput", "Good parts per hour", "Good parts that left the line in the last hour.", "1/h"),
        ("takt", "Possible per hour", "What the slowest station of the line is planned to make.", "1/h"),
        ("bottleneck", "Bottleneck", "The station that limits the line now; a ring marks it in the drawing.", ""),
    )
    return tuple(
        Panel(
            id=f"line.{line.name}.{field}",
            title=title,
            kind="stat",
            description=f"{text} The newest value. Not in ISO 22400.",
            queries=(synoptic.asked(line, facts.as_is(field, title, unit=unit)),),
            unit=unit,
            thresholds=facts.PLAIN,
            width=6,
            height=3,
            options={"graphMode": "none", "colorMode": "none", **_all_fields(field)},
        )
        for field, title, text, unit in told
    )


def _all_fields(field: str) -> dict[str, object]:
    """A text is shown only by a panel that is told to take fields of any type."""
    return {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "/^(?!Time$)/"}} if field == "bottleneck" else {}


def _canvas(line: Line) -> Panel:
    return Panel(
        id=f"line.{line.name}.synoptic",
        title="The line",
        kind="canvas",
        description="Stations in the order of the flow. A box is a machine, edged in the colour of its state: below "
        "its name stand the state, parts per hour and the last cycle. In front of a station stands how many parts "
        "wait. A ring marks the bottleneck. A click on a machine opens its board.",
        queries=(synoptic.question(line),),
        unit="",
        mapped="states",
        width=24,
        height=synoptic.height(line),
        opens="shopfloor-machine",
        drawn_by="synoptic",
        options=synoptic.drawing(line, "shopfloor-machine"),
    )


def _states(line: Line) -> Panel:
    return Panel(
        id=f"line.{line.name}.states",
        title="States over time",
        kind="state-timeline",
        description="What each machine of the line did. Blocked machines stand before the bottleneck, starved ones "
        "behind it.",
        queries=(facts.timeline(("machine",), line.name),),
        mapped="states",
        opens="shopfloor-machine",
        width=24,
        height=10,
    )


def _pace(line: Line) -> Panel:
    columns = (facts.as_is("throughput", "Good parts per hour", each="mean", unit="1/h"),
               facts.as_is("takt", "Possible per hour", each="mean", unit="1/h"))  # fmt: skip
    return Panel(
        id=f"line.{line.name}.pace",
        title="Throughput against what is possible",
        kind="timeseries",
        description="Good parts of the last hour, and what the slowest station is planned to make in one. The gap "
        "between them is what the losses cost. Not in ISO 22400.",
        queries=(synoptic.asked(line, *columns, bucket="auto"),),
        unit="1/h",
        thresholds=facts.PLAIN,
        minimum=0,
    )


def _buffers(line: Line) -> Panel:
    columns = tuple(
        Column(name=station.name, formula=field_of(f"{station.name}.buffer"), each="mean", unit=facts.PART)
        for station in line.stations[1:] or line.stations
    )
    return Panel(
        id=f"line.{line.name}.buffers",
        title="Parts that wait in front of each station",
        kind="timeseries",
        description="A buffer that stays full stands before a bottleneck, one that stays empty behind it. Mean of each "
        "step. Not in ISO 22400.",
        queries=(synoptic.asked(line, *columns, bucket="auto"),),
        unit=facts.PART,
        thresholds=facts.PLAIN,
        minimum=0,
    )


def _cycles(line: Line) -> Panel:
    here = (Condition(name="line", value=line.name),)
    columns = (facts.seconds("cycle", "cycle", "Cycle", each="mean"),)
    return Panel(
        id=f"line.{line.name}.cycles",
        title="Cycle time by machine",
        kind="timeseries",
        description="Pure work time on a part, without handling and stops: the mean of each step. Not in ISO 22400.",
        queries=(Select(table="cycle", columns=columns, by=("machine",), bucket="auto", where=here),),
        unit="s",
        thresholds=facts.PLAIN,
        minimum=0,
    )


def _level(line: Line) -> Panel:
    here = (Condition(name="line", value=line.name),)
    return Panel(
        id=f"line.{line.name}.lead-time",
        title="Mean lead time of good parts",
        kind="timeseries",
        description=facts.describe(LINE_CATALOGUE["lead_time"]),
        queries=(
            Select(table="line_account", columns=(facts.line_kpi("lead_time"),), bucket="auto", where=here),
        ),
        unit="s",
        thresholds=facts.PLAIN,
        minimum=0,
    )
