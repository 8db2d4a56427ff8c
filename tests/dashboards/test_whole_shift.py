"""A simulated shift on its whole way: from the twin to both stores, and from there to every panel of every board.

InfluxDB is a real one, version 1.6.7, behind a proxy that makes its write API of the API of version 2.
"""

import asyncio
import math
from types import SimpleNamespace

import pytest
from hearing import simulated
from influx_process import influxd
from write_shim import write_shim

from dashboards.boards import boards_of
from dashboards.grafana.alerts import rules_of
from dashboards.grafana.compiler import dashboards_of
from dashboards.grafana.lint import panels_of
from dashboards.grafana.queries import RAW
from plant.loader import load_plant
from plant.time import DEFAULT_START, HOUR, MINUTE
from shopfloor.bundled import demo_plant
from tests.dashboards.test_equality import same_frames, unambiguous
from twin import DuckDbHistorian, Journal, Twin
from twin.catalogue import CATALOGUE, LINE_CATALOGUE
from twin.influx_address import InfluxAddress
from twin.influx_historian import InfluxHistorian
from twin.influxql import BANNED, expanded
from twin.recorder import Recorder
from twin.select import Column, Scope, Select, kpi_column
from twin.tables import machine_label

PLANT = load_plant(demo_plant())
SPAN = 4 * HOUR
BEGIN, END = DEFAULT_START, DEFAULT_START + SPAN
NOW = END + MINUTE
"""The end of what is looked at: what is told of the very end counts, too."""

MAY_BE_EMPTY = {"overview.attention", "health.skew"}
"""Panels whose answer is empty where all is well, and where nobody compares a clock with the wall's."""


class Both:
    """A historian that tells two others; the first one answers."""

    def __init__(self, *stores) -> None:
        self.stores = stores
        self.health, self.select, self.latest = stores[0].health, stores[0].select, stores[0].latest
        self.stored, self.query, self.recorded = stores[0].stored, stores[0].query, stores[0].recorded

    async def append(self, blocks) -> None:
        for store in self.stores:
            await store.append(blocks)

    async def record(self, points) -> None:
        for store in self.stores:
            await store.record(points)


@pytest.fixture(scope="module")
def shift(influxd_program, tmp_path_factory):
    """The twin after a shift, both stores, and the InfluxDB itself."""
    folder = tmp_path_factory.mktemp("shift")
    loop = asyncio.new_event_loop()
    with influxd(influxd_program, folder / "influxd", "shopfloor", "shopfloor_raw") as server, write_shim(
        server.url
    ) as shim:
        running = _shift(server, InfluxAddress(url=shim.url, token="of-this-test"), folder)
        told = loop.run_until_complete(anext(running))
        told.ask = loop.run_until_complete
        yield told
        with pytest.raises(StopAsyncIteration):
            loop.run_until_complete(anext(running))
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def pieces(deliveries, size: int = 2000):
    return (deliveries[first : first + size] for first in range(0, len(deliveries), size))


async def _shift(server, address, folder):
    async with DuckDbHistorian(plant=PLANT) as duck, InfluxHistorian(PLANT, address, folder / "spool") as influx:
        journal = Journal(folder / "journal.sqlite", durable=False)
        async with Twin(PLANT, journal=journal, historian=Both(duck, influx)) as twin:
            for piece in pieces(simulated(PLANT, until=SPAN, beat=5 * MINUTE, telemetry=True)):
                await twin.take(piece)
            await Recorder(twin, twin.historian).advance()
            await influx.flush()
            await duck.flush()
            yield SimpleNamespace(twin=twin, duck=duck, influx=influx, server=server, run=twin.runs()[-1])


def test_every_panel_gets_the_same_answer_from_both_stores(shift) -> None:
    scope = Scope(begin=BEGIN, end=NOW, step=5 * MINUTE, chosen=chosen(shift.run))
    empty = set()
    for panel in (panel for board in boards_of(PLANT) for panel in board.panels):
        for select in panel.queries:
            mine = shift.ask(shift.duck.query(select, scope))
            theirs = shift.ask(shift.influx.query(select, scope))
            try:
                same_frames(unambiguous(mine, select), unambiguous(theirs, select))
            except AssertionError as error:
                raise AssertionError(panel.id) from error
            if not mine:
                empty.add(panel.id)
    assert empty <= MAY_BE_EMPTY


def chosen(run: str) -> dict[str, tuple[str, ...]]:
    return {"plant": (PLANT.plant,), "run": (run,), "run_a": (run,), "run_b": (run,)}


def test_every_query_that_grafana_sends_has_an_answer(shift) -> None:
    macros = {
        "timeFilter": f"time >= {BEGIN}u AND time < {NOW}u",
        "__interval": "5m",
        **dict.fromkeys(("line", "machine", "shift"), ".*"),
        **{name: values[0] for name, values in chosen(shift.run).items()},
    }
    asked, silent = 0, set()
    for board in dashboards_of(PLANT).values():
        variables = [one["query"] for one in board["templating"]["list"]]
        texts = [(board["uid"], "shopfloor", one["query"] if isinstance(one, dict) else one) for one in variables]
        marks = (one.get("target") for one in board["annotations"]["list"])
        texts += [(board["uid"], "shopfloor", one["query"]) for one in marks if one and "query" in one]
        for panel in panels_of(board):
            for target in panel.get("targets", ()):
                bucket = "shopfloor_raw" if target["datasource"]["uid"] == RAW else "shopfloor"
                texts.append((panel["title"], bucket, target["query"]))
        for title, bucket, text in texts:
            assert not BANNED.search(text), text
            found = shift.server.ask(expanded(text, macros), bucket)
            asked += 1
            if not any(value is not None for one in found for row in one["values"] for value in row[1:]):
                silent.add((title, text))
    assert asked > 200
    titles = {panel.title for board in boards_of(PLANT) for panel in board.panels if panel.id in MAY_BE_EMPTY}
    assert {title for title, _ in silent} <= titles, silent


def test_every_alert_asks_something_that_can_be_asked(shift) -> None:
    for rule in rules_of(PLANT):
        assert not BANNED.search(rule.query)
        bucket = "shopfloor_raw" if rule.source == RAW else "shopfloor"
        past = rule.query.replace("time >= now() -", f"time < {NOW}u AND time >= {NOW}u -")
        assert past != rule.query
        assert shift.server.ask(past, bucket), rule.title


def test_kpis_of_panels_are_those_of_the_twin(shift) -> None:
    """Over any whole number of cells, of every line and every machine: the quotient of sums is the twin's figure."""
    compared = 0
    for begin, end in ((BEGIN, END), (BEGIN + HOUR, BEGIN + 2 * HOUR + 5 * MINUTE)):
        scope = Scope(begin=begin, end=end, step=5 * MINUTE, chosen=chosen(shift.run))
        for select, rows, nodes in questions():
            names = [column.name for column in select.columns]
            for store in (shift.duck, shift.influx):
                told = {frame.labels[select.by[-1]]: frame.values for frame in shift.ask(store.query(select, scope))}
                for label, path in nodes:
                    figures = shift.twin.kpis(path, begin, end, names=[rows[name].id for name in names])
                    for name in names:
                        mine, theirs = told[label][name][0], figures[rows[name].id].value
                        assert (mine is None) == (theirs is None), (label, name, mine, theirs)
                        assert mine is None or math.isclose(mine, theirs, rel_tol=1e-9), (label, name, mine, theirs)
                        compared += mine is not None
    assert compared > 400


def questions():
    """Every KPI that a panel shows, of lines and of machines, once."""
    lines = [(line.name, line.node.path) for line in PLANT.lines]
    machines = [
        (machine_label(node), node.path) for line in PLANT.lines for st in line.stations for node in line.machines(st)
    ]
    for table, catalogue, by, nodes in (
        ("line_account", LINE_CATALOGUE, "line", lines),
        ("account", CATALOGUE, "machine", machines),
    ):
        shown: dict[str, Column] = {}
        formulas = {row.formula: row for row in reversed(catalogue.values()) if not row.chained}
        for panel in (panel for board in boards_of(PLANT) for panel in board.panels):
            for select in panel.queries:
                for column in select.columns:
                    row = formulas.get(column.formula)
                    if select.table == table and row is not None and column.each == "sum":
                        shown[row.id] = kpi_column(row)
        assert "oee" in shown
        yield Select(table=table, columns=tuple(shown.values()), by=(by,)), catalogue, nodes
