"""What a reader of a dashboard chooses, and the marks that stand in all its curves: variables and annotations. Pure.

Values come from the labels in the store. SHOW TAG VALUES looks at all time, so a machine that was scrapped stays in the
list; lists are limited to the plant that is chosen, and machines to its lines. Runs are found by a question over the
time chosen, the newest first, so that a dashboard opens with the run that goes on.
"""

from collections.abc import Mapping

from dashboards.grafana.queries import POINTS
from dashboards.grafana.sdk import InfluxQuery
from dashboards.panels import Variable
from twin.influxql import GRAFANA, quoted

TITLES: Mapping[Variable, str] = {
    "plant": "Plant", "run": "Run", "line": "Line", "machine": "Machine", "shift": "Shift", "run_a": "Run A",
    "run_b": "Run B",
}  # fmt: skip

MULTI: frozenset[Variable] = frozenset({"line", "machine", "shift"})
"""Variables of which several values, or all, can be chosen."""

ONLY: Mapping[Variable, str] = dict.fromkeys(("run", "run_a", "run_b"), r"/^(?!0(\.0+)?$).+/")
"""Which values of an answer are offered, where not all: Grafana takes those of every column but the time, and InfluxQL
gives labels only beside a field. That field is always 0, which is no name of a run.
"""

_NEEDS: Mapping[Variable, tuple[Variable, ...]] = {
    "line": ("plant",), "machine": ("plant", "line"), "shift": ("plant",),
}  # fmt: skip
"""Variables that limit the values of others."""

_TABLES: Mapping[Variable, str] = {
    "plant": "line_account", "line": "line_account", "machine": "account", "shift": "line_account",
}  # fmt: skip

ANNOTATION = (
    'SELECT "title", "text", "kind", "machine", "until" FROM "event" '
    'WHERE $timeFilter AND "plant" =~ /^${plant:regex}$/'
)
"""What stands as a mark in all curves."""


def query(name: Variable, present: tuple[Variable, ...]) -> str:
    """The question that finds the values of a variable.

    Args:
        name: the variable.
        present: variables of the dashboard: only those that are there limit the list.
    """
    if name.startswith("run"):
        return (
            'SELECT "run", "elapsed" * 0 AS "none" FROM (SELECT last("elapsed") AS "elapsed" FROM "line_account" '
            'WHERE $timeFilter AND "plant" =~ /^${plant:regex}$/ GROUP BY "run") ORDER BY time DESC'
        )
    where = [GRAFANA.variable(other, other) or "" for other in _NEEDS.get(name, ()) if other in present]
    told = f"SHOW TAG VALUES FROM {quoted(_TABLES[name])} WITH KEY = {quoted(name)}"
    return f"{told} WHERE {' AND '.join(where)}" if where else told


def events() -> InfluxQuery:
    """Events of machines as marks: a title, a text, and what kind of event of which machine."""
    return InfluxQuery(
        ref="Anno",
        source=POINTS,
        query=ANNOTATION,
        form="table",
        more={
            "fromAnnotations": True,
            "name": "Events",
            "titleColumn": "title",
            "textColumn": "text",
            "tagsColumn": "kind,machine",
            "timeEndColumn": "until",
        },
    )
