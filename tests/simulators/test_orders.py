"""Production orders: how their parts come in, and when they are done (rule 36)."""

from itertools import pairwise

from plant.messages import StateChange
from simulators import Simulation, summarise
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


def states(simulation: Simulation, until: int) -> list[tuple[int, str, str | None]]:
    """Instant, state and order of the state messages of a plant with one machine, in seconds."""
    told = simulation.advance(simulation.start + until)
    messages = [message for _, message in told if isinstance(message, StateChange)]
    assert all(message.since == message.ts for message in messages)
    return [((m.ts - simulation.start) // S, m.state, m.order) for m in messages]


def test_a_change_of_order_in_the_middle_of_a_state_is_told() -> None:
    """Rule 36: two orders back to back are one stretch of processing and two messages."""
    orders = [{"order": name, "quantity": 2} for name in ("a", "b")]
    simulation = Simulation(described([{"cycle_time": 5}], {"arrivals": "orders"}, orders=orders))
    assert states(simulation, 30 * S) == [(0, "processing", "a"), (10, "processing", "b"), (20, "starved", None)]
    (node,) = (node for line in simulation.plant.lines for of in line.stations for node in line.machines(of))
    joined = simulation.ledger.intervals(node)
    assert [(one.state, one.end) for one in joined] == [("processing", 20 * S), ("starved", 30 * S)]
    assert [one.order for one in simulation.ledger.allotted(node)] == ["a", "b", ""]
    assert all(before.end == after.begin for before, after in pairwise(joined))


def test_an_order_stays_on_a_machine_between_its_parts_and_until_it_is_complete() -> None:
    """Rule 36: A makes the last part by 4; it keeps the order till that part leaves the line at 12."""
    stations = [{"cycle_time": 2}, {"cycle_time": 5, "buffer": 1}]
    plant = described(stations, {"arrivals": "orders"}, orders=[{"order": "o", "quantity": 2}])
    simulation = Simulation(plant)
    told = [m for node, m in simulation.advance(simulation.start + 30 * S) if node.station == "A"]
    first = [((m.ts - simulation.start) // S, m.state, m.order) for m in told if isinstance(m, StateChange)]
    assert first == [(0, "processing", "o"), (4, "starved", "o"), (12, "starved", None)]
