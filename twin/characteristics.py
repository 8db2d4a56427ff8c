"""Capability of measured characteristics: a unit has its rows once for each of them, ``cpk.bore``. Pure."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache

from twin.catalogue import CATALOGUE, KpiRow
from twin.kpis import pool
from twin.mirror import Machine

MEASURED = frozenset({"n", "x_sum", "xx_sum", "subgroups", "range_sum"})
"""Parts that come from measured values."""

CAPABILITY = tuple(id_ for id_, row in CATALOGUE.items() if not MEASURED.isdisjoint(row.names))
"""KPIs that are told for each characteristic."""


def others(names: Iterable[str], machines: Iterable[Machine]) -> list[str]:
    """Names without those of capability, of all characteristics or of one that is measured."""
    told = {f"{id_}.{of}" for machine in machines for of in machine.measurements.told for id_ in CAPABILITY}
    return [name for name in names if name not in told and name not in CAPABILITY]


def studies(
    machines: Collection[Machine], begin: int, end: int, names: Collection[str] | None
) -> Iterator[tuple[list[KpiRow], dict[str, int]]]:
    """Rows and parts of each characteristic over [begin, end), of the KPIs that are asked for."""
    for of in sorted({of for machine in machines for of in machine.measurements.told}):
        rows = [row_of(id_, of) for id_ in CAPABILITY if names is None or id_ in names or f"{id_}.{of}" in names]
        if rows:
            yield rows, _together([machine.measurements.parts(of, begin, end) for machine in machines])


@lru_cache(maxsize=1000)
def row_of(id_: str, of: str) -> KpiRow:
    """The row of a KPI for one characteristic."""
    row = CATALOGUE[id_]
    return replace(row, id=f"{id_}.{of}", title=f"{row.title}: {of}")


def _together(told: Collection[dict[str, int]]) -> dict[str, int]:
    """Sums over the values of several machines, with the limits that all of those who measured agree on."""
    measuring = [parts for parts in told if parts["n"]] or list(told)
    sums = pool(measuring)
    for name in ("LSL", "USL", "subgroup_size"):
        common = {parts.get(name) for parts in measuring}
        if len(common) == 1 and name in sums:
            sums[name] = measuring[0][name]
        else:
            sums.pop(name, None)
    return sums
