"""The boards of a plant."""

from dashboards.panels import Board
from plant.description import Plant


def boards_of(plant: Plant) -> tuple[Board, ...]:  # noqa: ARG001 there are none yet
    """All boards, in the order in which people read them."""
    return ()
