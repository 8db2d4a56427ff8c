"""A board as a dashboard in Grafana's classic JSON. Pure: the same plant gives the same bytes."""

from collections.abc import Mapping
from typing import Any

from dashboards.boards import boards_of, machine
from dashboards.grafana import looks, queries, sdk, variables
from dashboards.panels import Board, Panel, Row, Variable
from plant.description import Plant
from twin.tables import Table, machine_label, tables_of

COLUMNS = 24
REFRESH = "10s"
"""The twin writes what is now each ten seconds."""

MARKS = "#b079c9"

Json = dict[str, Any]


def dashboards_of(plant: Plant) -> dict[str, Json]:
    """All dashboards of a plant by uid."""
    boards, tables = boards_of(plant), tables_of(plant)
    titles = {board.uid: board.title for board in boards}
    return {board.uid: dashboard(board, plant, tables, titles) for board in boards}


def dashboard(board: Board, plant: Plant, tables: Mapping[str, Table], titles: Mapping[str, str]) -> Json:
    """One board as a dashboard.

    Args:
        board: what it shows.
        plant: whose it is.
        tables: of the historian, by name.
        titles: of all boards, by uid.

    Raises:
        ValueError: a table cannot answer one of its questions.
    """
    return sdk.dashboard(
        uid=board.uid,
        title=board.title,
        description=board.purpose,
        tags=list(board.tags),
        window=board.window,
        refresh=REFRESH,
        panels=_Layout(board, plant, tables, titles).panels(),
        variables=[_variable(name, board, plant) for name in board.variables],
        annotations=[sdk.annotation(name="Events", target=variables.events(), colour=MARKS)],
    )


def numbers(board: Board) -> dict[str, int]:
    """Numbers of a board's panels in Grafana, by id: rows count, too."""
    found, number = {}, 0
    for row in board.rows:
        number += 1
        for panel in row.panels:
            number += 1
            found[panel.id] = number
    return found


class _Layout:
    """Places panels from above, each beside the last one where there is room."""

    def __init__(self, board: Board, plant: Plant, tables: Mapping[str, Table], titles: Mapping[str, str]) -> None:
        self.board, self.tables, self.titles = board, tables, titles
        self.one_line = len(plant.lines) == 1
        self.numbers = numbers(board)

    def panels(self) -> list[Any]:
        """Rows and panels in Grafana's order; what a collapsed row holds stands inside it."""
        found: list[Any] = []
        y = 0
        for row in self.board.rows:
            placed, below = self._row(row, y + 1)
            number = self.numbers[row.panels[0].id] - 1
            if row.collapsed:
                found.append(sdk.row(number=number, title=row.title, y=y, panels=placed))
                y += 1
            else:
                found += [sdk.row(number=number, title=row.title, y=y, panels=None), *placed]
                y = below
        return found

    def _row(self, row: Row, top: int) -> tuple[list[Any], int]:
        """Panels of a row, and where the next one begins."""
        found, x, y, tallest = [], 0, top, 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            found.append(self._panel(panel, (x, y, panel.width, panel.height)))
            x, tallest = x + panel.width, max(tallest, panel.height)
        return found, y + tallest

    def _panel(self, panel: Panel, grid: tuple[int, int, int, int]) -> Any:
        targets = queries.targets(panel, self.tables)
        told: tuple[Variable, ...] = self.board.variables
        return sdk.panel(
            number=self.numbers[panel.id],
            kind=panel.kind,
            title=panel.title,
            description=panel.description,
            targets=targets,
            source_uid=targets[0].source if targets else None,
            grid=grid,
            transformations=queries.transformations(panel, len(targets)),
            interval=queries.interval(panel),
            panel_options=looks.panel_options(panel),
            defaults=looks.defaults(panel, told, self.titles),
            overrides=[*looks.overrides(panel, one_line=self.one_line),
                       *looks.table_links(panel, told, self.titles)],
        )  # fmt: skip


def _variable(name: Variable, board: Board, plant: Plant) -> Any:
    multi = name in variables.MULTI
    return sdk.variable(
        name=name,
        label=variables.TITLES[name],
        query=variables.query(name, board.variables),
        only=variables.ONLY.get(name),
        source_uid=queries.POINTS,
        multi=multi,
        current=_first(name, board, plant),
        described=f"Limits all panels of this board to a {variables.TITLES[name].lower()}.",
        sort=not name.startswith("run"),
    )


def _first(name: Variable, board: Board, plant: Plant) -> str | list[str] | None:
    """What is chosen at first: this plant, all of its lines and machines, and the newest run, which a query finds.

    The board of a machine begins with the first one of the plant.
    """
    if name == "plant":
        return plant.plant
    if name == "machine" and board.uid == machine.UID:
        line = plant.lines[0]
        return [machine_label(line.machines(line.stations[0])[0])]
    return ["$__all"] if name in variables.MULTI else None
