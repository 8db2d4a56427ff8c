"""What is wrong with built dashboards, by rules that Grafana does not hold: it says nothing, and shows nothing.

It looks at the JSON, not at what made it, so dashboards that were edited by hand can be looked at, too. Pure.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, get_args

from dashboards.grafana.compiler import COLUMNS
from dashboards.grafana.queries import POINTS, RAW, source_of
from dashboards.panels import Kind
from plant.description import Plant
from twin.influxql import BANNED
from twin.tables import Table, tables_of

Json = dict[str, Any]

ALLOWED = frozenset({*get_args(Kind), "row"})
UNITLESS = frozenset({"row", "text", "alertlist", "annolist"})
BUILT_IN = frozenset({"timeFilter", "__interval", "__interval_ms", "__url_time_range", "__all"})
LONGEST_UID = 40

_VARIABLE = re.compile(r"\$\{(\w+(?:\.\w+)*)(?::\w+)?\}|\$([A-Za-z_]\w*)")
_NAME = r'"((?:[^"\\]|\\.)*)"'


def lint(dashboards: Sequence[Json], plant: Plant) -> list[str]:
    """All that is wrong, a line each: the dashboard, the panel, and what it is."""
    tables = tables_of(plant)
    uids = [str(board.get("uid")) for board in dashboards]
    wrong = [f"{uid}: this uid is there more than once" for uid in sorted({uid for uid in uids if uids.count(uid) > 1})]
    for board in dashboards:
        wrong += [f"{board.get('uid')}: {what}" for what in _board(board, tables, frozenset(uids))]
    return wrong


def panels_of(board: Json) -> list[Json]:
    """Panels and rows, also those that collapsed rows hold."""
    return [one for each in board.get("panels", ()) for one in (each, *each.get("panels", ()))]


def _board(board: Json, tables: Mapping[str, Table], uids: frozenset[str]) -> Iterator[str]:
    if board.get("id", 0) is not None:
        yield "id is not null"
    if board.get("schemaVersion") != 42:
        yield f"schemaVersion is {board.get('schemaVersion')}, not 42"
    if "__inputs" in board:
        yield "it has __inputs, which only people can fill in"
    if not board.get("title") or not board.get("uid") or len(board["uid"]) > LONGEST_UID:
        yield f"title or uid is missing, or the uid has more than {LONGEST_UID} characters"
    panels = panels_of(board)
    ids = [panel.get("id") for panel in panels]
    yield from (f"panel id {number} is there more than once" for number in {n for n in ids if ids.count(n) > 1})
    yield from _overlaps(board.get("panels", ()))
    for each in board.get("panels", ()):
        yield from _overlaps(each.get("panels", ()))
    variables = {each["name"]: each for each in board.get("templating", {}).get("list", ())}
    for panel in panels:
        for what in _panel(panel, tables, uids, frozenset(variables)):
            yield f"{panel.get('title') or panel.get('id')}: {what}"
    for name, each in variables.items():
        yield from (f"variable {name}: {what}" for what in _text(each["query"], each, tables, frozenset(variables)))
    for each in board.get("annotations", {}).get("list", ()):
        told = each.get("target", {})
        yield from (f"annotation {each['name']}: {what}" for what in
                    _text(told.get("query", ""), told, tables, frozenset(variables)))  # fmt: skip


def _overlaps(panels: Sequence[Json]) -> Iterator[str]:
    for panel in panels:
        grid = panel["gridPos"]
        if grid["x"] < 0 or grid["x"] + grid["w"] > COLUMNS or grid["w"] < 1 or grid["h"] < 1:
            yield f"{panel.get('title')}: it lies outside of the {COLUMNS} columns"
    for one, other in combinations(panels, 2):
        a, b = one["gridPos"], other["gridPos"]
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        if not (beside or a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]):
            yield f"{one.get('title')} and {other.get('title')} overlap"


def _panel(panel: Json, tables: Mapping[str, Table], uids: frozenset[str], variables: frozenset[str]) -> Iterator[str]:
    kind = panel.get("type")
    if kind not in ALLOWED:
        yield f"{kind!r} is no kind of panel that comes with Grafana and is in use here"
    if not panel.get("title") or (kind != "row" and not panel.get("description")):
        yield "it has no title or no description"
    if kind not in UNITLESS and not panel.get("fieldConfig", {}).get("defaults", {}).get("unit"):
        yield "it has no unit"
    if kind not in UNITLESS and not panel.get("targets"):
        yield "it asks nothing"
    refs = [target.get("refId") for target in panel.get("targets", ())]
    if len(set(refs)) != len(refs):
        yield "two targets have the same refId"
    for target in panel.get("targets", ()):
        yield from _text(target.get("query", ""), target, tables, variables)
    yield from _links(panel, uids, variables)


def _text(query: str, target: Json, tables: Mapping[str, Table], variables: frozenset[str]) -> Iterator[str]:
    """What is wrong with a statement, and with where it is sent."""
    yield from _variables(query, variables)
    if found := BANNED.search(query):
        yield f"InfluxDB 3 Core has no {found[0]!r}"
    source = target.get("datasource", {}).get("uid")
    if source not in {POINTS, RAW}:
        yield f"{source!r} is no data source that is provisioned"
    measured = re.findall(rf"\bFROM {_NAME}", query)
    if len(measured) != 1:
        yield f"it asks {len(measured)} measurements, not one"
        return
    table = tables.get(measured[0])
    if table is None:
        yield f"there is no measurement {measured[0]!r}"
        return
    if source in {POINTS, RAW} and source != source_of(table):
        yield f"{table.name} is in {source_of(table)}, not in {source}"
    named = set(re.findall(rf"\bAS {_NAME}", query))
    for name in dict.fromkeys(re.findall(_NAME, query)):
        if name not in table.fields and name not in table.labels and name not in named and name != table.name:
            yield f"{table.name} has neither field nor label {name!r}"


def _variables(text: str, variables: frozenset[str]) -> Iterator[str]:
    for braced, bare in _VARIABLE.findall(text):
        name = braced or bare
        if name not in variables and name not in BUILT_IN and not name.startswith(("__field.", "__data.")):
            yield f"the variable {name} is not defined"


def _links(panel: Json, uids: frozenset[str], variables: frozenset[str]) -> Iterator[str]:
    for url in _urls(panel):
        yield from _variables(url, variables)
        uid = re.match(r"/d/([^/?]+)", url)
        if uid is not None and uid[1] not in uids:
            yield f"a link opens {uid[1]}, which is no dashboard"


def _urls(tree: object) -> Iterator[str]:
    """All addresses in a tree."""
    match tree:
        case {"url": str() as url}:
            yield url
        case dict():
            for each in tree.values():
                yield from _urls(each)
        case list():
            for each in tree:
                yield from _urls(each)
