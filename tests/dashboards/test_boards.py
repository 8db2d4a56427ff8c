"""Boards as data: every question can be asked, every word is defined once, nothing is without a description."""

from collections import Counter
from pathlib import Path

import pytest

from dashboards.boards import HOME, boards_of, facts, panel_of
from dashboards.panels import Board, Panel
from plant.description import Plant
from plant.loader import load_plant
from plant.states import STATES, State
from plant.time import DAY, parse_duration
from plant.units import UNITS
from twin.catalogue import CATALOGUE, LINE_CATALOGUE
from twin.influxql import BANNED, GRAFANA, expanded, statements
from twin.tables import tables_of

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.yaml"))
MACROS = {"timeFilter": "time >= 0u AND time < 1u", "__interval": "60s"}


@pytest.fixture(scope="module", params=EXAMPLES, ids=lambda path: path.stem)
def plant(request: pytest.FixtureRequest) -> Plant:
    return load_plant(request.param)


@pytest.fixture(scope="module")
def boards(plant: Plant) -> tuple[Board, ...]:
    return boards_of(plant)


def _panels(boards: tuple[Board, ...]) -> list[Panel]:
    return [panel for board in boards for panel in board.panels]


def test_every_question_can_be_asked_of_its_table(plant: Plant, boards: tuple[Board, ...]) -> None:
    tables = tables_of(plant)
    for panel in _panels(boards):
        for select in panel.queries:
            select.check(tables[select.table])
            assert statements(select, tables[select.table], GRAFANA), panel.id


def test_every_statement_says_all_with_the_variables_of_its_board(plant: Plant, boards: tuple[Board, ...]) -> None:
    tables = tables_of(plant)
    for board in boards:
        macros = {**MACROS, **dict.fromkeys(board.variables, "x")}
        for panel in board.panels:
            for select in panel.queries:
                for statement in statements(select, tables[select.table], GRAFANA):
                    text = expanded(statement.text, macros)
                    assert "${" not in text and "$_" not in text and "$time" not in text, (panel.id, text)
                    assert not BANNED.search(text), panel.id


def test_uids_and_ids_are_there_once(boards: tuple[Board, ...]) -> None:
    for names in (Counter(board.uid for board in boards), Counter(panel.id for panel in _panels(boards))):
        assert [name for name, times in names.items() if times > 1] == []
    assert boards[0].uid == HOME
    assert all(len(board.uid) <= 40 for board in boards)


def test_every_panel_says_what_it_is(boards: tuple[Board, ...]) -> None:
    for panel in _panels(boards):
        assert panel.title and panel.description.strip().endswith((".", "%", ")")), panel.id
        assert 1 <= panel.width <= 24 and panel.height >= 3, panel.id
        known = {column.name for select in panel.queries for column in select.columns}
        assert panel.units.keys() <= known | {"share"}, panel.id
        for unit in (panel.unit, *panel.units.values()):
            assert unit in UNITS or unit in {"", "1/s", "EUR", "kg"} or unit.startswith("{"), (panel.id, unit)


def test_a_name_stands_for_one_column_in_a_panel(boards: tuple[Board, ...]) -> None:
    for panel in _panels(boards):
        told: dict[str, set[tuple[str, str]]] = {}
        for column in (column for select in panel.queries for column in select.columns):
            told.setdefault(column.name, set()).add((column.formula, column.each))
        assert [name for name, formulas in told.items() if len(formulas) > 1] == [], panel.id


def test_what_is_sorted_or_limited_is_there(boards: tuple[Board, ...]) -> None:
    for panel in _panels(boards):
        columns = {column.name for select in panel.queries for column in select.columns}
        labels = {label for select in panel.queries for label in select.by}
        if panel.sort:
            assert panel.sort.removeprefix("-") in columns | labels | {"Time"}, panel.id
        if panel.only is not None:
            assert panel.only.name in columns, panel.id


def test_links_open_boards_that_are_there(boards: tuple[Board, ...]) -> None:
    uids = {board.uid for board in boards}
    assert {panel.opens for panel in _panels(boards)} - {None} <= uids


def test_a_panel_that_shows_a_kpi_says_its_formula(boards: tuple[Board, ...]) -> None:
    formulas = {row.formula for row in (*CATALOGUE.values(), *LINE_CATALOGUE.values())}
    for panel in _panels(boards):
        for column in (column for select in panel.queries for column in select.columns):
            if column.formula in formulas and column.expression.under_names:
                assert column.formula in panel.description, (panel.id, column.formula)


def test_a_description_has_formula_number_and_what_its_parts_are() -> None:
    text = facts.describe(LINE_CATALOGUE["oee"])
    assert "PRI_shipped / bottleneck_PBT" in text
    assert "ISO 22400-2, KPI 6" in text
    assert "planned busy time of the bottleneck" in text
    assert "Not in ISO 22400" in facts.describe(CATALOGUE["minor_stop_time"])


def test_the_losses_of_the_boards_and_good_time_make_up_planned_busy_time() -> None:
    """With any numbers for the times, since PBT is the sum of what they count."""
    times = ("no_order", "setup", "breakdown", "minor_stop", "blocked", "starved", "waiting", "idle")
    parts = {name: 3 + 7 * place for place, name in enumerate(times)}
    parts |= {"APT": 500, "PRI_PQ": 460, "PRI_GQ": 431}
    parts["PBT"] = sum(parts[name] for name in times) + parts["APT"]
    columns = [facts.minutes("x", formula, "") for formula, _ in facts.LOSSES]
    lost = sum(column.expression.over(parts) for column in columns)
    assert lost + parts["PRI_GQ"] == parts["PBT"]
    six = [facts.minutes("x", formula, "").expression.over(parts) for formula, _ in facts.SIX]
    assert sum(six) + parts["no_order"] == lost


def test_shares_of_energy_that_stand_beside_each_other_add_up_to_all_of_it(boards: tuple[Board, ...]) -> None:
    """With any numbers for the energies, since each is of one level."""
    parts = {"E_processing": 500, "E_ready": 31, "E_standby": 17, "E_off": 2}
    (select,) = panel_of(boards, "energy.shares").queries
    assert sum(column.expression.over(parts) for column in select.columns) == sum(parts.values())


def test_columns_of_tables_have_room(boards: tuple[Board, ...]) -> None:
    """A hundred pixels each where a board is 1440 wide."""
    for panel in (panel for panel in _panels(boards) if panel.kind == "table"):
        columns = {column.name for select in panel.queries for column in select.columns}
        labels = {label for select in panel.queries for label in select.by}
        shown = len(columns) + len(labels) + any(select.raw for select in panel.queries)
        assert panel.width / shown >= 1.75, panel.id


def test_charts_of_stops_leave_out_what_has_no_cause_at_the_machine(boards: tuple[Board, ...]) -> None:
    for name in ("downtime.by-time", "downtime.by-count"):
        panel = panel_of(boards, name)
        (select,) = panel.queries
        left = {condition.value for condition in select.where if condition.op == "!="}
        assert left == {state.value for state in State} - {"failed", "maintenance", "setup", "processing"}
        assert "starved, blocked" in panel.description


def test_the_board_of_pareto_charts_shows_a_day_since_they_stand_at_its_begin(boards: tuple[Board, ...]) -> None:
    (board,) = (board for board in boards if "downtime.ranked" in {panel.id for panel in board.panels})
    assert parse_duration(board.window.removeprefix("now-")) >= DAY


def test_no_row_of_signals_is_open_since_it_is_empty_for_machines_of_other_types(boards: tuple[Board, ...]) -> None:
    rows = [row for board in boards for row in board.rows if row.title.startswith("Signals")]
    assert rows and all(row.collapsed for row in rows)


def test_power_is_energy_over_time() -> None:
    column = facts.power()
    up, down = column.scale
    hour, kwh = 3_600_000_000, 1_000_000
    assert column.expression.over({"E": 12 * kwh}) * up / (column.expression.under({"duration": hour}) * down) == 12


def test_the_number_of_a_state_is_its_place_in_the_table() -> None:
    assert [facts.code(state) for state in State] == list(range(len(STATES)))


def test_a_panel_is_found_by_its_id(boards: tuple[Board, ...]) -> None:
    assert panel_of(boards, "oee.by-machine").kind == "table"
    with pytest.raises(KeyError):
        panel_of(boards, "oee.by-moon")


def test_a_plant_that_measures_parts_has_control_charts_and_another_says_why_not(
    plant: Plant, boards: tuple[Board, ...]
) -> None:
    ids = {panel.id for panel in _panels(boards)}
    assert ("quality.means" in ids) == facts.characteristics(plant)
    assert ("quality.none" in ids) != facts.characteristics(plant)
