"""KPIs as KPI-ML: the documents have the form of its schema, refer to each other, and say what the API says.

No schema file ships with us; the tables below repeat what KPI-ML-V01.xsd says of the elements that are used.
"""

import re
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from dashboards import kpiml
from dashboards.catalogue import described
from plant.time import MINUTE, parse_instant
from tests.dashboards.heard import BLOCK, END, MACHINES, START
from twin import CATALOGUE, KpiValue

pytestmark = pytest.mark.asyncio(loop_scope="session")

GOLDEN = Path(__file__).parents[1] / "golden" / "kpiml"
WINDOW = {"from": START + 10 * MINUTE, "to": END - 7 * MINUTE}
XML = "{http://www.mesa.org/xml/KPI-ML-V01}"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"

ONE, MAYBE, ANY, SOME = (1, 1), (0, 1), (0, None), (1, None)
ID, DESCRIPTION = ("ID", ONE), ("Description", ANY)
FORM = {
    "DataArea": [("Show", ONE), ("KPIDefinition", ANY), ("KPIInstance", ANY), ("KPIValue", ANY)],
    "ApplicationArea": [("Sender", MAYBE), ("Receiver", ANY), ("CreationDateTime", ONE)],
    "Sender": [("LogicalID", MAYBE)],
    "KPIDefinition": [ID, DESCRIPTION, ("Name", ANY), ("Scope", ANY), ("Formula", MAYBE), ("UnitOfMeasure", MAYBE),
                      ("Range", ANY), ("Trend", MAYBE), ("Timing", ANY), ("TimeRange", ANY), ("Audience", ANY),
                      ("ProductionMethodology", ANY), ("EffectModel", ANY), ("Notes", ANY),
                      ("UsesKPIDefinitionID", ANY), ("KPIInstanceID", ANY), ("Property", ANY)],
    "KPIInstance": [ID, DESCRIPTION, ("Name", ANY), ("Scope", ANY), ("Formula", MAYBE), ("UnitOfMeasure", MAYBE),
                    ("Range", ANY), ("ResourceReference", ANY), ("Trend", MAYBE), ("Timing", ANY), ("TimeRange", ANY),
                    ("Audience", ANY), ("ProductionMethodology", ANY), ("EffectModel", ANY), ("Notes", ANY),
                    ("UsesKPIInstanceID", ANY), ("KPIDefinitionID", MAYBE), ("Property", ANY)],
    "KPIValue": [ID, DESCRIPTION, ("Name", ANY), ("TimeRange", MAYBE), ("Value", MAYBE), ("UnitOfMeasure", MAYBE),
                 ("KPIInstanceID", MAYBE), ("Property", ANY)],
    "Range": [ID, DESCRIPTION, ("LowerLimit", ONE), ("UpperLimit", ONE)],
    "ResourceReference": [ID, DESCRIPTION, ("ResourceType", ONE), ("ResourceID", ONE)],
    "TimeRange": [("StartTime", MAYBE), ("EndTime", MAYBE), ("Recurrence", MAYBE), ("Duration", MAYBE)],
    "Property": [ID, DESCRIPTION, ("Value", ONE), ("Property", ANY)],
}  # fmt: skip
"""Elements in their order, and how often each may come."""

DECIMALS = {("KPIValue", "Value"), ("Property", "Value"), ("Range", "LowerLimit"), ("Range", "UpperLimit")}
NILLABLE = {("Property", "Value"), ("Range", "LowerLimit"), ("Range", "UpperLimit")}
INSTANTS = {"StartTime", "EndTime", "CreationDateTime"}
WORDS = {
    "Trend": {"Higher-is-better", "Lower-is-better"},
    "Timing": {"Real-time", "Periodically", "On-demand"},
    "ProductionMethodology": {"Batch", "Continuous", "Discrete"},
}
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
INSTANT = re.compile(r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?")


def read(content: bytes) -> ET.Element:
    """The root of a document that has the form of the schema."""
    text = content.decode("utf-8")
    assert text.startswith(f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- {kpiml.COURTESY} -->\n')
    root = ET.fromstring(text.encode())  # noqa: S314 our own
    assert root.tag in {f"{XML}ShowKPI{what}" for what in ("Definition", "Instance", "Value")}
    assert root.get("releaseID")
    assert [child.tag for child in root] == [f"{XML}ApplicationArea", f"{XML}DataArea"]
    members = [child.tag for child in root[1]][1:]
    assert set(members) == {root.tag.replace("Show", "")}
    for child in root:
        check(child)
    return root


def check(element: ET.Element) -> None:
    name = element.tag.removeprefix(XML)
    form = FORM.get(name)
    if form is None:
        assert len(element) == 0, name
        return
    names = [child.tag.removeprefix(XML) for child in element]
    order = [member for member, _ in form]
    assert set(names) <= set(order), name
    assert names == sorted(names, key=order.index), name
    for member, (least, most) in form:
        assert least <= names.count(member) <= (most or len(names)), (name, member)
    for child, of in zip(element, names, strict=True):
        text = child.text or ""
        if (name, of) in DECIMALS:
            nil = (name, of) in NILLABLE and child.get(NIL) == "true" and not text
            assert nil or NUMBER.fullmatch(text), (name, of, text)
        if of in INSTANTS:
            assert INSTANT.fullmatch(text), text
        assert text in WORDS.get(of, {text})
        check(child)


async def fetch(client, document: str, **asked) -> ET.Element:
    answer = await client.get(f"/api/v1/kpiml/{document}", params=asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/xml"
    assert answer.headers["content-disposition"].endswith('.xml"')
    return read(answer.content)


def texts(root: ET.Element, member: str, child: str) -> list[str]:
    return [one.findtext(f"{XML}{child}") for one in root.iter(f"{XML}{member}")]


async def test_values_refer_to_instances_and_these_to_definitions(client) -> None:
    asked = {"path": BLOCK, **WINDOW}
    values, instances, definitions = [
        await fetch(client, document, **asked) for document in ("values", "instances", "definitions")
    ]
    known = texts(instances, "KPIInstance", "ID")
    assert len(known) == len(set(known))
    assert set(texts(values, "KPIValue", "KPIInstanceID")) == set(known)
    defined = texts(definitions, "KPIDefinition", "ID")
    assert len(defined) == len(set(defined)) == len(described())
    assert set(texts(instances, "KPIInstance", "KPIDefinitionID")) <= set(defined)
    paths = {BLOCK, f"{BLOCK}/OP10", *MACHINES[:2], f"{BLOCK}/WASH", f"{BLOCK}/OP20"}
    assert set(texts(instances, "ResourceReference", "ResourceID")) == paths


@pytest.mark.parametrize("path", [BLOCK, MACHINES[3]])
async def test_values_are_those_of_the_api(client, path) -> None:
    told = (await client.get("/api/v1/kpis", params={"path": path, **WINDOW})).json()["kpis"]
    root = await fetch(client, "values", path=path, **WINDOW)
    found = {}
    for one in root.iter(f"{XML}KPIValue"):
        if one.findtext(f"{XML}KPIInstanceID").startswith(f"{path}:"):
            found[one.findtext(f"{XML}Name")] = one
    assert set(found) == set(told)
    for name, figure in told.items():
        one = found[name]
        value = one.findtext(f"{XML}Value")
        assert (None if value is None else float(value)) == figure["value"]
        assert one.findtext(f"{XML}UnitOfMeasure") == figure["unit"]
        times = [parse_instant(one.findtext(f"{XML}TimeRange/{XML}{end}")) for end in ("StartTime", "EndTime")]
        assert times == list(WINDOW.values())
        properties = {p.findtext(f"{XML}ID"): p for p in one.iter(f"{XML}Property")}
        for key in ("lower", "upper", "coverage"):
            number = properties[key].findtext(f"{XML}Value")
            assert (float(number) if number else None) == figure[key]
        parts = {k.removeprefix("part."): p.findtext(f"{XML}Value") for k, p in properties.items() if "part." in k}
        assert {k: int(v) for k, v in parts.items()} == figure["parts"]
        assert properties["profile"].findtext(f"{XML}Description") == figure["profile"]
        if figure["reason"]:
            assert figure["reason"] in one.findtext(f"{XML}Description")


async def test_windows_and_only_some_kpis(client) -> None:
    root = await fetch(client, "values", path=BLOCK, by="hour", kpi=["oee", "lead_time"], **WINDOW)
    assert set(texts(root, "KPIValue", "Name")) == {"oee", "lead_time"}
    ids = texts(root, "KPIValue", "ID")
    assert len(ids) == len(set(ids)) == 2 * (6 + 1)


@pytest.mark.parametrize(
    ("document", "asked", "status", "field"),
    [
        ("beauty", {}, 422, "document"),
        ("values", {"kpi": "beauty"}, 404, "kpi"),
        ("values", {"path": "x/y"}, 404, "path"),
        ("instances", {"by": "week"}, 422, "by"),
    ],
)
async def test_a_wrong_question_is_refused(client, document, asked, status, field) -> None:
    answer = await client.get(f"/api/v1/kpiml/{document}", params=asked)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, field)


async def test_the_catalogue_has_all_rows_with_their_numbers(client) -> None:
    kpis = (await client.get("/api/v1/kpis/catalogue")).json()["kpis"]
    assert kpis == described()
    assert {row["number"] for row in kpis} == {None, *range(1, 35)}
    by_id = {row["definition"]: row for row in kpis}
    assert by_id["availability"] == {
        "kpi": "availability", "definition": "availability", "title": "Availability", "number": 8,
        "formula": "APT / PBT", "parts": ["APT", "PBT"], "unit": "1", "values": "0 to 1", "lowest": 0, "highest": 1,
        "better": "higher", "of": ["line", "station", "machine"], "reason": "no_pbt", "source": None,
        "ontology": "http://www.w3id.org/hsu-aut/ISO22400-2#Availability",
    }  # fmt: skip
    assert by_id["line/oee"]["formula"] == "PRI_shipped / bottleneck_PBT"
    assert by_id["oee"]["of"] == ["station", "machine"]
    assert {row.id for row in CATALOGUE.values()} <= set(by_id)
    assert all(row["number"] for row in kpis if row["ontology"])


FIGURES = [
    ("oee", KpiValue(value=0.57, lower=0.5, upper=1e-7, coverage=0.9375, parts={"PRI_GQ": 30_780, "PBT": 54_000},
                     unit="1", profile="iso22400-2:2014", warnings=["above_one"])),
    ("mtbf.usual", KpiValue(value=None, lower=90.0, upper=None, coverage=1.0, parts={"FE": 0}, unit="s",
                            profile="iso22400-2:2014", reason="no_failure")),
    ("cpk.bore", KpiValue(value=-0.25, lower=None, upper=None, coverage=None, parts={}, unit="1",
                          profile="iso22400-2:2014", revision=2)),
]  # fmt: skip


@pytest.mark.parametrize("document", ["definitions", "instances", "values"])
async def test_documents_are_the_golden_ones(document, request) -> None:
    told = [
        kpiml.Told(path="main/line/A", kind="machine", kpi=name, begin=START, end=START + MINUTE, value=value)
        for name, value in FIGURES
    ]
    make = {"definitions": lambda: kpiml.definitions(START), "instances": lambda: kpiml.instances(told, START),
            "values": lambda: kpiml.values(told, START)}  # fmt: skip
    content = make[document]()
    read(content)
    file = GOLDEN / f"{document}.xml"
    if request.config.getoption("--renew-golden"):
        file.write_bytes(content)
    assert file.read_bytes() == content
    if document == "values":
        assert b"0.0000001" in content
        assert Decimal("0.0000001") == Decimal("1e-7")
