"""The drawing of a line as Grafana's canvas has it: stations in flow order, machines and buffers bound to fields.

Fields are columns of one row of `line_status_LINE`; an element takes its colour or text from a field by name. A row of
drawing holds so many stations that it can be read on one screen, the next one goes on below.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from dashboards.boards import facts
from plant.description import Line, Station
from twin.select import Bucket, Column, Condition, Select, field_of
from twin.tables import line_status, machine_label

PER_ROW = 12
STEP, TOP, MACHINE, ROOM = 150, 30, 74, 4
"""Pixels: between stations, above the first one, height of a machine, and room between them."""

STRIP = 16
BOX = "#eceef0"

Element = dict[str, Any]


def question(line: Line) -> Select:
    """All that is drawn: one row."""
    columns = [facts.as_is("wip", "Parts in the line", unit=facts.PART), facts.as_is("bottleneck", "Bottleneck")]
    for station in line.stations:
        columns.append(_last(f"{station.name}.buffer", facts.PART))
        columns.append(Column(name=f"{station.name}.ring", formula="bottleneck", each="last"))
        for node in line.machines(station):
            name = machine_label(node)
            columns += [_last(f"{name}.code", ""), _last(f"{name}.rate", "1/h"), _cycle(name)]
    return asked(line, *columns)


def asked(line: Line, *columns: Column, bucket: Bucket = "window") -> Select:
    """A question to the line's own table."""
    here = (Condition(name="line", value=line.name),)
    return Select(table=line_status(line.name), columns=columns, bucket=bucket, where=here)


def _last(name: str, unit: str) -> Column:
    return Column(name=name, formula=field_of(name), each="last", unit=unit)


def _cycle(name: str) -> Column:
    return facts.seconds(f"{name}.cycle", f"{name}.cycle", f"Last cycle of {name}")


def drawing(line: Line, opens: str) -> Mapping[str, Any]:
    """Options of the canvas."""
    elements = [element for place in range(len(line.stations)) for element in _station(line, place, opens)]
    return {
        "inlineEditing": False,
        "showAdvancedTypes": True,
        "panZoom": False,
        "zoomToContent": True,
        "tooltip": {"mode": "single"},
        "root": {"name": "line", "type": "frame", "elements": elements},
    }


def height(line: Line) -> int:
    """Height of the drawing in rows of Grafana's grid."""
    pixels = sum(_depth(line, first) for first in range(0, len(line.stations), PER_ROW))
    return max(8, -(-(pixels + 20) // 36))


def _depth(line: Line, first: int) -> int:
    """Pixels that a row of the drawing takes, down to the next one."""
    most = max(station.machines for station in line.stations[first : first + PER_ROW])
    return TOP + 26 + most * (MACHINE + ROOM) + 44


def _station(line: Line, place: int, opens: str) -> Iterator[Element]:
    station = line.stations[place]
    top = sum(_depth(line, first) for first in range(0, place - place % PER_ROW, PER_ROW)) + TOP
    left = (place % PER_ROW) * STEP + 34
    yield _ring(station, left - 6, top - 6, station.machines * (MACHINE + ROOM) + 34)
    yield _words(f"{station.name} title", {"mode": "fixed", "fixed": station.name}, (left, top, 84, 22), bold=True)
    for index, node in enumerate(line.machines(station)):
        name = machine_label(node)
        click = f"/d/{opens}?${{__url_time_range}}&${{plant:queryparam}}&${{run:queryparam}}&${{shift:queryparam}}"
        click += f"&var-line={quote(line.name)}&var-machine={quote(name)}"
        opened = [{"title": f"Open {name}", "url": click, "targetBlank": False, "oneClick": True}]
        for element in _machine(name, left, top + 26 + index * (MACHINE + ROOM)):
            yield {**element, "links": opened}  # each of them lies above the others somewhere
    yield from _buffer(line, place, left - 34, top + 26)


def _ring(station: Station, left: int, top: int, tall: int) -> Element:
    """A frame around the station, which its field colours while it is the bottleneck."""
    return {
        "name": f"{station.name} ring",
        "type": "rectangle",
        "config": {"text": {"mode": "fixed", "fixed": ""}, "align": "center", "valign": "middle"},
        "background": {"color": {"fixed": "transparent"}},
        "border": {"color": {"field": f"{station.name}.ring", "fixed": "transparent"}, "width": 3, "radius": 4},
        **_at((left, top, 98, tall)),
    }


def _machine(name: str, left: int, top: int) -> Iterator[Element]:
    """A light box, so that its words can be read on any state, with edge and strip in the colour of the state."""
    state = {"color": {"field": f"{name}.code", "fixed": "transparent"}}
    yield {
        "name": name,
        "type": "rectangle",
        "config": {
            "text": {"mode": "fixed", "fixed": name},
            "align": "center",
            "valign": "top",
            "color": {"fixed": "#1f2429"},
            "size": 12,
        },
        "background": {"color": {"fixed": BOX}},
        "border": {**state, "width": 2, "radius": 2},
        **_at((left, top, 84, MACHINE)),
    }
    yield {
        "name": f"{name} strip",
        "type": "rectangle",
        "config": {"text": {"mode": "fixed", "fixed": ""}, "align": "center", "valign": "middle"},
        "background": state,
        "border": {"color": {"fixed": "transparent"}},
        **_at((left, top, STRIP, MACHINE)),
    }
    for place, field in enumerate(("code", "rate", "cycle")):
        text = {"mode": "field", "field": f"{name}.{field}"}
        yield _words(f"{name} {field}", text, (left + STRIP, top + 18 + 18 * place, 84 - STRIP, 18))


def _buffer(line: Line, place: int, left: int, top: int) -> Iterator[Element]:
    """How many parts wait in front of the station, and an arrow in the direction of the flow."""
    station = line.stations[place]
    room = f" of {station.buffer}" if station.buffer else ""
    field = {"mode": "field", "field": f"{station.name}.buffer"}
    yield _words(f"{station.name} buffer", field, (left - 6, top + 6, 30, 20), bold=True)
    yield _words(f"{station.name} flow", {"mode": "fixed", "fixed": f"▶{room}"}, (left - 8, top + 26, 34, 20), size=9)


def _words(name: str, text: Mapping[str, Any], at: tuple[int, int, int, int], *, bold: bool = False,
           size: int = 0) -> Element:  # fmt: skip
    """A text on the ground; on machines dark, elsewhere in the colour of the theme."""
    on_machine = name.endswith((" code", " rate", " cycle"))
    return {
        "name": name,
        "type": "metric-value",
        "config": {
            "text": {"fixed": "", "field": "", **text},
            "align": "center",
            "valign": "middle",
            "color": {"fixed": "#1f2429" if on_machine else "text"},
            "size": size or (14 if bold else 11),
        },
        "background": {"color": {"fixed": "transparent"}},
        "border": {"color": {"fixed": "transparent"}},
        **_at(at),
    }


def _at(box: tuple[int, int, int, int]) -> Element:
    left, top, width, tall = box
    return {
        "constraint": {"horizontal": "left", "vertical": "top"},
        "placement": {"left": left, "top": top, "width": width, "height": tall, "rotation": 0},
    }
