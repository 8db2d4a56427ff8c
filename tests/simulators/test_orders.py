"""Production orders: how their parts come in, and when they are done (rule 36)."""

from simulators import summarise
from tests.simulators.building import S, described, run, times


def test_an_entry_has_room_for_all_parts_of_an_order() -> None:
    """Rules 6 and 36: buffer left out; three parts come into the line when the order is released."""
    plant = described([{"cycle_time": 5}], {"arrivals": "orders"}, orders=[{"order": "o", "quantity": 3, "release": 2}])
    assert times(run(plant, 4 * S), "A", "enter") == [2, 2, 2]


def test_the_first_order_of_a_stream_comes_after_one_interval() -> None:
    """Rules 4 and 36."""
    stream = {"order": "o", "every": "7 s", "quantity": 2, "due": "10 s"}
    simulation = run(described([{"cycle_time": 1}], {"arrivals": "orders"}, orders=[stream]), 20 * S)
    tickets = [(ticket.name, ticket.release, ticket.due) for ticket in simulation.orders("l")]
    assert tickets == [("o-1", 7 * S, 17 * S), ("o-2", 14 * S, 24 * S)]


def test_an_order_that_is_done_at_the_end_of_the_window_does_not_count() -> None:
    """Rules 25 and 36: completed at 10, just when it was due, and so in time."""
    order = {"order": "o", "quantity": 2, "due": "10 s"}
    simulation = run(described([{"cycle_time": 5}], {"arrivals": "orders"}, orders=[order]), 20 * S)
    inside, outside = (summarise(simulation, 0, end)["l"]["orders"] for end in (10 * S + 1, 10 * S))
    assert (inside["completed"], inside["due"], inside["on_time"]) == (1, 1, 1)
    assert (outside["completed"], outside["due"]) == (0, 0)


def test_scrap_is_not_made_again_and_an_order_is_done_when_all_have_left() -> None:
    """Rule 36: each second part is found bad; four come in, two are shipped, the last leaves at 8."""
    maker = {"cycle_time": 2, "quality": {"defects": 1}, "inspection": {"every": 2}}
    plant = described([maker], {"arrivals": "orders"}, orders=[{"order": "o", "quantity": 4}])
    simulation = run(plant, 30 * S)
    (ticket,) = simulation.orders("l")
    assert (ticket.entered, ticket.good, ticket.scrap, ticket.completed) == (4, 2, 2, 8 * S)
