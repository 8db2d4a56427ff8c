"""Every question of every panel has the same answer from DuckDB as from a real influxd."""

import random

import pytest
from blocks import block
from influx_process import influxd
from influx_questions import answered, renew, write

from dashboards.boards import boards_of
from plant.loader import load_plant
from plant.paths import Node
from plant.time import DEFAULT_START, HOUR, MINUTE
from shopfloor.bundled import demo_plant
from tests.dashboards.test_equality import same_frames, unambiguous
from twin import DuckDbHistorian
from twin.select import Scope
from twin.tables import CELL, Point, Table, machine_label, tables_of

WORDS = ("", "failed", "fine", "it's")
PLANT = load_plant(demo_plant())
BEGIN, END = DEFAULT_START, DEFAULT_START + 2 * HOUR


def value(datatype: str, dice: random.Random) -> int | float | str:
    match datatype:
        case "int":
            return dice.choice((0, 1, 2, dice.randrange(10**9)))
        case "float":
            return dice.uniform(-100, 100)
    return dice.choice(WORDS[1:])


def points_of(table: Table, nodes: list[Node], dice: random.Random) -> list[Point]:
    """Points of some machines or their lines, some fields each; no two of a table at the same instant."""
    found = []
    for k in range(96):
        node = dice.choice(nodes)
        said = {"plant": PLANT.plant, "run": dice.choice(("r1", "r2")), "area": node.area, "line": node.line}
        said |= {"station": str(node.station), "machine": machine_label(node), "shift": dice.choice(("early", "none"))}
        labels = tuple(said.get(label) or dice.choice(WORDS[1:]) for label in table.labels)
        names = dice.sample(list(table.fields), k=dice.choice((len(table.fields), (len(table.fields) + 1) // 2)))
        at = BEGIN + k * CELL // 4 + 1
        found.append(Point(table.name, at, labels, {name: value(table.fields[name].datatype, dice) for name in names}))
    return found


def told(point: Point, table: Table):
    """Telemetry as a twin hands it over."""
    said = dict(zip(table.labels, point.labels, strict=True))
    number = said["machine"].removeprefix(said["station"]).strip()
    path = "/".join(filter(None, (said["area"], said["line"], said["station"], number)))
    columns = {name: [field] for name, field in point.values.items()}
    return block([point.at], path=path, type_=table.name, run=said["run"], **columns)


@pytest.mark.influx
async def test_every_panel_shows_the_same_numbers_from_both(influxd_program, tmp_path) -> None:
    tables, dice = tables_of(PLANT), random.Random(7)
    panels = [panel for board in boards_of(PLANT) for panel in board.panels]
    chosen = {"plant": (PLANT.plant,), "run": ("r1",), "run_a": ("r2",)}
    scope = Scope(begin=BEGIN, end=END, step=5 * MINUTE, chosen=chosen)
    stations = [(station, line.machines(station)) for line in PLANT.lines for station in line.stations]
    everybody = [node for _, nodes in stations for node in nodes]
    empty = []
    with influxd(influxd_program, tmp_path) as server:
        renew(server)
        async with DuckDbHistorian(plant=PLANT) as store:
            for name in {select.table for panel in panels for select in panel.queries}:
                table = tables[name]
                of_type = [node for station, nodes in stations if station.type == name for node in nodes]
                points = points_of(table, of_type or everybody, dice)
                write(server, points, tables)
                if table.raw:
                    await store.append([told(point, table) for point in points])
                else:
                    await store.record(points)
            for panel in panels:
                for select in panel.queries:
                    mine = await store.query(select, scope)
                    theirs = answered(server, select, tables[select.table], scope)
                    try:
                        same_frames(unambiguous(mine, select), unambiguous(theirs, select))
                    except AssertionError as error:
                        raise AssertionError(panel.id) from error
                    if not mine:
                        empty.append(panel.id)
    asked = sum(len(panel.queries) for panel in panels)
    assert len(empty) <= asked // 2, f"{len(empty)} of {asked} questions have no answer at all: {empty}"
