"""The boards of a plant, as frozen data: nine subjects, and a synoptic for each line. Pure."""

from collections.abc import Iterable

from dashboards.boards import downtime, energy, experiments, health, line, machine, oee, overview, quality
from dashboards.panels import Board, Panel
from plant.description import Plant

HOME = overview.UID
"""Uid of the board that people see first."""

__all__ = ["HOME", "boards_of", "panel_of"]


def boards_of(plant: Plant) -> tuple[Board, ...]:
    """All boards of a plant, in the order of the bar of links."""
    return (
        overview.board(plant),
        *(line.board(plant, each) for each in plant.lines),
        *(
            subject.board(plant)
            for subject in (oee, downtime, machine, quality, energy, experiments, health)
        ),
    )


def panel_of(boards: Iterable[Board], name: str) -> Panel:
    """The panel of that id.

    Raises:
        KeyError: there is none.
    """
    for panel in (panel for board in boards for panel in board.panels):
        if panel.id == name:
            return panel
    raise KeyError(name)
