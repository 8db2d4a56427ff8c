"""How a panel looks: options of its kind, units, colours, words for numbers, links. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from dashboards.grafana import sdk
from dashboards.grafana.queries import TABULAR, columns, labels, titled
from dashboards.grafana.units import decimals, grafana_unit
from dashboards.panels import Mapped, Panel, Variable
from plant.states import STATES, State
from twin.select import Column

Json = dict[str, Any]

GROUND = "#4a4f55"
"""Fill of what has no colour of its own: unknown is drawn as an outline on the page, and dim here."""

ATTENTION = {
    "0": {"text": "fine", "color": "#8d9399", "index": 0},
    "1": {"text": "alarm", "color": "#e0a030", "index": 1},
    "2": {"text": "silent", "color": "#b079c9", "index": 2},
    "3": {"text": "failed", "color": STATES[State.FAILED].colour, "index": 3},
}

NAMES = {
    "Time": "Time", "line": "Line", "machine": "Machine", "shift": "Shift", "state": "State", "reason": "Reason",
    "kind": "Kind", "code": "Code", "characteristic": "Characteristic", "response": "Figure", "run": "Run",
}  # fmt: skip
"""What people read above labels."""

_CURVES = frozenset({"timeseries", "xychart", "histogram"})
"""Kinds in which lines are told apart by their colours."""

_LEGEND = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
_NO_LEGEND = {**_LEGEND, "showLegend": False}
_TOOLTIP = {"mode": "multi", "sort": "desc"}
_LAST: Json = {"calcs": ["lastNotNull"], "fields": "", "values": False}

_OPTIONS: Mapping[str, Json] = {
    "timeseries": {"legend": _LEGEND, "tooltip": _TOOLTIP},
    "stat": {"reduceOptions": _LAST, "colorMode": "value", "graphMode": "area", "wideLayout": True},
    "gauge": {"reduceOptions": _LAST},
    "bargauge": {
        "reduceOptions": _LAST, "displayMode": "basic", "orientation": "horizontal", "valueMode": "text",
        "namePlacement": "left", "legend": _NO_LEGEND, "sizing": "manual", "minVizHeight": 16, "maxVizHeight": 44,
        "text": {"titleSize": 13, "valueSize": 18},
    },
    "table": {"cellHeight": "sm", "showHeader": True},
    "state-timeline": {
        "legend": _LEGEND, "tooltip": {"mode": "single", "sort": "none"}, "showValue": "never", "mergeValues": True,
    },
    "status-history": {"legend": _LEGEND, "tooltip": {"mode": "single", "sort": "none"}},
    "barchart": {"legend": _LEGEND, "tooltip": _TOOLTIP, "showValue": "auto"},
    "piechart": {
        "legend": {**_LEGEND, "values": []}, "tooltip": {"mode": "single", "sort": "none"}, "reduceOptions": _LAST,
    },
    "histogram": {"legend": _LEGEND, "tooltip": {"mode": "single", "sort": "none"}},
    "xychart": {"legend": _LEGEND, "tooltip": {"mode": "single", "sort": "none"}},
    "text": {"mode": "markdown"},
    "alertlist": {
        "alertInstanceLabelFilter": "", "alertName": "", "dashboardAlerts": False, "groupBy": [],
        "groupMode": "default", "maxItems": 20, "showInactiveAlerts": False, "sortOrder": 3, "viewMode": "list",
        "stateFilter": {"error": True, "firing": True, "noData": True, "normal": False, "pending": True,
                        "recovering": True},
    },
}  # fmt: skip

NARROW = 8
"""Width up to which names stand above their bars: beside them they would be cut off."""

_ABOVE: Json = {"namePlacement": "top", "maxVizHeight": 64, "text": {"titleSize": 14, "valueSize": 22}}

NOTHING = "–"
"""What stands where there is nothing: a blank could be a fault."""

TIME_WIDTH, LABEL_WIDTH, FIGURE_WIDTH = 165, 130, 170
"""Pixels of columns in lists of what happened, so that texts have all the rest, and of names of figures."""

_CUSTOM: Mapping[str, Json] = {
    "timeseries": {
        "drawStyle": "line", "lineWidth": 1, "fillOpacity": 0, "showPoints": "never", "spanNulls": False,
        "axisBorderShow": False, "lineInterpolation": "linear",
    },
    "barchart": {"lineWidth": 0, "fillOpacity": 90},
    "table": {"cellOptions": {"type": "auto"}, "minWidth": 60},
    "state-timeline": {"fillOpacity": 100, "lineWidth": 0},
}  # fmt: skip


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Json:
    """Both trees in one; where both say something, the second one holds."""
    found = dict(base)
    for name, value in over.items():
        known = found.get(name)
        found[name] = merged(known, value) if isinstance(known, dict) and isinstance(value, Mapping) else value
    return found


def panel_options(panel: Panel) -> Json:
    """Options of its kind."""
    told = merged(sdk.options(panel.kind), _OPTIONS.get(panel.kind, {}))
    if panel.kind == "text":
        told["content"] = panel.text
    if panel.kind == "bargauge" and panel.width <= NARROW:
        told = merged(told, _ABOVE)
    return merged(told, panel.options)


def defaults(panel: Panel, variables: tuple[Variable, ...], boards: Mapping[str, str]) -> Json:
    """What holds for all fields of a panel; titles of boards are given by their uids."""
    if not panel.queries:
        return {}
    told: Json = {
        "unit": grafana_unit(panel.unit),
        "min": panel.minimum,
        "max": panel.maximum,
        "thresholds": [(step.value, step.colour) for step in panel.thresholds],
        "color": _colour(panel),
        "custom": _custom(panel),
        "links": [_link(panel, variables, boards)] if panel.opens and panel.kind not in {"canvas", "table"} else [],
        "decimals": _decimals(panel, panel.unit, columns(panel)),
    }
    if panel.kind == "stat" and panel.unit == "" and panel.mapped is None:  # a text, which may be empty
        told |= {"noValue": NOTHING, "nothing": NOTHING}
    if panel.mapped is not None and panel.kind not in TABULAR:
        told["mappings"] = [words(panel.mapped)]
    if panel.only is not None:
        told["noValue"] = "None: all is well"
    return told


def _decimals(panel: Panel, unit: str, shown: tuple[Column, ...]) -> int | None:
    """Decimals of columns of a unit; an axis of counts chooses for itself."""
    if panel.kind in _CURVES and unit.startswith("{"):
        return None
    mean = any(column.each == "mean" for column in shown)
    return decimals(unit, mean=mean, bars=panel.kind in {"bargauge", "barchart"})


def _colour(panel: Panel) -> Json:
    """Where a panel has thresholds that mean something, they colour it; curves are told apart."""
    if panel.mapped is not None or (panel.kind not in _CURVES and panel.thresholds):
        return {"mode": "thresholds"}
    return {"mode": "palette-classic"}


def _custom(panel: Panel) -> Json:
    told = merged(sdk.custom(panel.kind), _CUSTOM.get(panel.kind, {}))
    if panel.kind == "timeseries":
        if len(panel.thresholds) > 1:
            told["thresholdsStyle"] = {"mode": "dashed"}
        if panel.stacked:
            told |= {"stacking": {"mode": "normal", "group": "A"}, "fillOpacity": 60}
    return merged(told, panel.custom)


def words(mapped: Mapped) -> Json:
    """Words and colours of numbers."""
    if mapped == "attention":
        return dict(ATTENTION)
    return {
        str(number): {"text": row.title, "color": GROUND if state is State.UNKNOWN else row.colour, "index": number}
        for number, (state, row) in enumerate(STATES.items())
    }


def overrides(panel: Panel, *, one_line: bool) -> list[Json]:
    """What single fields have of their own: titles, units, words, cells, links.

    Args:
        panel: the panel.
        one_line: whether the plant has only one line, whose name then need not stand at each column.
    """
    if panel.kind == "canvas":
        return _of_canvas(panel)
    found = []
    several = len(columns(panel)) > 1
    for column in columns(panel) if several or panel.kind in TABULAR else ():
        properties = _properties(panel, column)
        if panel.kind in TABULAR:
            matcher = {"id": "byName", "options": column.name}
        else:
            matcher = {"id": "byRegexp", "options": f"/(^| ){re.escape(column.name)}$/"}
            shown = [f"${{__field.labels.{label}}}" for label in labels(panel) if label != "line" or not one_line]
            properties["displayName"] = " ".join([*shown, titled(column)])
        found.append({"matcher": matcher, "properties": properties})
    if panel.kind == "table":  # a bar chart looks for the field of its axis under its own name
        listed = any(select.raw for select in panel.queries)
        widths = dict.fromkeys(labels(panel), LABEL_WIDTH) if listed else {"response": FIGURE_WIDTH}
        found += [
            {"matcher": {"id": "byName", "options": name}, "properties": {
                "displayName": NAMES.get(name, name), **({"custom.width": widths[name]} if name in widths else {}),
            }}
            for name in labels(panel)
        ]  # fmt: skip
        if listed:
            found.append({"matcher": {"id": "byName", "options": "Time"}, "properties": {"custom.width": TIME_WIDTH}})
    return found


def _properties(panel: Panel, column: Column) -> Json:
    told: Json = {"displayName": titled(column)}
    unit = panel.units.get(column.name)
    if unit is not None and unit != panel.unit:
        told["unit"] = grafana_unit(unit)
        places = _decimals(panel, unit, (column,))
        if places is not None or _decimals(panel, panel.unit, columns(panel)) is not None:
            told["decimals"] = 1 if places is None else places  # else it has those of the panel's unit
        if panel.kind == "table" and len(panel.thresholds) > 1:
            told["thresholds"] = {"mode": "absolute", "steps": [{"value": None, "color": "#8d9399"}]}
    if panel.kind == "table":
        told |= {"noValue": NOTHING, **_cell(panel, column)}
    return told


def _cell(panel: Panel, column: Column) -> Json:
    """Shares are bars, states are coloured words."""
    mapped: Mapped | None = {"code": "states", "attention": "attention"}.get(column.name)  # type: ignore[assignment]
    if mapped is not None:
        return {
            "mappings": [{"type": "value", "options": words(mapped)}],
            "custom.cellOptions": {"type": "color-background", "mode": "basic"},
        }
    share = panel.units.get(column.name, panel.unit) == "1" and panel.thresholds and column.each != "raw"
    bar = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
    return {"custom.cellOptions": bar, "min": 0, "max": 1} if share else {}


def table_links(panel: Panel, variables: tuple[Variable, ...], boards: Mapping[str, str]) -> list[Json]:
    """A click on the machine, or on the line, of a row opens a board."""
    names = [name for name in ("machine", "line") if name in labels(panel)]
    if panel.kind != "table" or not panel.opens or not names:
        return []
    matcher = {"id": "byName", "options": names[0]}
    return [{"matcher": matcher, "properties": {"links": [sdk.link(**_link(panel, variables, boards))]}}]


def _link(panel: Panel, variables: tuple[Variable, ...], boards: Mapping[str, str]) -> Json:
    """The board that a panel opens, with time and variables as they are, and with the thing that was clicked."""
    clicked = [label for label in ("line", "machine") if label in labels(panel)]
    where = "__data.fields" if panel.kind in TABULAR else "__field.labels"
    told = ["${__url_time_range}"]
    told += [f"${{{name}:queryparam}}" for name in variables if name not in clicked and not name.startswith("run_")]
    told += [f"var-{label}=${{{where}.{label}}}" for label in clicked]
    title = boards.get(panel.opens or "", panel.opens or "")
    return {"title": f"Open {title}", "url": f"/d/{panel.opens}?{'&'.join(told)}"}


def _of_canvas(panel: Panel) -> list[Json]:
    """States have their colours, a ring shows where its field names its station, and numbers have their units."""
    found = [
        {
            "matcher": {"id": "byRegexp", "options": "/\\.code$/"},
            "properties": {"mappings": [{"type": "value", "options": words("states")}]},
        },
        {"matcher": {"id": "byRegexp", "options": "/\\.rate$/"}, "properties": {"unit": grafana_unit("1/h"),
                                                                               "decimals": 0}},
        {"matcher": {"id": "byRegexp", "options": "/\\.cycle$/"}, "properties": {"unit": "s", "decimals": 0}},
    ]  # fmt: skip
    for column in columns(panel):
        if column.name.endswith(".ring"):
            station = column.name.removesuffix(".ring")
            shown = {"text": station, "color": "#e0a030", "index": 0}
            other = {"pattern": "/.*/", "result": {"color": "transparent", "index": 1}}
            mappings = [{"type": "value", "options": {station: shown}}, {"type": "regex", "options": other}]
            matcher = {"id": "byName", "options": column.name}
            found.append({"matcher": matcher, "properties": {"mappings": mappings}})
    return found
