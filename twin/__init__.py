"""The digital twin: a journal of messages, a mirror folded from it, and figures with their bounds."""

from twin.alarm_states import AlarmNow, alarm_id
from twin.alerts import Alert
from twin.bottleneck import Bottleneck
from twin.catalogue import CATALOGUE, LINE_CATALOGUE, KpiRow
from twin.duckdb_historian import DuckDbHistorian
from twin.historian import Historian, PointStore
from twin.journal import Journal, Wanted
from twin.levels import Retention
from twin.mirror import Mirror
from twin.ontology import class_of
from twin.opening import open_twin, read_twin
from twin.pareto import STOPPED, Pareto
from twin.parquet import ColumnKind, GrowingTables, column, parquet
from twin.recorder import Recorded, Recorder
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
    "STOPPED",
    "AlarmNow",
    "Alert",
    "Bottleneck",
    "By",
    "ColumnKind",
    "Counters",
    "DeadLetter",
    "DuckDbHistorian",
    "Event",
    "Explanation",
    "Genealogy",
    "GrowingTables",
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
    "Pareto",
    "PointStore",
    "Recorded",
    "Recorder",
    "Retention",
    "Series",
    "Tally",
    "Twin",
    "Visit",
    "Wanted",
    "alarm_id",
    "class_of",
    "column",
    "open_twin",
    "parquet",
    "read_twin",
]
