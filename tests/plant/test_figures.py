"""The planned bottleneck, where a part comes by more or less than once."""

from typing import Any

import pytest

from plant.description import Plant
from plant.figures import planned_bottleneck
from plant.flow import visits


def line_of(stations: list[dict[str, Any]], **plant: Any) -> Plant:
    named = [{"name": chr(ord("A") + i), "cycle_time": 10, **station} for i, station in enumerate(stations)]
    return Plant.model_validate({"plant": "p", "lines": [{"name": "l", "stations": named}], **plant})


@pytest.mark.parametrize(
    ("stations", "often"),
    [
        ([{}, {}], {"A": 1, "B": 1}),
        ([{"next": [{"to": "C", "share": 0.3}]}, {}, {}], {"A": 1, "B": 0.7, "C": 1}),
        (
            [{"next": {"policy": "round-robin", "to": ["B", "C"]}}, {"next": [{"to": "out"}]}, {}],
            {"A": 1, "B": 0.5, "C": 0.5},
        ),
        ([{"next": [{"to": "C"}]}, {"next": [{"to": "C"}]}, {}], {"A": 0.5, "B": 0.5, "C": 1}),
        (
            [{}, {"next": [{"to": "C", "share": 0.2}, {"to": "out"}]}, {"next": [{"to": "B"}]}],
            {"A": 1, "B": 1.25, "C": 0.25},
        ),
        ([{}, {}, {"buffer": 4, "joins": ["A", {"from": "B", "quantity": 4}]}, {}], {"A": 1, "B": 4, "C": 1, "D": 1}),
        (
            [
                {"next": [{"to": "B"}]},
                {"disassembly": [{"to": "C"}, {"to": "D", "quantity": 2}]},
                {"next": [{"to": "out"}]},
                {},
            ],
            {"A": 1 / 3, "B": 1 / 3, "C": 1 / 3, "D": 2 / 3},
        ),
        ([{"quality": {"rework": {"share": 0.5, "to": "A", "limit": 1}}}, {}], {"A": 1, "B": 1}),
    ],
)
def test_operations_for_each_part_that_leaves(stations: list[dict[str, Any]], often: dict[str, float]) -> None:
    """Counted by hand; a part that is sent back for bad work is none of the plan."""
    assert visits(line_of(stations).lines[0], {}) == pytest.approx(often)


def test_the_bottleneck_has_the_most_work_for_a_shipped_part() -> None:
    """Four of B make one product: 40 s of planned work, though its cycle is the shortest."""
    stations = [{"cycle_time": 35}, {}, {"cycle_time": 30, "buffer": 4, "joins": ["A", {"from": "B", "quantity": 4}]}]
    plant = line_of(stations)
    slowest = planned_bottleneck(plant.lines[0], plant.products_of(plant.lines[0]))
    assert (slowest.station.name, slowest.rate_per_h) == ("B", pytest.approx(90))
    assert slowest.planned(plant.products_of(plant.lines[0])[0]) == 40_000_000


def test_a_route_tells_how_often_a_product_comes_by() -> None:
    """Half of the parts come to B twice, the others never: 10 s a part there, 12 s at A."""
    products = [{"name": "X", "route": ["A", "B", "A", "B"]}, {"name": "Y", "route": ["A"]}]
    plant = line_of([{"cycle_time": 8}, {}], products=products)
    slowest = planned_bottleneck(plant.lines[0], plant.products)
    assert slowest.station.name == "A"
    assert [slowest.planned(product) for product in plant.products] == [16_000_000, 8_000_000]
    assert slowest.rate_per_h == pytest.approx(300)
