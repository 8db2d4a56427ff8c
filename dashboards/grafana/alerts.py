"""Alert rules as code: a question, its last value, a threshold. Pure.

Questions say their time themselves (`now()`), so that nothing in them looks like a variable of the environment, which
provisioning files expand. The label ``path`` says to the twin what an alert is about.
"""

from dataclasses import dataclass
from typing import Any, Literal

from dashboards.boards import facts, health, machine, oee, quality
from dashboards.boards.energy import QUARTER
from dashboards.boards.energy import UID as ENERGY
from dashboards.grafana import queries
from plant.description import Plant
from plant.states import State
from plant.time import MINUTE
from twin.influxql import Words, quoted, statements, text
from twin.select import Column, Condition, Select
from twin.tables import FIXED, LINE, MACHINE

FOLDER = "Shopfloor"
RECEIVER = "shopfloor-twin"
EVERY = "1m"

Json = dict[str, Any]

_LINE = "{{ .Labels.area }}/{{ .Labels.line }}"
_MACHINE = f'{_LINE}/{{{{ reReplaceAll " " "/" .Labels.machine }}}}'
"""Paths of the twin's API, made of labels; templates without a dollar."""

_OF_LINES = tuple(label for label in LINE if label != "run")
_OF_MACHINES = tuple(label for label in MACHINE if label != "run")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule.

    Args:
        uid: fixed, so that it is renewed and not repeated.
        title: what people read.
        query: InfluxQL; each series of its answer is watched for itself.
        above: whether a value above the limit breaks the rule, or one below.
        limit: the limit.
        lasting: how long it must be broken before anybody is told.
        back: how far the question looks back, microseconds.
        severity: ``critical`` or ``warning``.
        summary: what is told.
        board: uid of the board that shows more.
        path: template of the path of the thing in the twin's API.
        source: uid of the data source.
        no_data: what the rule is while nothing answers at all.
    """

    uid: str
    title: str
    query: str
    above: bool
    limit: float
    lasting: str
    back: int
    severity: Literal["critical", "warning"]
    summary: str
    board: str
    path: str
    source: str = queries.POINTS
    no_data: Literal["OK", "Alerting"] = "OK"


def rules_of(plant: Plant, contract_kw: float | None = None) -> tuple[Rule, ...]:
    """The rules of a plant.

    Args:
        plant: whose.
        contract_kw: power that the supplier's contract allows over a quarter of an hour; none: an assumption.
    """
    limit = facts.contract_kw(plant) if contract_kw is None else contract_kw
    found = [_oee(plant), _down(plant), _silent(plant), _peak(plant, limit), _dropping(plant)]
    if facts.characteristics(plant):
        found.insert(3, _spc(plant))
    return tuple(found)


def _asked(plant: Plant, select: Select, back: int) -> str:
    """A question over the time that has just gone by, for all that is there of one plant.

    Raises:
        ValueError: it needs more than one statement.
    """

    def variable(label: str, _: str) -> str | None:
        return f"{quoted(label)} = {text(plant.plant)}" if label == "plant" else None

    words = Words(time=f"time >= now() - {back // MINUTE}m", step="1m", variable=variable)
    (statement,) = statements(select, FIXED[select.table], words)
    return statement.text


def _oee(plant: Plant) -> Rule:
    back = 60 * MINUTE
    select = Select(table="line_account", columns=(facts.line_kpi("oee"),), by=_OF_LINES)
    return Rule(
        uid="shopfloor-oee-low",
        title="OEE below its target",
        query=_asked(plant, select, back),
        above=False,
        limit=facts.TARGET,
        lasting="15m",
        back=back,
        severity="warning",
        summary=f"OEE of {{{{ .Labels.line }}}} over the last hour is below {facts.TARGET:.0%}",
        board=oee.UID,
        path=_LINE,
    )


def _down(plant: Plant) -> Rule:
    back = MINUTE
    failed = (Condition(name="code", value=facts.code(State.FAILED)),)
    column = facts.seconds("lasted", "for", "For")
    return Rule(
        uid="shopfloor-machine-down",
        title="Machine down for long",
        query=_asked(plant, Select(table="status", columns=(column,), by=_OF_MACHINES, where=failed), back),
        above=True,
        limit=600,
        lasting="0s",
        back=back,
        severity="critical",
        summary="{{ .Labels.machine }} of {{ .Labels.line }} has been down for more than 10 minutes",
        board=machine.UID,
        path=_MACHINE,
    )


def _silent(plant: Plant) -> Rule:
    back = 2 * MINUTE
    column = facts.as_is("silent", "Silent")
    return Rule(
        uid="shopfloor-machine-silent",
        title="Machine silent",
        query=_asked(plant, Select(table="status", columns=(column,), by=_OF_MACHINES), back),
        above=True,
        limit=0,
        lasting="1m",
        back=back,
        severity="warning",
        summary="Nothing is heard of {{ .Labels.machine }} of {{ .Labels.line }}",
        board=health.UID,
        path=_MACHINE,
        no_data="Alerting",  # a twin that writes nothing is the greatest silence
    )


def _spc(plant: Plant) -> Rule:
    back = 15 * MINUTE
    select = Select(
        table="spc",
        columns=(facts.as_is("broken", "Broken", each="sum"),),
        by=(*_OF_MACHINES, "characteristic"),
    )
    return Rule(
        uid="shopfloor-spc",
        title="Control chart broken",
        query=_asked(plant, select, back),
        above=True,
        limit=0,
        lasting="0s",
        back=back,
        severity="warning",
        summary="{{ .Labels.characteristic }} at {{ .Labels.machine }} breaks a rule of its control chart",
        board=quality.UID,
        path=_MACHINE,
    )


def _peak(plant: Plant, limit: float) -> Rule:
    back, lines = QUARTER, len(plant.lines)
    one = facts.power()
    column = Column(name=one.name, formula=f"{lines} · E / duration", unit=one.unit, scale=one.scale)
    return Rule(
        uid="shopfloor-energy-peak",
        title="Peak power above the contract",
        query=_asked(plant, Select(table="line_account", columns=(column,), by=("plant",)), back),
        above=True,
        limit=limit,
        lasting="0s",
        back=back,
        severity="warning",
        summary=f"Mean power over a quarter of an hour is above {limit:g} kW",
        board=ENERGY,
        path=plant.lines[0].node.path if lines == 1 else "",
    )


def _dropping(plant: Plant) -> Rule:
    """How far a counter rose: no column says that, so it is written here."""
    where = f'time >= now() - 10m AND "plant" = {text(plant.plant)}'
    labels = ", ".join(map(quoted, _OF_LINES))
    return Rule(
        uid="shopfloor-ingest-dropping",
        title="Messages or rows are lost",
        query=f'SELECT spread("dropped") + spread("dead") AS "lost" FROM "health" WHERE {where} GROUP BY {labels}',  # noqa: S608
        above=True,
        limit=0,
        lasting="0s",
        back=10 * MINUTE,
        severity="critical",
        summary="Of {{ .Labels.line }} messages were refused, or rows were given up, in the last 10 minutes",
        board=health.UID,
        path=_LINE,
    )


def group(plant: Plant, contract_kw: float | None = None) -> Json:
    """The rules in the form of Grafana's provisioning files."""
    return {
        "apiVersion": 1,
        "groups": [
            {
                "orgId": 1,
                "name": "shopfloor",
                "folder": FOLDER,
                "interval": EVERY,
                "rules": [_provisioned(rule) for rule in rules_of(plant, contract_kw)],
            }
        ],
    }


def _provisioned(rule: Rule) -> Json:
    return {
        "uid": rule.uid,
        "title": rule.title,
        "condition": "C",
        "for": rule.lasting,
        "noDataState": rule.no_data,
        "execErrState": "Error",
        "isPaused": False,
        "labels": {"severity": rule.severity, **({"path": rule.path} if rule.path else {})},
        "annotations": {"summary": rule.summary, "__dashboardUid__": rule.board},
        "data": [
            {
                "refId": "A",
                "datasourceUid": rule.source,
                "relativeTimeRange": {"from": rule.back // 1_000_000, "to": 0},
                "model": {
                    "refId": "A",
                    "rawQuery": True,
                    "query": rule.query,
                    "resultFormat": "time_series",
                    "intervalMs": 60_000,
                    "maxDataPoints": 1_000,
                },
            },
            _step("B", {"type": "reduce", "expression": "A", "reducer": "last", "settings": {"mode": "dropNN"}}),
            _step(
                "C",
                {
                    "type": "threshold",
                    "expression": "B",
                    "conditions": [{"evaluator": {"type": "gt" if rule.above else "lt", "params": [rule.limit]}}],
                },
            ),
        ],
    }


def _step(ref: str, told: Json) -> Json:
    """A step of Grafana's own expressions."""
    return {
        "refId": ref,
        "datasourceUid": "__expr__",
        "relativeTimeRange": {"from": 0, "to": 0},
        "model": {"refId": ref, "datasource": {"type": "__expr__", "uid": "__expr__"}, **told},
    }


def contact_points() -> Json:
    """The twin as receiver: its address and token come from the environment of Grafana."""
    settings = {
        "url": "$SHOPFLOOR_TWIN_URL/api/v1/alerts",
        "httpMethod": "POST",
        "authorization_scheme": "Bearer",
        "authorization_credentials": "$SHOPFLOOR_TWIN_TOKEN",
    }
    receiver = {"uid": RECEIVER, "type": "webhook", "settings": settings, "disableResolveMessage": False}
    return {"apiVersion": 1, "contactPoints": [{"orgId": 1, "name": RECEIVER, "receivers": [receiver]}]}


def policies() -> Json:
    """Who is told what, and how often."""
    policy = {
        "orgId": 1,
        "receiver": RECEIVER,
        "group_by": ["alertname", "path"],
        "group_wait": "10s",
        "group_interval": "1m",
        "repeat_interval": "4h",
    }
    return {"apiVersion": 1, "policies": [policy]}
