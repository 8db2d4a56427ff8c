"""Questions to the API: parameters as people write them, refused with the name of the field and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query

from plant.paths import Node, parse_node
from plant.time import parse_duration, parse_instant
from twin import Twin

LATEST = 2**53

Run = Annotated[str | None, Query(description="Run; default the newest.")]
From = Annotated[str | None, Query(alias="from", description="ISO 8601 or microseconds UTC.")]
To = Annotated[str | None, Query(description="ISO 8601 or microseconds UTC; default the confirmed present.")]
At = Annotated[str | None, Query(description="Plant time, ISO 8601 or microseconds UTC.")]
AsOf = Annotated[
    str | None,
    Query(description="As it was known then: a journal position, or wall time as ISO 8601 or microseconds UTC."),
]
PathOf = Annotated[str, Query(description="area/line[/station[/machine]]")]
PathOrAll = Annotated[str | None, Query(description="area/line[/station[/machine]]; default the whole plant.")]

By = Annotated[
    str | None,
    Query(description="hour, shift or day: windows cut by the clock of the plant; order or product: a share each"),
]
PathOfAny = Annotated[
    str, Query(description="area/line[/station[/machine]], an area, or the whole plant: empty or its name")
]
Kpis = Annotated[list[str] | None, Query(description="only these; may be given several times")]


class Refused(Exception):  # noqa: N818 it is an answer, not an error of ours
    """A question that cannot be answered.

    Attributes:
        status: HTTP status: 404 for what does not exist, 422 for wrong input.
        field: name of the parameter.
        message: what was found and what is allowed.
    """

    def __init__(self, field: str, message: str, status: int = 422) -> None:
        self.field = field
        self.message = message
        self.status = status
        super().__init__(f"{field}: {message}")


def problems(found: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What pydantic found wrong, as the API tells it: the field, and why; of a text that is no JSON it is the body."""
    told = []
    for problem in found:
        where = problem["loc"] if problem["type"] != "json_invalid" else ()
        told.append({"field": str(where[-1]) if where else "body", "message": str(problem["msg"])})
    return told


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A half-open window of plant time in microseconds UTC."""

    begin: int
    end: int


def instant(field: str, text: str) -> int:
    """Microseconds UTC of an ISO 8601 text or a whole number of microseconds."""
    try:
        value = int(text) if text.isascii() and text.lstrip("-").isdigit() else parse_instant(text)
    except ValueError as error:
        raise Refused(field, str(error)) from None
    if not 0 <= value < LATEST:
        raise Refused(field, f"{text!r} is out of range")
    return value


def length(field: str, text: str) -> int:
    """Microseconds of a duration: 60 (seconds), 60s, 10min."""
    try:
        value = parse_duration(text)
    except ValueError as error:
        raise Refused(field, str(error)) from None
    if value <= 0:
        raise Refused(field, f"{text!r} must be above 0")
    return value


def span(twin: Twin, run: str | None, begin: str | None, end: str | None, default: int) -> Span:
    """The window asked for; without words of the user it ends at the confirmed present and is `default` long."""
    first, horizon = twin.extent(run)
    until = instant("to", end) if end is not None else horizon
    since = instant("from", begin) if begin is not None else max(first, until - default)
    if since >= until:
        raise Refused("from", "must be before to")
    return Span(begin=since, end=until)


def known_run(twin: Twin, run: str | None) -> str | None:
    """The run asked for, if the twin has it."""
    if run is not None and run not in twin.runs():
        raise Refused("run", f"there is no run {run!r}", 404)
    return run


async def answerable(twin: Twin, run: str | None, asof: str | None = None) -> str | None:
    """The run asked for, ready to be asked about: an older one may still lie in the journal only.

    With `asof` it is the run as it was known then.
    """
    if not twin.runs():
        raise Refused("run", "the twin has not heard of any run yet", 404)
    chosen = known_run(twin, run)
    if asof is not None:
        try:
            return await twin.former(chosen, instant("asof", asof))
        except ValueError as error:
            raise Refused("asof", str(error)) from None
    if chosen is not None:
        await twin.load(chosen)
    return chosen


def machines_below(twin: Twin, path: str) -> list[str]:
    """Machines at or below a path, in flow order; of the whole plant if it is empty."""
    nodes = [node for line in twin.plant.lines for station in line.stations for node in line.machines(station)]
    return [node.path for node in nodes if not path or f"{node.path}/".startswith(f"{path}/")]


def known_scope(twin: Twin, path: str) -> str:
    """Path of a node, name of an area, or nothing for the whole plant, which goes by its name, too."""
    name = path.strip("/")
    if any(name == line.area for line in twin.plant.lines):
        return name
    return "" if name in {"", twin.plant.plant} else known_node(twin, path).path


def known_node(twin: Twin, path: str) -> Node:
    """The node at a path of the plant."""
    try:
        node = parse_node(path)
    except ValueError as error:
        raise Refused("path", str(error)) from None
    for line in twin.plant.lines:
        if line.node == node.parent:
            stations = {station.name: station for station in line.stations}
            if node.station is None or node.station in stations:
                several = stations[node.station].machines if node.station else 1
                if node.machine is None or (several > 1 and 1 <= node.machine <= several):
                    return node
    raise Refused("path", f"there is no {path!r} in this plant", 404)
