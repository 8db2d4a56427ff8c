"""The digital twin: a journal of messages, a mirror folded from it, and figures with their bounds."""

from twin.catalogue import CATALOGUE, LINE_CATALOGUE, KpiRow
from twin.duckdb_historian import DuckDbHistorian
from twin.historian import Historian
from twin.journal import Journal, Wanted
from twin.mirror import Mirror
from twin.opening import open_twin, read_twin
from twin.parquet import ColumnKind, parquet
from twin.shares import By
from twin.twin import Twin
from twin.values import (
    Counters,
    DeadLetter,
    Event,
    Explanation,
    Genealogy,
    Interval,
    Kin,
    KpiValue,
    Last,
    NodeView,
    OrderView,
    Page,
    Series,
    Tally,
    Visit,
)

__all__ = [
    "CATALOGUE",
    "LINE_CATALOGUE",
    "By",
    "ColumnKind",
    "Counters",
    "DeadLetter",
    "DuckDbHistorian",
    "Event",
    "Explanation",
    "Genealogy",
    "Historian",
    "Interval",
    "Journal",
    "Kin",
    "KpiRow",
    "KpiValue",
    "Last",
    "Mirror",
    "NodeView",
    "OrderView",
    "Page",
    "Series",
    "Tally",
    "Twin",
    "Visit",
    "Wanted",
    "open_twin",
    "parquet",
    "read_twin",
]
