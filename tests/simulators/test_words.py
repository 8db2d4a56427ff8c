"""What the words of whole lines mean, on lines so small that the answer can be counted on fingers or is known."""

from typing import Any

import pytest

from plant.description import Plant
from plant.errors import SimulationError
from plant.time import DAY, DEFAULT_START, HOUR
from simulators import Simulation, summarise
from tests.simulators.building import S, described, journeys, make, run, states, times


def figures(plant: Plant, until: int, warm_up: int = 0) -> dict[str, Any]:
    return summarise(run(plant, until), warm_up, until)["l"]


# --- flow ----------------------------------------------------------------------------------------------------------


def test_an_assembly_begins_when_the_last_piece_is_there_and_counts_from_the_first() -> None:
    """Rule 11: A's part waits for three of B; the product is A's part, one part, as old as its oldest piece."""
    plant = described(
        [
            {"cycle_time": 4},
            {"cycle_time": 2},
            {"cycle_time": 1, "buffer": 3, "joins": ["A", {"from": "B", "quantity": 3}]},
        ]
    )
    simulation = run(plant, 14 * S)
    products = [j for j in journeys(simulation, "C") if j.outcome == "good"]
    assert [(j.start, j.leave) for j in products] == [(6 * S, 7 * S), (12 * S, 13 * S)]
    built = [p.into for p in simulation.ledger.passages("l") if p.into]
    assert built == [j.part for j in products for _ in range(3)]
    assert {j.part for j in products} <= {j.part for j in journeys(simulation, "A")}
    shipped = [p for p in simulation.ledger.passages("l") if p.left is not None and not p.into]
    assert [(p.entered, p.since) for p in shipped] == [(0, 0), (4 * S, 4 * S)]
    assert summarise(simulation, 0, 14 * S)["l"]["parts_out"] == 2


def test_a_product_is_as_old_as_its_oldest_piece_whichever_input_that_is() -> None:
    """Rule 11: A's part, which goes on as the product, came at 5, B's at 0; two of B are blocked and waiting then."""
    stations = [{"cycle_time": 1}, {"cycle_time": 1, "arrivals": "saturated"}, {"cycle_time": 3, "joins": ["A", "B"]}]
    simulation = run(make(stations, arrivals="every 5 s"), 10 * S)
    shipped = next(p for p in simulation.ledger.passages("l") if p.left is not None and not p.into)
    assert (shipped.entered, shipped.since, shipped.left) == (5 * S, 0, 9 * S)
    assert summarise(simulation, 0, 10 * S)["l"]["lead_time_s"]["mean"] == 9


def test_a_product_is_one_part_in_the_line() -> None:
    """Rules 11 and 26: one in C, and one of A and two of B blocked in front of it; pieces count no more."""
    stations = [{"cycle_time": 1}, {"cycle_time": 1, "machines": 2}, {"cycle_time": 9}]
    plant = make([*stations[:2], {**stations[2], "joins": ["A", {"from": "B", "quantity": 2}]}])
    found = figures(plant, 91 * S, 10 * S)
    assert (found["wip_mean"], found["parts_out"]) == (4, 9)


def test_a_failed_assembly_takes_its_set_all_the_same() -> None:
    """Rule 11: up or down; it takes at 2, works from the end of the repair at 5."""
    stop = {"mode": "m", "clock": "calendar", "time_to_failure": "1 s", "time_to_repair": "4 s"}
    plant = make([{"cycle_time": 2}, {"cycle_time": 2}, {"cycle_time": 1, "joins": ["A", "B"], "failures": [stop]}])
    simulation = run(plant, 6 * S)
    assert next(j.start for j in journeys(simulation, "C") if j.outcome != "built in") == 5 * S
    assert times(simulation, "A", "leave")[:2] == [2, 6]


def test_a_ring_moves_on_together() -> None:
    """Rule 12."""
    ring = make([{"cycle_time": 1}, {"cycle_time": 1, "next": [{"to": "A", "share": 0.5}]}])
    assert figures(ring, 1000 * S)["parts_out"] > 300


def test_a_ring_moves_on_whoever_waits_for_a_place_in_it() -> None:
    """Rule 12: no place is free when two parts change places, so none is owed to A, which became blocked before."""
    there_and_back = {"next": {"policy": "round-robin", "to": ["B", "D"]}}
    stations = [{"cycle_time": 1}, {"cycle_time": 2}, {"cycle_time": 2, **there_and_back}, {"cycle_time": "0.5 s"}]
    simulation = run(make(stations), 12 * S)
    assert times(simulation, "D", "finish") == [7.5, 11.5]
    first = [j for j in journeys(simulation, "B") if j.part == "l-1"]
    assert [(j.enter // S, j.start // S, j.finish // S) for j in first] == [(1, 1, 3), (5, 5, 7), (9, 9, 11)]


def test_a_ring_of_three_moves_on_in_one_instant() -> None:
    """Rule 12: at 3 all three are done, the first part must go back to A, the others follow each other: all begin."""
    rework = {"rework": {"share": 1, "to": "A", "limit": 1}}
    simulation = run(make([{"cycle_time": 1}, {"cycle_time": 1}, {"cycle_time": 1, "quality": rework}]), 3 * S)
    begun = {(j.station, j.part, j.visit) for j in journeys(simulation) if j.start == 3 * S}
    assert begun == {("A", "l-1", 2), ("B", "l-3", 1), ("C", "l-2", 1)}


def test_a_lock_names_the_time_and_who_waits_for_whom() -> None:
    """Rule 12: an assembly that sends its products back to a station that is blocked for a place at it."""
    plant = make(
        [
            {"cycle_time": 5, "buffer": 1},
            {"cycle_time": 5},
            {"cycle_time": 5, "buffer": 1, "joins": ["A", "B"], "next": [{"to": "A", "share": 0.9}]},
        ]
    )
    with pytest.raises(
        SimulationError, match=r"line l is locked at .*A waits for a place at C.*C waits for a place at A"
    ):
        run(plant, HOUR)


def test_a_bench_that_only_rework_leads_to_is_no_entry() -> None:
    """Rule 5: nothing comes to it but what the test sends there."""
    rework = {"rework": {"share": 0.2, "to": "C"}}
    plant = make(
        [
            {"cycle_time": 6},
            {"cycle_time": 5, "buffer": 3, "quality": rework, "next": [{"to": "out"}]},
            {"cycle_time": 9, "buffer": 9, "next": [{"to": "B"}]},
        ]
    )
    assert plant.lines[0].entries == ("A",)
    simulation = run(plant, HOUR)
    assert {j.part for j in journeys(simulation, "C")} <= {j.part for j in journeys(simulation, "A")}


def test_a_set_waits_for_pieces_that_are_on_their_way() -> None:
    """Rule 11: a blocked part that has a way to go is not there yet."""
    belt = {"length": "2 m", "speed": "1 m/s", "capacity": 2}
    for way in ("2 s", belt):
        join = {"from": "A", "quantity": 2}
        plant = make([{"cycle_time": 1}, {"cycle_time": 1, "buffer": 2, "transport": way, "joins": [join]}])
        starts = [j.start for j in journeys(run(plant, 20 * S), "B") if j.start is not None]
        assert starts[0] == 4 * S
        assert len(starts) > 5


def test_a_branch_that_waits_for_orders_is_not_locked() -> None:
    """Rule 12: parts of A come with the order at 30, and afterwards nothing is wanted."""
    stations = [{"cycle_time": 1}, {"cycle_time": 1, "arrivals": "saturated"}, {"cycle_time": 1, "joins": ["A", "B"]}]
    plant = described(stations, {"arrivals": "orders"}, orders=[{"order": "o", "quantity": 2, "release": "30 s"}])
    assert figures(plant, 100 * S)["parts_out"] == 2


def test_pallets_on_their_way_back_are_no_lock() -> None:
    """Rule 12: B holds the second part blocked until the only two pallets have come round."""
    plant = make(
        [
            {"cycle_time": 1},
            {"cycle_time": 1, "buffer": 1, "quality": {"rework": {"share": 0.5, "to": "A", "limit": 1}}},
        ],
        pallets={"count": 2, "back": "100 s"},
    )
    assert figures(plant, 1000 * S)["parts_out"] > 10


GATE = {"mode": "m", "clock": "calendar", "time_to_failure": "1 s", "time_to_repair": "1 s", "gates": "all"}


def test_what_a_failure_keeps_from_moving_is_not_locked() -> None:
    """Rules 12 and 34: the repair of B frees the place that A waits for, beside a loop."""
    loop = {"cycle_time": "1 s", "quality": {"rework": {"share": 0.5, "to": "A"}}}
    plant = make([loop, {"cycle_time": "1 s", "failures": [GATE]}])
    assert run(plant, 60 * S, seed=2).ledger.passages("l")


def test_a_machine_that_may_give_does_not_queue_behind_one_that_may_not() -> None:
    """Rule 34: A/1 is down from 3 to 13 with a finished part; those of A/2 go to B meanwhile."""
    gate = {**GATE, "time_to_failure": "3.5 s", "time_to_repair": "10 s"}
    stations = [
        {"cycle_time": 2, "failures": [gate]},
        {"cycle_time": 1.5, "next": [{"to": "C"}]},
        {"cycle_time": 2.5, "buffer": 0},
    ]
    first = {**stations[0], "next": [{"to": "C"}]}
    simulation = run(make([first, stations[1], stations[2]]), 13 * S)
    assert ("blocked", "C", 2, 2.5) not in states(simulation, "A")
    left = [j.leave for j in journeys(simulation, "B") if j.leave is not None]
    assert sum(4 * S < t < 13 * S for t in left) >= 3, "B gives while A is kept from it"


def test_a_batch_that_goes_back_to_itself_lets_the_next_parts_in() -> None:
    """Rule 13: what comes back is half a batch; the entry fills it up."""
    rework = {"rework": {"share": "30 %", "to": "A"}}
    plant = make([{"cycle_time": 1, "quality": rework, "batch": {"size": 2}}])
    assert figures(plant, 1000 * S)["parts_out"] == pytest.approx(1400, abs=100)


def test_taking_apart_does_not_ask_for_ways() -> None:
    """Rule 35: also where another product has a route; a piece bound for out leaves the line."""
    products = [{"name": "whole"}, {"name": "other", "route": ["B"]}, {"name": "piece"}]
    pieces = [{"to": "out"}, {"to": "B", "product": "piece"}]
    stations = [{"cycle_time": 1, "disassembly": pieces}, {"cycle_time": 1, "buffer": 9}]
    plant = described(stations, {"arrivals": "every 10 s", "sequence": ["whole"]}, products=products)
    assert {j.product for j in journeys(run(plant, 100 * S), "B")} == {"piece"}


def test_vehicles_begin_in_the_line_that_uses_them() -> None:
    """Rule 2: a line put in front changes nothing."""
    fleet = {"fleet": "agv", "speed": "1 m/s", "distance": "3 m"}
    line = {
        "name": "l",
        "stations": [
            {"name": "A", "cycle_time": 5},
            {"name": "B", "cycle_time": 5, "transport": {"fleet": "agv"}, "buffer": 1},
        ],
    }
    other = {"name": "k", "stations": [{"name": "X", "cycle_time": 5}]}
    found = []
    for lines in ([line], [other, line]):
        plant = Plant.model_validate({"plant": "p", "fleets": [fleet], "lines": lines})
        found.append([j for j in journeys(run(plant, 60 * S)) if j.line == "l"])
    assert found[0] == found[1]


def test_material_is_ordered_for_those_who_wait_too() -> None:
    """Rule 38: base stock of one, a demand each second, 10 s of lead time: from 11 s on one delivery a second."""
    supply = {"stock": 1, "reorder_at": 0, "quantity": 1, "lead_time": "10 s"}
    plant = make([{"cycle_time": "0.1 s", "supply": supply}], arrivals="every 1 s")
    assert times(run(plant, 15 * S), "A", "enter") == [1, 11, 12, 13, 14, 15]


def test_cards_order_what_was_taken_however_many_wait() -> None:
    """Rule 38: two containers of one part, 10 s to fill each again, a demand each second."""
    supply = {"cards": 2, "quantity": 1, "lead_time": "10 s"}
    plant = make([{"cycle_time": "0.1 s", "supply": supply}], arrivals="every 1 s")
    assert times(run(plant, 22 * S), "A", "enter") == [1, 2, 11, 12, 21, 22]


def test_a_part_that_came_back_once_is_not_rework_for_ever() -> None:
    """Sent to the beginning of another branch, from where no way leads back, it is good from there on."""
    rework = {"rework": {"share": 0.5, "to": "C"}}
    plant = make(
        [
            {"cycle_time": 1, "quality": rework, "next": [{"to": "out"}]},
            {"cycle_time": 1, "next": [{"to": "D"}]},
            {"cycle_time": 1, "buffer": 5, "next": [{"to": "D"}]},
            {"cycle_time": 1, "buffer": 5},
        ]
    )
    simulation = run(plant, 60 * S)
    done = [j.outcome for j in journeys(simulation) if j.station in {"C", "D"} and j.leave is not None]
    assert done
    assert set(done) == {"good"}


def test_rework_at_home_joins_the_end_of_the_queue() -> None:
    """Rule 13: with limit 1 and everything reworked, parts alternate; without a queue a part begins again at once."""
    rework = {"rework": {"share": 1, "to": "A", "limit": 1}}
    queued = run(make([{"cycle_time": 1, "buffer": 1, "quality": rework}]), 8 * S)
    order = sorted((j.start, j.part, j.visit) for j in journeys(queued) if j.start is not None)
    assert [(part, visit) for _, part, visit in order[:4]] == [("l-1", 1), ("l-2", 1), ("l-1", 2), ("l-2", 2)]
    alone = run(make([{"cycle_time": 1, "quality": rework}]), 5 * S)
    order = sorted((j.start, j.part, j.visit) for j in journeys(alone) if j.start is not None)
    assert [(part, visit) for _, part, visit in order[:4]] == [("l-1", 1), ("l-1", 2), ("l-2", 1), ("l-2", 2)]
    assert figures(make([{"cycle_time": 1, "quality": rework}]), 101 * S)["parts_scrapped"] == 50


def test_a_wip_limit_counts_from_the_queue_of_the_entry() -> None:
    """Rule 14: three parts come at 0, the next one whenever one leaves."""
    found = figures(make([{"cycle_time": 4}, {"cycle_time": 1, "buffer": 5}], wip_limit=3), 401 * S, 1 * S)
    assert found["wip_mean"] == 3
    assert found["lead_time_s"]["p95"] == 12


def test_scrap_makes_room_under_a_wip_limit() -> None:
    """Rule 14: all parts are scrap; each lets the next one in."""
    plant = make([{"cycle_time": 3, "quality": {"scrap": 1}}, {"cycle_time": 1}], wip_limit=2)
    assert times(run(plant, 7 * S), "A", "enter") == [0, 0, 3, 6]


def test_a_pallet_is_left_where_it_is_said() -> None:
    """Rule 14: with the line at 11, or after A at 1; B takes the second part at 11."""
    for until, entered in ((None, [0, 11]), ("A", [0, 1, 11])):
        pallets = {"count": 1} | ({} if until is None else {"until": until})
        plant = make([{"cycle_time": 1}, {"cycle_time": 10}], pallets=pallets)
        assert times(run(plant, 12 * S), "A", "enter") == entered


def test_pallets_come_back_after_their_way() -> None:
    """Two pallets, a cycle of 3 s and 9 s back: two parts in 12 s."""
    plant = make([{"cycle_time": 3}], pallets={"count": 2, "back": "9 s"})
    assert times(run(plant, 30 * S), "A", "start") == [0, 3, 12, 15, 24, 27]


def test_parts_go_by_share_by_product_and_in_turn() -> None:
    """Rule 5: the rest of the shares takes the default way."""
    ends = [{"cycle_time": 1, "buffer": 9, "next": [{"to": "out"}]}, {"cycle_time": 1, "buffer": 9}]
    turn = figures(make([{"cycle_time": 2, "next": {"policy": "round-robin", "to": ["B", "C"]}}, *ends]), 203 * S)
    assert (turn["stations"]["B"]["parts_out"], turn["stations"]["C"]["parts_out"]) == (50, 50)
    share = figures(make([{"cycle_time": 2, "next": [{"to": "C", "share": 0.3}]}, *ends]), 20_000 * S)
    assert abs(share["stations"]["C"]["parts_out"] / 10_000 - 0.3) < 5 * (0.3 * 0.7 / 10_000) ** 0.5
    plant = described(
        [{"cycle_time": 2, "next": [{"to": "C", "product": "Y"}]}, *ends],
        {"sequence": ["X", {"product": "Y", "quantity": 2}]},
        products=[{"name": "X"}, {"name": "Y"}],
    )
    assert [j.product for j in journeys(run(plant, 30 * S), "B")] == ["X"] * 5


def test_the_head_of_the_queue_goes_into_a_failed_machine_that_is_free() -> None:
    """Rule 9: X is lost on machine 1 at 4.4, which is down to 24.4; the sixth part goes in, the next one passes it."""
    lost = {"mode": "m", "time_to_failure": "2.9 s", "time_to_repair": "20 s", "part": "scrap"}
    plant = described(
        [{"cycle_time": "0.1 s", "load": 1, "machines": 2, "failures": [lost]}],
        {"arrivals": "every 0.5 s", "sequence": ["X", {"product": "Y", "quantity": 99}]},
        products=[{"name": "X", "cycle_times": {"A": "3 s"}}, {"name": "Y"}],
    )
    sixth, seventh = journeys(run(plant, 26 * S), "A")[5:7]
    assert (sixth.machine, sixth.start) == (1, 25.4 * S)
    assert (seventh.machine, seventh.start) == (2, 6.4 * S)


def test_in_turn_begins_with_the_first_named() -> None:
    """Rule 5."""
    ends = [{"cycle_time": 1, "next": [{"to": "out"}]}, {"cycle_time": 1}]
    simulation = run(make([{"cycle_time": 2, "next": {"policy": "round-robin", "to": ["C", "B"]}}, *ends]), 5 * S)
    assert (times(simulation, "C", "enter"), times(simulation, "B", "enter")) == ([2], [4])


def test_scrap_leaves_the_line_where_it_was_made_past_a_full_station() -> None:
    """Rule 5: each second part is found bad; the second goes out at 2, the third is blocked until B is free at 11."""
    maker = {"cycle_time": 1, "quality": {"defects": 1}, "inspection": {"every": 2}}
    simulation = run(make([maker, {"cycle_time": 10}]), 12 * S)
    left = [(j.leave, j.outcome) for j in journeys(simulation, "A")][:3]
    assert left == [(1 * S, "good"), (2 * S, "scrap"), (11 * S, "good")]


def test_a_station_of_an_assembly_is_an_entry_although_rework_comes_to_it_too() -> None:
    """Rule 5: without parts of its own the assembly would wait for rework of products that it cannot make."""
    rework = {"rework": {"share": 0.2, "to": "B", "limit": 1}}
    stations = [{"cycle_time": 2}, {"cycle_time": 2, "buffer": 2}, {"cycle_time": 1, "buffer": 2, "joins": ["A", "B"]}]
    plant = make([*stations, {"cycle_time": 1, "quality": rework}])
    assert plant.lines[0].entries == ("A", "B")


def test_the_way_is_drawn_before_the_place_is_reserved() -> None:
    """Rule 7: Y goes to C, so it waits for no place at B, where work on the second X goes on to 22."""
    stations = [
        {"cycle_time": 1, "next": [{"to": "C", "product": "Y"}]},
        {"cycle_time": 10, "next": [{"to": "out"}]},
        {"cycle_time": 1},
    ]
    line = {"blocking": "before-service", "sequence": ["X", "X", "Y"]}
    plant = described(stations, line, products=[{"name": "X"}, {"name": "Y"}])
    assert times(run(plant, 23 * S), "A", "start")[:4] == [0, 11, 12, 22]


def test_least_loaded_looks_at_parts_per_machine() -> None:
    stations = [
        {"cycle_time": 1, "next": {"policy": "least-loaded", "to": ["B", "C"]}},
        {"cycle_time": 1000, "buffer": 9, "next": [{"to": "out"}]},
        {"cycle_time": 1000, "machines": 3, "buffer": 9},
    ]
    simulation = run(make(stations), 9 * S)
    assert len(journeys(simulation, "B")) == 3
    assert len(journeys(simulation, "C")) == 6


def test_taking_apart_makes_new_parts_that_leave_in_order() -> None:
    """Rule 35."""
    plant = described(
        [
            {"cycle_time": 4, "next": [{"to": "B"}]},
            {"cycle_time": 1, "disassembly": [{"to": "C"}, {"to": "D", "quantity": 2}]},
            {"cycle_time": 1, "buffer": 2, "next": [{"to": "out"}]},
            {"cycle_time": 1, "buffer": 2},
        ]
    )
    simulation = run(plant, 8 * S)
    assert [(j.part, j.enter) for j in journeys(simulation, "C")] == [("l-1", 5 * S)]
    assert [j.enter for j in journeys(simulation, "D")] == [5 * S, 5 * S]
    pieces = [p for p in simulation.ledger.passages("l") if p.of]
    assert [(p.of, p.entered, p.since) for p in pieces] == [("l-1", 5 * S, 0)] * 2


def test_pieces_leave_in_the_order_of_the_file_as_there_is_room() -> None:
    """Rule 35: taken apart at 5, the one for C goes first, then the first for D; the second waits until D is free."""
    pieces = [{"to": "C"}, {"to": "D", "quantity": 2}]
    stations = [{"cycle_time": 4}, {"cycle_time": 1, "disassembly": pieces}, {"cycle_time": 1}, {"cycle_time": 5}]
    plant = make([*stations[:2], {**stations[2], "next": [{"to": "out"}]}, stations[3]])
    simulation = run(plant, 11 * S)
    assert (times(simulation, "C", "enter")[:1], times(simulation, "D", "enter")[:2]) == ([5], [5, 10])


# --- what a machine needs ------------------------------------------------------------------------------------------


def test_a_restarted_operation_takes_as_long_as_those_of_its_product() -> None:
    """Rule 19: X takes 30 s here; struck at 50, the second begins anew at 51 and ends at 81."""
    stop = {"mode": "m", "clock": "calendar", "time_to_failure": "50 s", "time_to_repair": "1 s", "part": "restart"}
    plant = described([{"cycle_time": 10, "failures": [stop]}], products=[{"name": "X", "cycle_times": {"A": "30 s"}}])
    assert times(run(plant, 90 * S), "A", "finish")[:2] == [30, 81]


def test_setups_come_between_lots() -> None:
    """Rate Q / (s + Q t) = 5 / (10 + 5); the first part needs none (rule 29)."""
    plant = described(
        [{"cycle_time": 1, "setup": {"time": "10 s"}}],
        {"sequence": [{"product": p, "quantity": 5} for p in "XY"]},
        products=[{"name": "X"}, {"name": "Y"}],
    )
    assert figures(plant, 156 * S)["parts_out"] == 55
    assert states(run(plant, 16 * S), "A") == [
        ("processing", "", 0, 5),
        ("setup", "", 5, 15),
        ("processing", "", 15, 16),
    ]


def test_a_matrix_gives_the_time_of_each_pair() -> None:
    plant = described(
        [{"cycle_time": 1, "setup": {"matrix": {"X": {"Y": "3 s"}}, "time": "7 s"}}],
        {"sequence": ["X", "Y"]},
        products=[{"name": "X"}, {"name": "Y"}],
    )
    assert times(run(plant, 23 * S), "A", "start")[:4] == [0, 4, 12, 16]


def test_a_tool_is_changed_at_the_end_of_its_life_also_while_the_machine_is_blocked() -> None:
    """Rule 21: A is done at 2 and blocked until 10; the change from 2 to 7 costs nothing."""
    tool = {"life": "2 parts", "change": "5 s"}
    plant = make([{"cycle_time": 1, "tool": tool}, {"cycle_time": 9, "buffer": 0}])
    assert times(run(plant, 25 * S), "A", "start") == [0, 1, 10, 19]
    assert states(run(plant, 10 * S), "A")[1:3] == [("setup", "tool", 2, 7), ("blocked", "B", 7, 10)]
    assert (
        figures(make([{"cycle_time": 1, "tool": {"life": "50 parts", "change": "5 s"}}]), 5500 * S)["parts_out"] == 5000
    )


def test_a_failure_suspends_a_setup_and_the_rest_follows() -> None:
    """Rule 20: setup 4 to 14, stopped from 10 to 13, so to 17."""
    stop = {"mode": "m", "clock": "calendar", "time_to_failure": "10 s", "time_to_repair": "3 s"}
    plant = described(
        [{"cycle_time": 4, "setup": {"time": "10 s"}, "failures": [stop]}],
        {"sequence": ["X", "Y"]},
        products=[{"name": "X"}, {"name": "Y"}],
    )
    assert times(run(plant, 18 * S), "A", "start")[:2] == [0, 17]


def test_maintenance_waits_for_the_operation_and_goes_before_the_next() -> None:
    """Rules 17 and 20: due at 10 in an operation to 12, done to 15; due again 10 s after its end."""
    plant = make([{"cycle_time": 4, "maintenance": [{"every": "10 s", "time": "3 s"}]}])
    assert times(run(plant, 31 * S), "A", "start") == [0, 4, 8, 15, 19, 23, 30]


def test_an_opportunity_is_taken_when_the_machine_stands_anyway() -> None:
    """Rule 37: due at 10, but free from 7 on and at most 40 % early."""
    every = {"every": "10 s", "time": "2 s", "opportunistic": 0.4}
    plant = make([{"cycle_time": 1, "maintenance": [every]}], arrivals="every 6 s")
    assert [s for s in states(run(plant, 12 * S), "A") if s[0] == "maintenance"] == [
        ("maintenance", "maintenance", 7, 9)
    ]


def test_age_replacement_has_the_availability_of_renewal_theory() -> None:
    """Case AGA1: replaced at 50 or at failure, Weibull(2, 100), 2 and 10 down."""
    failure = {"mode": "wear", "time_to_failure": "weibull(2, 100 s)", "time_to_repair": "10 s"}
    task = {"every": "50 s", "clock": "operating", "time": "2 s", "renews": ["wear"]}
    share = figures(make([{"cycle_time": 1, "failures": [failure], "maintenance": [task]}]), 100 * HOUR)
    assert share["stations"]["A"]["share"]["processing"] == pytest.approx(0.9244535488, abs=0.002)


def test_a_machine_waits_for_its_operator_who_finishes_elsewhere_first() -> None:
    """Rule 31: one operator, two machines of 3 s and 2 s, priority to B; 1 s on the way."""
    need = {"pool": "p", "for": ["process"]}
    plant = described(
        [
            {"cycle_time": 3, "operators": [need]},
            {"cycle_time": 2, "operators": [{**need, "priority": 1}], "buffer": 2},
        ],
        operators=[{"pool": "p", "count": 1, "walking": "1 s"}],
    )
    simulation = run(plant, 20 * S)
    assert times(simulation, "A", "start")[:2] == [0, 7]
    assert times(simulation, "B", "start")[:1] == [4]
    assert ("waiting", "p", 3, 7) in states(simulation, "A")


def test_a_repair_crew_queues() -> None:
    """Two machines fail at 5; one crew repairs one after the other, both are failed meanwhile."""
    stop = {"mode": "m", "clock": "calendar", "time_to_failure": "5 s", "time_to_repair": "4 s"}
    plant = described(
        [
            {
                "cycle_time": 100,
                "machines": 2,
                "buffer": 2,
                "failures": [stop],
                "operators": [{"pool": "p", "for": ["repair"]}],
            }
        ],
        operators=[{"pool": "p", "count": 1}],
    )
    simulation = run(plant, 14 * S)
    assert states(simulation, "A", 1)[1] == ("failed", "m", 5, 9)
    assert states(simulation, "A", 2)[1] == ("failed", "m", 5, 13)


WEEK = [
    {"name": name, "start": start, "end": end, "days": "mon-fri", "breaks": [{"start": rest, "for": "30 min"}]}
    for name, start, end, rest in (("early", "06:00", "14:00", "10:00"), ("late", "14:00", "22:00", "18:00"))
]


@pytest.mark.parametrize(("cycle", "policy", "parts"), [(72, "pause", 3750), (70, "pause", 3857), (70, "finish", 3860)])
def test_a_week_of_two_shifts(cycle: int, policy: str, parts: int) -> None:
    """Cases CAL1, CAL2, CAL4 (rule 22)."""
    plant = described([{"cycle_time": cycle, "at_shift_end": policy}], shifts=WEEK)
    assert figures(plant, 7 * DAY)["parts_out"] == parts


def test_off_begins_when_the_running_operation_is_over() -> None:
    """Rules 22 and 23: unless it is told otherwise the operation begun at 21:59:30 is finished, at 22:00:40."""
    simulation = run(described([{"cycle_time": 70}], shifts=WEEK), DAY)
    off = [s for s in states(simulation, "A") if s[0] == "off"]
    assert off[0][2:] == (0, 6 * 3600)
    assert off[1][2] == 22 * 3600 + 40


# --- how parts travel, come and are made ---------------------------------------------------------------------------


def test_a_batch_begins_full_or_when_the_first_has_waited() -> None:
    """Rule 30: parts at 1, 2, 3 …; full of 4 at 4; of the two that come at 8 and 12 the first waits 6 s."""
    batch = {"size": 4, "minimum": 2, "wait": "6 s"}
    full = run(make([{"cycle_time": 1}, {"cycle_time": 2, "buffer": 9, "batch": batch}]), 6 * S)
    assert [j.start for j in journeys(full, "B")][:4] == [4 * S] * 4
    slow = run(make([{"cycle_time": 2, "batch": batch}], arrivals="every 4 s"), 12 * S)
    assert [j.start for j in journeys(slow, "A")][:2] == [10 * S] * 2


def test_a_belt_keeps_its_pitch_and_accumulates() -> None:
    """Rule 32: 10 m at 1 m/s with 5 places is a pitch of 2 s; B works 30 s, so parts close up behind."""
    belt = {"length": "10 m", "speed": "1 m/s", "capacity": 5}
    plant = make([{"cycle_time": 1}, {"cycle_time": 30, "transport": belt}])
    simulation = run(plant, 80 * S)
    assert times(simulation, "A", "leave")[:7] == [1, 3, 5, 7, 9, 11, 41], "five on the belt"
    assert times(simulation, "B", "start")[:3] == [11, 41, 71]
    stiff = run(make([{"cycle_time": 1}, {"cycle_time": 30, "transport": {**belt, "accumulating": False}}]), 80 * S)
    assert times(stiff, "B", "start")[:3] == [11, 41, 71]
    assert times(stiff, "A", "leave")[:6] == [1, 3, 5, 7, 9, 11]
    assert times(stiff, "A", "leave")[6:7] == [41], "five on the belt, which stands from 13 on"


def test_a_vehicle_is_called_when_a_place_is_certain() -> None:
    """Rule 33: it stands at A; 1 s to load, 3 s on the way, 1 s to set down; then it stands at B.

    The second part is done at 11, when its place is free too; the place of the third is free at 30.
    """
    fleet = {"fleet": "agv", "speed": "1 m/s", "distance": "3 m", "load": "1 s", "unload": "1 s"}
    plant = described(
        [{"cycle_time": 5}, {"cycle_time": 20, "transport": {"fleet": "agv"}, "buffer": 1}], fleets=[fleet]
    )
    simulation = run(plant, 60 * S)
    assert times(simulation, "A", "leave")[:3] == [6, 15, 34]
    assert times(simulation, "B", "enter")[:3] == [10, 19, 38]
    assert ("blocked", "agv", 5, 6) in states(simulation, "A")


def test_material_that_runs_low_is_ordered_again() -> None:
    """Three parts, ordered at one left: the fourth waits for the delivery 10 s after the second was taken."""
    supply = {"stock": 3, "reorder_at": 1, "quantity": 2, "lead_time": "10 s"}
    assert times(run(make([{"cycle_time": 1, "supply": supply}]), 24 * S), "A", "start") == [0, 1, 2, 11, 12, 21, 22]
    cards = {"cards": 2, "quantity": 2, "lead_time": "10 s"}
    assert times(run(make([{"cycle_time": 1, "supply": cards}]), 13 * S), "A", "start") == [0, 1, 2, 3, 11, 12, 13]


def test_orders_come_by_their_due_dates_and_are_judged_by_them() -> None:
    orders = [
        {"order": "late", "quantity": 2, "release": "1 s", "due": "60 s"},
        {"order": "soon", "quantity": 1, "release": "1 s", "due": "15 s"},
        {"order": "missed", "quantity": 1, "release": "1 s", "due": "40 s"},
    ]
    plant = described([{"cycle_time": 10}], {"arrivals": "orders", "dispatch": "edd"}, orders=orders)
    simulation = run(plant, 100 * S)
    tickets = {ticket.name: ticket.completed for ticket in simulation.orders("l")}
    assert tickets == {"late": 41 * S, "soon": 21 * S, "missed": 31 * S}
    told = summarise(simulation, 0, 100 * S)["l"]["orders"]
    assert told["completed"] == told["due"] == 3
    assert told["attainment"] == told["on_time"] / 3


@pytest.mark.parametrize(
    ("rule", "order"),
    [("fifo", "XYZ"), ("spt", "ZYX"), ("priority", "YZX"), ("edd", "XYZ")],
)
def test_dispatch_rules_choose_among_those_that_wait(rule: str, order: str) -> None:
    """A holds one part for 100 s; X, Y and Z gather in front of B while it works on the first one."""
    products = [
        {"name": "X", "cycle_times": {"B": "30 s"}, "priority": 9},
        {"name": "Y", "cycle_times": {"B": "20 s"}, "priority": 1},
        {"name": "Z", "cycle_times": {"B": "10 s"}, "priority": 5},
        {"name": "W", "priority": 9},
    ]
    stations = [{"cycle_time": 1}, {"cycle_time": 50, "buffer": 3, "dispatch": rule}]
    plant = described(stations, {"sequence": ["W", "X", "Y", "Z"]}, products=products)
    begun = sorted((j.start, j.product) for j in journeys(run(plant, 160 * S), "B") if j.start is not None)
    assert begun[0][1] == "W"
    assert "".join(product for _, product in begun[1:4]) == order


def test_an_inspection_finds_what_was_made_before() -> None:
    """All parts are defective; looked at all, all are found, looked at every second one, half."""
    maker = {"cycle_time": 1, "quality": {"defects": 1}}
    assert figures(make([maker, {"cycle_time": 1, "inspection": {"sample": 1}}]), 100 * S)["parts_out"] == 0
    every = figures(make([maker, {"cycle_time": 1, "inspection": {"every": 2}}]), 102 * S)
    assert (every["parts_out"], every["parts_scrapped"]) == (50, 50)


def test_characteristics_drift_with_the_tool_and_are_told() -> None:
    """Without spread the measure is nominal plus the drift of the wear so far."""
    bore = {"name": "bore", "nominal": "10 mm", "upper": "10.5 mm", "sigma": "0 mm", "drift": "1 mm"}
    station = {"cycle_time": 1, "tool": {"life": "4 parts", "change": "1 s"}, "quality": {"characteristics": [bore]}}
    simulation = Simulation(make([station]), telemetry=False)
    told = [m for _, m in simulation.advance(DEFAULT_START + 10 * S) if m.kind == "quality"]
    assert [m.values["bore"].v for m in told[:5]] == [10, 10.25, 10.5, 10.75, 10]
    assert [m.values["bore"].ok for m in told[:4]] == [True, True, True, False]


def test_a_year_of_shifts_keeps_local_time() -> None:
    """Berlin in winter is an hour ahead of UTC: the early shift begins at 05:00."""
    plant = described([{"cycle_time": 60}], shifts=WEEK, time_zone="Europe/Berlin")
    assert states(run(plant, 6 * HOUR), "A")[1][2] == 5 * HOUR / S
