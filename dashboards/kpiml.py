"""KPIs as KPI-ML, the XML of MESA International for definitions, instances and values of KPIs (V01, 2015). Pure.

The KPI Markup Language (KPI-ML) is used courtesy of MESA International.

A document is one of its messages: ``ShowKPIDefinition`` has the catalogue, ``ShowKPIInstance`` says which node has
which KPI, ``ShowKPIValue`` has the values of windows. Values refer to instances, instances to definitions. What KPI-ML
has no element for (bounds, coverage, parts, profile, revision) stands in properties.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from plant.time import format_instant
from twin import CATALOGUE, LINE_CATALOGUE, KpiRow, KpiValue, class_of

COURTESY = "The KPI Markup Language (KPI-ML) is used courtesy of MESA International."
NAMESPACE = "http://www.mesa.org/xml/KPI-ML-V01"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"

TRENDS = {"higher": "Higher-is-better", "lower": "Lower-is-better"}
KINDS = {"line": "Line", "station": "Station", "machine": "Machine"}

Bound = int | float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A value of a node in a window.

    Args:
        path: of the node.
        kind: what it is: line, station or machine.
        kpi: id of the KPI.
        begin: first instant of the window, microseconds UTC.
        end: first instant that is out.
        value: the figure.
    """

    path: str
    kind: str
    kpi: str
    begin: int
    end: int
    value: KpiValue


def rows() -> dict[str, KpiRow]:
    """All rows of the catalogue by the id of their definitions: those that only lines have begin with ``line/``."""
    own = {f"line/{id_}": row for id_, row in LINE_CATALOGUE.items() if row.scope == {"line"}}
    return {**CATALOGUE, **own}


def definition_of(kind: str, kpi: str) -> str:
    """Id of the definition of a KPI that a node has; one of a measured characteristic is defined without its name."""
    name = kpi if kpi in rows() or f"line/{kpi}" in rows() else kpi.partition(".")[0]
    return f"line/{name}" if kind == "line" and f"line/{name}" in rows() else name


def definitions(created: int) -> bytes:
    """The catalogue."""
    return _document("Definition", (_definition(id_, row) for id_, row in rows().items()), created)


def instances(told: Iterable[Told], created: int) -> bytes:
    """Which node has which KPI, each once."""
    found = {(one.path, one.kpi): one for one in told}
    return _document("Instance", map(_instance, found.values()), created)


def values(told: Iterable[Told], created: int) -> bytes:
    """The values of windows."""
    return _document("Value", map(_value, told), created)


def _document(what: str, members: Iterable[Element], created: int) -> bytes:
    root = Element(f"ShowKPI{what}", {"xmlns": NAMESPACE, "xmlns:xsi": INSTANCE, "releaseID": "V01"})
    area = SubElement(root, "ApplicationArea")
    sender = SubElement(area, "Sender")
    SubElement(sender, "LogicalID").text = "shopfloor"
    SubElement(area, "CreationDateTime").text = format_instant(created)
    data = SubElement(root, "DataArea")
    SubElement(data, "Show")
    data.extend(members)
    indent(root)
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- {COURTESY} -->\n'
    return f"{head}{tostring(root, encoding='unicode')}\n".encode()


def _definition(id_: str, row: KpiRow) -> Element:
    of = Element("KPIDefinition")
    _id(of, id_)
    SubElement(of, "Description").text = row.title
    SubElement(of, "Name").text = row.id
    for kind, title in KINDS.items():
        if kind in row.scope:
            SubElement(of, "Scope").text = title
    SubElement(of, "Formula").text = row.formula
    _unit(of, row.unit)
    range_ = SubElement(of, "Range")
    SubElement(range_, "ID").text = "possible values"
    SubElement(range_, "Description").text = row.range.text
    _number(range_, "LowerLimit", row.range.low)
    _number(range_, "UpperLimit", row.range.high)
    if row.trend in TRENDS:
        SubElement(of, "Trend").text = TRENDS[row.trend]
    for timing in ("Periodically", "On-demand"):
        SubElement(of, "Timing").text = timing
    SubElement(of, "ProductionMethodology").text = "Discrete"
    for note in _notes(row):
        SubElement(of, "Notes").text = note
    return of


def _notes(row: KpiRow) -> Sequence[str]:
    notes = [f"ISO 22400-2:2014, number {row.number}"] if row.number is not None else []
    notes += [f"ontology class {class_}"] if (class_ := class_of(row.number)) else []
    notes += [f"source: {row.source}"] if row.source else []
    return notes if row.scope else [*notes, "no message feeds it yet"]


def _instance(one: Told) -> Element:
    of = Element("KPIInstance")
    _id(of, f"{one.path}:{one.kpi}")
    SubElement(of, "Name").text = one.kpi
    _unit(of, one.value.unit)
    resource = SubElement(of, "ResourceReference")
    SubElement(resource, "ID").text = one.path
    SubElement(resource, "ResourceType").text = KINDS[one.kind]
    SubElement(resource, "ResourceID").text = one.path
    SubElement(of, "KPIDefinitionID").text = definition_of(one.kind, one.kpi)
    return of


def _value(one: Told) -> Element:
    of = Element("KPIValue")
    value = one.value
    _id(of, f"{one.path}:{one.kpi}:{one.begin}-{one.end}")
    if value.reason is not None:
        SubElement(of, "Description").text = f"no value: {value.reason}"
    for warning in value.warnings:
        SubElement(of, "Description").text = f"warning: {warning}"
    SubElement(of, "Name").text = one.kpi
    time = SubElement(of, "TimeRange")
    SubElement(time, "StartTime").text = format_instant(one.begin)
    SubElement(time, "EndTime").text = format_instant(one.end)
    if value.value is not None:
        SubElement(of, "Value").text = _decimal(value.value)
    _unit(of, value.unit)
    SubElement(of, "KPIInstanceID").text = f"{one.path}:{one.kpi}"
    told: Mapping[str, Bound] = {"lower": value.lower, "upper": value.upper, "coverage": value.coverage}
    for name, number in told.items():
        _property(of, name, number)
    _property(of, "revision", value.revision)
    _property(of, "profile", None, value.profile)
    for name, part in value.parts.items():
        _property(of, f"part.{name}", part)
    return of


def _property(of: Element, name: str, number: Bound, text: str | None = None) -> None:
    property_ = SubElement(of, "Property")
    SubElement(property_, "ID").text = name
    if text is not None:
        SubElement(property_, "Description").text = text
    _number(property_, "Value", number)


def _id(of: Element, text: str) -> None:
    SubElement(of, "ID").text = text


def _unit(of: Element, unit: str) -> None:
    SubElement(of, "UnitOfMeasure", {"listID": "UCUM"}).text = unit


def _number(of: Element, name: str, number: Bound) -> None:
    """A number, or an element that says it has none."""
    if number is None:
        SubElement(of, name, {"xsi:nil": "true"})
    else:
        SubElement(of, name).text = _decimal(number)


def _decimal(number: float) -> str:
    """All digits without an exponent, which the type of KPI-ML does not allow."""
    return format(Decimal(repr(number)), "f")
