"""The catalogue of KPIs: a row each, whose formula is what people read and what is computed.

All 34 KPIs of ISO 22400-2:2014 stand here with their numbers in the standard, and their relatives in use beside them.
OEE is Σ PRI·GQ / PBT, which is availability · effectiveness · time-weighted quality ratio and exists where one of the
factors does not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from plant.time import DAY, HOUR, SECOND
from twin.formula import Formula, Number

MACHINE = frozenset({"machine"})
STATION = frozenset({"station"})
UNITS = MACHINE | STATION
LINE = frozenset({"line"})
POOLED = UNITS | LINE
NOWHERE: frozenset[str] = frozenset()
"""Kinds of nodes that have a KPI; NOWHERE: the formula is known, the twin has no messages for it yet."""

SCALES = {"1": (1, 1), "s": (1, SECOND), "1/h": (HOUR, 1), "1/d": (DAY, 1), "kW.h": (1, 1_000_000)}
"""From microseconds, pieces and milliwatt hours to the unit (UCUM): factors of numerator and denominator."""

TERMS: Mapping[str, str] = {
    "mean": "x_sum / n",
    "s": "√((n · xx_sum − x_sum · x_sum) / (n · (n − 1)))",
    "s_within": "range_sum / (subgroups · d2(subgroup_size))",
}
"""What names in formulas stand for that are no parts themselves."""

UNBOUNDED = frozenset(
    {
        "wip_integral", "queue_integral", "operating_time", "TTR", "cycle_sum", "lead_time_sum", "minor_stops", "n",
        "subgroups", "PQ_outside", "outside_time", "order_AUBT", "order_APT",
    }
)  # fmt: skip
"""Parts of which nothing bounds what unknown time may have added."""

Trend = Literal["higher", "lower", "none"]
"""Which way is better; ``none`` where neither is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """Values that a KPI can have.

    Args:
        text: as people read it.
        low: no value is below; none: any.
        high: no value is above; none: any.
        warned: whether a value above 1 says that a plan or a planned run time is wrong.
    """

    text: str
    low: int | None
    high: int | None
    warned: bool = False


SHARE = Range(text="0 to 1", low=0, high=1, warned=True)
PLANNED = Range(text="0 or more, above 1 with a warning", low=0, high=None, warned=True)
AMOUNT = Range(text="0 or more", low=0, high=None)
SIGNED = Range(text="any", low=None, high=None)


@dataclass(frozen=True, kw_only=True)
class KpiRow:
    """One KPI: a quotient of two expressions over parts.

    Args:
        id: name in the API and in messages.
        title: what people read.
        unit: UCUM unit of the value.
        formula: the expression as `Formula` reads it; after ``Π`` the product of what it is for each operation.
        missing: reason given when the denominator is 0.
        scope: kinds of nodes that have it.
        range: legal values; not a target.
        trend: which way is better.
        number: in ISO 22400-2:2014; none where it has none.
        source: where the formula comes from, if not from there.
    """

    id: str
    title: str
    unit: str
    formula: str
    missing: str
    scope: frozenset[str]
    range: Range = field(default=SHARE)
    trend: Trend = "higher"
    number: int | None = None
    source: str = ""

    @cached_property
    def chained(self) -> bool:
        """Whether it is a product over the operations of a line."""
        return self.formula.startswith("Π")

    @cached_property
    def expression(self) -> Formula:
        """The formula, read."""
        return Formula(self.formula.removeprefix("Π").strip(), TERMS)

    @cached_property
    def over(self) -> frozenset[str]:
        """Parts in the numerator."""
        return frozenset(self.expression.over_names)

    @cached_property
    def under(self) -> frozenset[str]:
        """Parts in the denominator."""
        return frozenset(self.expression.under_names)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The parts it is made of."""
        return self.expression.names

    @cached_property
    def cornered(self) -> bool:
        """Whether bounds follow from what the unknown may have been; else only a window known in full has any."""
        return UNBOUNDED.isdisjoint(self.names)

    def fraction(self, parts: Mapping[str, int]) -> tuple[Number, Number]:
        """Numerator and denominator in the KPI's unit; exact but for roots.

        Raises:
            ZeroDivisionError: a quotient inside has no value.
        """
        times, per = SCALES[self.unit]
        return self.expression.over(parts) * times, self.expression.under(parts) * per


_Told = tuple[int | None, str, str, str, str, str, Range, Trend]


def _rows(scope: frozenset[str], table: Iterable[_Told], source: str = "") -> dict[str, KpiRow]:
    """Rows of number, id, title, unit, formula, reason, range and trend."""
    return {
        id_: KpiRow(
            id=id_, title=title, unit=unit, formula=formula, missing=missing, scope=scope, range=legal, trend=trend,
            number=number, source=source,
        )
        for number, id_, title, unit, formula, missing, legal, trend in table
    }  # fmt: skip


CATALOGUE: dict[str, KpiRow] = {
    **_rows(POOLED, (
        (8, "availability", "Availability", "1", "APT / PBT", "no_pbt", SHARE, "higher"),
        (9, "effectiveness", "Effectiveness", "1", "PRI_PQ / APT", "no_production_time", PLANNED, "higher"),
        (10, "quality_ratio", "Quality ratio", "1", "GQ / PQ", "no_parts", SHARE, "higher"),
        (None, "quality_ratio_time_weighted", "Quality ratio, time-weighted", "1", "PRI_GQ / PRI_PQ", "no_parts",
         SHARE, "higher"),
        (16, "scrap_ratio", "Scrap ratio", "1", "SQ / PQ", "no_parts", SHARE, "lower"),
        (17, "rework_ratio", "Rework ratio", "1", "RQ / PQ", "no_parts", SHARE, "lower"),
        (15, "first_pass_yield", "First pass yield", "1", "GP / IP", "no_parts", SHARE, "higher"),
        (31, "mtbf.usual", "Mean operating time between failures", "s", "operating_time / FE", "no_failure", AMOUNT,
         "higher"),
        (31, "mtbf.iso", "The same over failures + 1", "s", "operating_time / (FE + 1)", "no_failure", AMOUNT,
         "higher"),
        (32, "mttf.usual", "Mean time to failure", "s", "operating_time / FE", "no_failure", AMOUNT, "higher"),
        (32, "mttf.iso", "The same over failures + 1", "s", "operating_time / (FE + 1)", "no_failure", AMOUNT,
         "higher"),
        (33, "mttr.usual", "Mean time to restoration", "s", "TTR / restored", "no_failure", AMOUNT, "lower"),
        (33, "mttr.iso", "The same over restored failures + 1", "s", "TTR / (restored + 1)", "no_failure", AMOUNT,
         "lower"),
        (34, "corrective_maintenance_ratio", "Corrective maintenance ratio", "1", "CMT / (CMT + PMT)",
         "no_maintenance", SHARE, "lower"),
        (None, "parts_outside_pbt", "Parts finished while off or in a planned stop", "1", "PQ_outside", "missing_part",
         AMOUNT, "none"),
        (None, "production_outside_pbt", "Work on these parts", "s", "outside_time", "missing_part", AMOUNT, "none"),
        (None, "minor_stop_time", "Time in minor stops", "s", "minor_stop", "missing_part", AMOUNT, "lower"),
        (None, "minor_stop_count", "Minor stops that began", "1", "minor_stops", "missing_part", AMOUNT, "lower"),
        (None, "energy", "Electric energy", "kW.h", "E", "missing_part", AMOUNT, "lower"),
        (23, "comprehensive_energy", "Electric energy per part", "kW.h", "E / PQ", "no_parts", AMOUNT, "lower"),
        (None, "energy_per_good_part", "Electric energy per good part", "kW.h", "E / GQ", "no_parts", AMOUNT, "lower"),
        (None, "processing_energy_share", "Share of the energy taken in processing", "1", "E_processing / E",
         "no_energy", SHARE, "higher"),
        (None, "idle_energy_share", "Share of the energy taken while ready or in standby", "1",
         "(E_ready + E_standby) / E", "no_energy", SHARE, "lower"),
        (None, "ready_energy_share", "Share of the energy taken while ready, setups included", "1", "E_ready / E",
         "no_energy", SHARE, "lower"),
        (None, "standby_energy_share", "Share of the energy taken in standby", "1", "E_standby / E", "no_energy",
         SHARE, "lower"),
        (None, "off_energy_share", "Share of the energy taken while off", "1", "E_off / E", "no_energy", SHARE,
         "lower"),
    )),
    **_rows(UNITS, (
        (6, "oee", "OEE index", "1", "PRI_GQ / PBT", "no_pbt", PLANNED, "higher"),
        (7, "nee", "NEE index", "1", "AUPT · PRI_GQ / (PBT · APT)", "no_production_time", PLANNED, "higher"),
        (None, "ooe", "OOE: planned stops are losses", "1", "PRI_GQ / POT", "no_pot", PLANNED, "higher"),
        (None, "teep", "TEEP: all time counts", "1", "PRI_GQ / window", "no_window", PLANNED, "higher"),
        (4, "allocation_efficiency", "Allocation efficiency", "1", "AUBT / PBT", "no_pbt", SHARE, "higher"),
        (5, "utilization_efficiency", "Utilization efficiency", "1", "APT / AUBT", "no_busy_time", SHARE, "higher"),
        (12, "technical_efficiency", "Technical efficiency", "1", "APT / APT_ADET", "no_production_time", SHARE,
         "higher"),
        (11, "setup_ratio", "Setup ratio", "1", "AUST / AUPT", "no_production_time", SHARE, "lower"),
        (None, "throughput", "Good parts per hour", "1/h", "GQ / duration", "no_window", AMOUNT, "higher"),
        (None, "cycle_time", "Mean cycle time", "s", "cycle_sum / cycles", "no_parts", AMOUNT, "lower"),
    )),
    **_rows(POOLED, (
        (None, "loss.no_order", "Loss of planned busy time: no order", "1", "no_order / PBT", "no_pbt", SHARE,
         "lower"),
        (None, "loss.setup", "Loss of planned busy time: setup", "1", "setup / PBT", "no_pbt", SHARE, "lower"),
        (None, "loss.breakdown", "Loss of planned busy time: breakdown", "1", "breakdown / PBT", "no_pbt", SHARE,
         "lower"),
        (None, "loss.minor_stop", "Loss of planned busy time: minor stops", "1", "minor_stop / PBT", "no_pbt", SHARE,
         "lower"),
        (None, "loss.blocked", "Loss of planned busy time: blocked", "1", "blocked / PBT", "no_pbt", SHARE, "lower"),
        (None, "loss.starved", "Loss of planned busy time: starved", "1", "starved / PBT", "no_pbt", SHARE, "lower"),
        (None, "loss.waiting", "Loss of planned busy time: waiting", "1", "waiting / PBT", "no_pbt", SHARE, "lower"),
        (None, "loss.idle", "Loss of planned busy time: idle", "1", "idle / PBT", "no_pbt", SHARE, "lower"),
        (None, "loss.speed", "Loss of planned busy time: speed, signed", "1", "(APT − PRI_PQ) / PBT", "no_pbt",
         SIGNED, "lower"),
        (None, "loss.quality", "Loss of planned busy time: quality", "1", "(PRI_PQ − PRI_GQ) / PBT", "no_pbt",
         PLANNED, "lower"),
    ), source="cuts of the waterfall (`twin.waterfall`)"),
    **_rows(POOLED, (
        (None, "vdi.technical_availability", "Technical availability", "1", "(T_N + T_O + T_W) / T_B", "no_pbt",
         SHARE, "higher"),
        (None, "vdi.utilization", "Nutzungsgrad", "1", "T_N / T_B", "no_pbt", SHARE, "higher"),
    ), source="VDI 3423 (unverified)"),
    **_rows(POOLED, (
        (None, "e79.availability_efficiency", "Availability efficiency", "1", "E10_up / window", "no_window", SHARE,
         "higher"),
        (None, "e79.operational_efficiency", "Operational efficiency", "1", "APT / E10_up", "no_busy_time", SHARE,
         "higher"),
    ), source="SEMI E79 (unverified)"),
    **_rows(UNITS, (
        (None, "wip", "Parts at the station, time average", "1", "wip_integral / known", "no_known_time", AMOUNT,
         "none"),
        (None, "queue", "Parts that wait at the station, time average", "1", "queue_integral / known",
         "no_known_time", AMOUNT, "lower"),
        (19, "cm", "Machine capability index", "1", "(USL − LSL) / (6 · s)", "no_scatter", AMOUNT, "higher"),
        (20, "cmk", "Critical machine capability index", "1", "min(USL − mean, mean − LSL) / (3 · s)", "no_scatter",
         SIGNED, "higher"),
        (21, "cp", "Process capability index", "1", "(USL − LSL) / (6 · s_within)", "no_scatter", AMOUNT, "higher"),
        (22, "cpk", "Critical process capability index", "1", "min(USL − mean, mean − LSL) / (3 · s_within)",
         "no_scatter", SIGNED, "higher"),
        (None, "cpl", "Process capability towards the lower limit", "1", "(mean − LSL) / (3 · s_within)",
         "no_scatter", SIGNED, "higher"),
        (None, "cpu", "Process capability towards the upper limit", "1", "(USL − mean) / (3 · s_within)",
         "no_scatter", SIGNED, "higher"),
    )),
    **_rows(STATION, (
        (18, "fall_off_ratio", "Fall off ratio", "1", "SQ / first_PQ", "no_parts", PLANNED, "lower"),
    )),
    **_rows(NOWHERE, (
        (1, "worker_efficiency", "Worker efficiency", "1", "APWT / APAT", "no_attendance", SHARE, "higher"),
        (2, "allocation_ratio", "Allocation ratio", "1", "AUBT / AOET", "no_orders", PLANNED, "higher"),
        (3, "throughput_rate", "Throughput rate", "1/h", "PQ / AOET", "no_orders", AMOUNT, "higher"),
        (13, "production_process_ratio", "Production process ratio", "1", "APT / AOET", "no_orders", PLANNED,
         "higher"),
        (14, "actual_to_planned_scrap_ratio", "Actual to planned scrap ratio", "1", "SQ / PSQ", "no_plan", PLANNED,
         "lower"),
        (24, "inventory_turns", "Inventory turns", "1/d", "shipped / wip_integral", "no_parts", AMOUNT, "higher"),
        (25, "finished_goods_ratio", "Finished goods ratio", "1", "GQ / CM", "no_material", SHARE, "higher"),
        (26, "integrated_goods_ratio", "Integrated goods ratio", "1", "IGQ / CM", "no_material", SHARE, "higher"),
        (27, "production_loss_ratio", "Production loss ratio", "1", "PL / CM", "no_material", SHARE, "lower"),
        (28, "storage_transport_loss_ratio", "Storage and transportation loss ratio", "1", "STL / CM", "no_material",
         SHARE, "lower"),
        (29, "other_loss_ratio", "Other loss ratio", "1", "OL / CM", "no_material", SHARE, "lower"),
        (30, "equipment_load_ratio", "Equipment load ratio", "1", "PQ / EPC", "no_capacity", PLANNED, "higher"),
    )),
}  # fmt: skip
"""KPIs of work units and their pools, and those that wait for messages."""

LINE_CATALOGUE: dict[str, KpiRow] = {
    **{id_: row for id_, row in CATALOGUE.items() if "line" in row.scope},
    **_rows(LINE, (
        (6, "oee", "OEE index of the line", "1", "PRI_shipped / bottleneck_PBT", "no_pbt", PLANNED, "higher"),
        (None, "oee.line", "OEE index of the line", "1", "PRI_shipped / bottleneck_PBT", "no_pbt", PLANNED, "higher"),
        (None, "oee.pooled", "OEE index pooled over the machines", "1", "PRI_GQ / PBT", "no_pbt", PLANNED, "higher"),
        (None, "rolled_throughput_yield", "Rolled throughput yield", "1", "Π (GP / IP)", "no_parts", SHARE, "higher"),
        (None, "throughput", "Good parts leaving per hour", "1/h", "shipped / duration", "no_window", AMOUNT,
         "higher"),
        (3, "throughput_rate", "Parts per hour of the orders completed", "1/h", "order_PQ / AOET", "no_orders",
         AMOUNT, "higher"),
        (2, "allocation_ratio", "Time on machines of the orders completed", "1", "order_AUBT / AOET", "no_orders",
         AMOUNT, "higher"),
        (13, "production_process_ratio", "Production of the orders completed", "1", "order_APT / AOET", "no_orders",
         AMOUNT, "higher"),
        (24, "inventory_turns", "Turns of the parts in the line", "1/d", "shipped / wip_integral", "no_parts", AMOUNT,
         "higher"),
        (None, "wip", "Parts in the line, time average", "1", "wip_integral / known", "no_known_time", AMOUNT, "none"),
        (None, "lead_time", "Mean lead time of good parts", "s", "lead_time_sum / lead_times", "no_parts", AMOUNT,
         "lower"),
        (None, "schedule_attainment", "Orders completed in time", "1", "on_time / due", "no_orders", SHARE, "higher"),
    )),
}  # fmt: skip
"""KPIs of a line: pooled over its machines, or of what leaves it.

Its OEE is that of its planned bottleneck: good output of the line times planned work there for each part that leaves
the line, over planned busy time there.
"""
