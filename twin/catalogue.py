"""The catalogue of KPIs: a row each, whose formula is what people read and what is computed.

Names and formulas follow ISO 22400-2:2014 where it has them. OEE is Σ PRI·GQ / PBT, which is availability ·
effectiveness · time-weighted quality ratio and exists where one of the factors does not.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from plant.time import HOUR, SECOND

UNITS = frozenset({"machine", "station"})
POOLED = UNITS | {"line"}
LINE = frozenset({"line"})
NOWHERE: frozenset[str] = frozenset()
"""Kinds of nodes that have a KPI; NOWHERE: the formula is known, the twin has no messages for it yet."""

SCALES = {"1": (1, 1), "s": (1, SECOND), "1/h": (HOUR, 1)}
"""From microseconds and pieces to the unit: factors of numerator and denominator."""


@dataclass(frozen=True, kw_only=True)
class KpiRow:
    """One KPI: the quotient of two products of parts.

    Args:
        id: name in the API and in messages.
        title: what people read.
        unit: UCUM unit of the value.
        formula: parts, ``·``, at most one ``/`` and ``+ 1``.
        missing: reason given when the denominator is 0.
        scope: kinds of nodes that have it.
        cornered: whether bounds follow from what the unknown may have been; else only a window that is known in full
            has any.
    """

    id: str
    title: str
    unit: str
    formula: str
    missing: str
    scope: frozenset[str]
    cornered: bool

    @cached_property
    def over(self) -> tuple[str, ...]:
        """Parts whose product is the numerator."""
        return tuple(re.findall(r"[A-Za-z_]+", self.formula.partition(" / ")[0]))

    @cached_property
    def under(self) -> tuple[str, ...]:
        """Parts whose product is the denominator."""
        return tuple(re.findall(r"[A-Za-z_]+", self.formula.partition(" / ")[2]))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The parts it is made of."""
        return tuple(dict.fromkeys((*self.over, *self.under)))

    def fraction(self, parts: Mapping[str, int]) -> tuple[int, int]:
        """Numerator and denominator in the KPI's unit, exactly."""
        times, per = SCALES[self.unit]
        numerator = math.prod([parts[name] for name in self.over])
        denominator = math.prod([parts[name] for name in self.under]) + self.formula.endswith("+ 1)")
        return numerator * times, denominator * per


def _rows(scope: frozenset[str], table: Iterable[tuple[str, str, str, str, str]]) -> dict[str, KpiRow]:
    """Rows of id, title, unit, formula and reason; a quotient without a time in it is cornered."""
    return {
        id_: KpiRow(
            id=id_, title=title, unit=unit, formula=formula, missing=missing, scope=scope,
            cornered=unit != "s" and "_integral" not in formula,
        )
        for id_, title, unit, formula, missing in table
    }  # fmt: skip


CATALOGUE: dict[str, KpiRow] = {
    **_rows(POOLED, (
        ("availability", "Availability", "1", "APT / PBT", "no_pbt"),
        ("effectiveness", "Effectiveness", "1", "PRI_PQ / APT", "no_production_time"),
        ("quality_ratio", "Quality ratio", "1", "GQ / PQ", "no_parts"),
        ("quality_ratio_time_weighted", "Quality ratio, time-weighted", "1", "PRI_GQ / PRI_PQ", "no_parts"),
        ("scrap_ratio", "Scrap ratio", "1", "SQ / PQ", "no_parts"),
        ("rework_ratio", "Rework ratio", "1", "RQ / PQ", "no_parts"),
        ("first_pass_yield", "First pass yield", "1", "GP / IP", "no_parts"),
        ("mtbf.usual", "Mean operating time between failures", "s", "operating_time / FE", "no_failure"),
        ("mtbf.iso", "The same over failures + 1", "s", "operating_time / (FE + 1)", "no_failure"),
        ("mttr.usual", "Mean time to restoration", "s", "TTR / restored", "no_failure"),
        ("mttr.iso", "The same over restored failures + 1", "s", "TTR / (restored + 1)", "no_failure"),
    )),
    **_rows(UNITS, (
        ("oee", "OEE index", "1", "PRI_GQ / PBT", "no_pbt"),
        ("nee", "NEE index", "1", "AUPT · PRI_GQ / (PBT · APT)", "no_production_time"),
        ("ooe", "OOE: planned stops are losses", "1", "PRI_GQ / POT", "no_pot"),
        ("teep", "TEEP: all time counts", "1", "PRI_GQ / window", "no_window"),
        ("allocation_efficiency", "Allocation efficiency", "1", "AUBT / PBT", "no_pbt"),
        ("utilization_efficiency", "Utilization efficiency", "1", "APT / AUBT", "no_busy_time"),
        ("technical_efficiency", "Technical efficiency", "1", "APT / APT_ADET", "no_production_time"),
        ("setup_ratio", "Setup ratio", "1", "AUST / AUPT", "no_production_time"),
        ("throughput", "Good parts per hour", "1/h", "GQ / duration", "no_window"),
        ("cycle_time", "Mean cycle time", "s", "cycle_sum / cycles", "no_parts"),
    )),
    **_rows(UNITS, (
        ("wip", "Parts at the station, time average", "1", "wip_integral / known", "no_known_time"),
        ("queue", "Parts that wait at the station, time average", "1", "queue_integral / known", "no_known_time"),
    )),
    **_rows(NOWHERE, (
        ("actual_to_planned_scrap_ratio", "Actual to planned scrap ratio", "1", "SQ / PSQ", "no_plan"),
    )),
}  # fmt: skip
"""KPIs of work units and their pools."""

LINE_CATALOGUE: dict[str, KpiRow] = {
    **{id_: row for id_, row in CATALOGUE.items() if "line" in row.scope},
    **_rows(LINE, (
        ("oee", "OEE index of the line", "1", "PRI_shipped / bottleneck_PBT", "no_pbt"),
        ("oee.line", "OEE index of the line", "1", "PRI_shipped / bottleneck_PBT", "no_pbt"),
        ("oee.pooled", "OEE index pooled over the machines", "1", "PRI_GQ / PBT", "no_pbt"),
        ("throughput", "Good parts leaving per hour", "1/h", "shipped / duration", "no_window"),
        ("wip", "Parts in the line, time average", "1", "wip_integral / known", "no_known_time"),
        ("lead_time", "Mean lead time of good parts", "s", "lead_time_sum / lead_times", "no_parts"),
        ("schedule_attainment", "Orders completed in time", "1", "on_time / due", "no_orders"),
    )),
}  # fmt: skip
"""KPIs of a line: pooled over its machines, or of what leaves it.

Its OEE is that of its planned bottleneck: good output of the line times planned work there for each part that leaves
the line, over planned busy time there.
"""
