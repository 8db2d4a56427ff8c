"""Lines with every element: rules counted by hand, and exact answers."""

import math
from typing import Any

import numpy as np
import pytest

from plant.description import Plant
from plant.distributions import Draws, parse_distribution
from plant.draws import Stream
from simulators import summarise
from tests.simulators.building import S, described, journeys, make, run, states, times

# --- rules, counted by hand ------------------------------------------------------------------------------------------


def stop(up: str, down: str, **more: Any) -> dict[str, Any]:
    return {"mode": "m", "clock": "calendar", "time_to_failure": up, "time_to_repair": down, **more}


def test_a_draw_is_named_by_the_whole_path() -> None:
    """Rule 2: the number of the machine stands in the path also when it is 1; the station's streams have none."""
    plant = make([{"cycle_time": "exponential(3 s)", "failures": [stop("exponential(9 s)", "2 s")]}], arrivals=1)
    first = next(begin for state, _, begin, _ in states(run(plant, 99 * S, seed=4), "A") if state == "failed")
    expected = Draws(parse_distribution("exponential(9 s)"), Stream(4, "l/A/1/m", "time_to_failure"))(0)
    assert first == expected / S
    whole = run(make([{"cycle_time": "exponential(3 s)"}]), 99 * S, seed=4)
    cycles = Draws(parse_distribution("exponential(3 s)"), Stream(4, "l/A", "cycle"))
    done = [j for j in journeys(whole, "A") if j.finish is not None]
    assert [j.finish - j.start for j in done] == [cycles(k) for k in range(len(done))]


def test_a_wip_limit_needs_no_places_at_the_entry_and_pallets_do() -> None:
    """Rules 6 and 14: with a limit the buffer of the entry is ignored; pallets wait for its places."""
    entry = {"cycle_time": 5, "buffer": 1}
    limited, carried = make([entry], wip_limit=4), make([entry], pallets={"count": 4})
    assert times(run(limited, 4 * S), "A", "enter") == [0, 0, 0, 0]
    assert times(run(carried, 4 * S), "A", "enter") == [0, 0]


def test_a_setup_needs_no_reservation() -> None:
    """Rule 7: B is busy to 41, so A's second part has no reservation until then; it is set up for at once."""
    plant = described(
        [{"cycle_time": 1, "setup": {"time": "5 s"}}, {"cycle_time": 20, "setup": {"time": "20 s"}}],
        {"blocking": "before-service", "sequence": ["X", "Y"]},
        products=[{"name": "X"}, {"name": "Y"}],
    )
    simulation = run(plant, 30 * S)
    assert states(simulation, "A")[:4] == [
        ("processing", "", 0, 1), ("setup", "", 1, 6), ("blocked", "B", 6, 21), ("processing", "", 21, 22),
    ]  # fmt: skip


def test_rework_at_home_waits_behind_those_who_wait_also_beside_free_places() -> None:
    """Rule 13: parts come at 1.5, 3, 4.5 …; the first is done at 3.5, goes behind the second, begins at 5.5."""
    rework = {"rework": {"share": 1, "to": "A", "limit": 1}}
    plant = make([{"cycle_time": 2, "quality": rework}], arrivals="every 1.5 s")
    begun = sorted((j.start / S, j.part) for j in journeys(run(plant, 11 * S)) if j.start is not None)
    assert begun == [(1.5, "l-1"), (3.5, "l-2"), (5.5, "l-1"), (7.5, "l-3"), (9.5, "l-2")]


def test_a_break_at_the_end_of_an_operation_lets_it_end_and_no_other_begin() -> None:
    """Rule 17: the operation from 45 to 60 ends, although breaks pause; the next begins after the break."""
    shift = {"name": "s", "start": "00:00", "end": "12:00", "breaks": [{"start": "00:01", "for": "30 s"}]}
    plant = described([{"cycle_time": 15}], shifts=[shift])
    assert times(run(plant, 100 * S), "A", "start") == [0, 15, 30, 45, 90]
    assert times(run(plant, 100 * S), "A", "finish")[:4] == [15, 30, 45, 60]


def test_no_operation_begins_at_the_instant_of_a_break_or_a_maintenance() -> None:
    """Rule 17: also where the end of the operation, or the arrival of the part, was known before the stop was.

    The first operation ends at 120 with the shift b in break until 180; a part comes at 20, as does the second task.
    """
    a, b = {"name": "a", "start": "00:00", "end": "00:01"}, {"name": "b", "start": "00:01", "end": "12:00"}
    shifts = [a, {**b, "breaks": [{"start": "00:02", "for": "1 min"}]}]
    plant = described([{"cycle_time": 70}], {"arrivals": "every 50 s"}, shifts=shifts)
    assert times(run(plant, 200 * S), "A", "start")[:2] == [50, 180]
    task = {"every": "9 s", "time": "2 s"}
    plant = make([{"cycle_time": 1, "maintenance": [task]}], arrivals="every 20 s")
    assert times(run(plant, 30 * S), "A", "start") == [22]


@pytest.mark.parametrize(("policy", "finish", "off"), [("finish", 70, 70), ("pause", 3610, 60)])
def test_the_end_of_a_shift_finishes_or_pauses(policy: str, finish: int, off: int) -> None:
    """Rule 22: an operation from 35 on needs 35 s, the shift ends at 60 and begins again at 3600."""
    shifts = [{"name": "a", "start": "00:00", "end": "00:01"}, {"name": "b", "start": "01:00", "end": "02:00"}]
    plant = described([{"cycle_time": 35, "at_shift_end": policy}], shifts=shifts)
    simulation = run(plant, 3605 * S if policy == "finish" else 3611 * S)
    assert times(simulation, "A", "finish")[1] == finish
    assert [(begin, end) for state, _, begin, end in states(simulation, "A") if state == "off"] == [(off, 3600)]


@pytest.mark.parametrize(("repairs", "resumed"), [("in shifts", 115), ("always", 90)])
def test_repairs_stand_in_a_break_unless_they_always_go_on(repairs: str, resumed: int) -> None:
    """Rule 22: failed at 50 for 35 s, break from 60 to 90; 25 s of the repair are left, or it ends at 85."""
    shift = {"name": "s", "start": "00:00", "end": "12:00", "breaks": [{"start": "00:01", "for": "30 s"}]}
    station = {"cycle_time": 500, "failures": [stop("50 s", "35 s")], "repairs": repairs}
    found = states(run(described([station], shifts=[shift]), 116 * S), "A")
    assert ("pause", "s", 60, 90) in found, "rule 23: before failed"
    assert found[-1][:3] == ("processing", "", resumed)


PAUSE = [{"name": "s", "start": "00:00", "end": "12:00", "breaks": [{"start": "00:01", "for": "1 min"}]}]
OFF = [{"name": "s", "start": "00:00", "end": "00:01"}, {"name": "t", "start": "00:02", "end": "12:00"}]


@pytest.mark.parametrize("shifts", [PAUSE, OFF])
@pytest.mark.parametrize(("repairs", "struck"), [("in shifts", 130), ("always", 175)])
def test_calendar_clocks_stand_when_nobody_works(shifts: list[dict[str, Any]], repairs: str, struck: int) -> None:
    """Rule 22: due at 70, and nobody works from 60 to 120; always: down from 70 to 105 unseen, then again at 175."""
    station = {"cycle_time": 500, "failures": [stop("70 s", "35 s")], "repairs": repairs, "at_shift_end": "pause"}
    found = states(run(described([station], shifts=shifts), 180 * S), "A")
    assert next(begin for state, _, begin, _ in found if state == "failed") == struck


def test_repairs_are_left_to_the_shifts_unless_it_is_said() -> None:
    """Rule 22: down from 50 on, a break from 60 to 120, so that 25 s of the repair follow."""
    plant = described([{"cycle_time": 500, "failures": [stop("50 s", "35 s")]}], shifts=PAUSE)
    assert ("failed", "m", 120, 145) in states(run(plant, 150 * S), "A")


def test_a_break_pauses_what_the_end_of_a_shift_finishes() -> None:
    """Rule 22: the operation from 35 on has 10 s left at 60; of a break it has them still at 120."""
    for shifts, finish in ((PAUSE, 130), (OFF, 70)):
        simulation = run(described([{"cycle_time": 35}], shifts=shifts), 131 * S)
        assert times(simulation, "A", "finish")[1] == finish


def test_handling_and_planned_work_stop_at_the_end_of_a_shift() -> None:
    """Rule 22: a loading from 50 to 70 has its last 10 s at 120; a task from 55 on its last 5 s."""
    loaded = run(described([{"cycle_time": 30, "load": 20}], shifts=OFF), 131 * S)
    assert times(loaded, "A", "start")[:2] == [20, 130]
    task = {"every": "55 s", "time": "10 s"}
    kept = states(run(described([{"cycle_time": 5, "maintenance": [task]}], shifts=OFF), 126 * S), "A")
    assert kept[1:4] == [
        ("maintenance", "maintenance", 55, 60), ("off", "", 60, 120), ("maintenance", "maintenance", 120, 125),
    ]  # fmt: skip


def test_parts_come_into_a_machine_that_is_off() -> None:
    """Rule 22: B works in the first shift only; A's second part goes into its place at 80, the third is blocked."""
    shifts = [{"name": "a", "start": "00:00", "end": "00:01"}, {"name": "b", "start": "00:01", "end": "12:00"}]
    plant = described([{"cycle_time": 40}, {"cycle_time": 5, "shifts": ["a"]}], shifts=shifts)
    simulation = run(plant, 130 * S)
    assert times(simulation, "A", "leave")[:3] == [40, 80, None]
    assert times(simulation, "B", "start") == [40, None]


def test_a_failure_that_gates_lets_nothing_in_or_out() -> None:
    """Rules 19 and 34: blocked from 2 on, A fails at 5 to 25; B is free at 11 and gets A's part at 25."""
    for gates, left in (("work", 11), ("all", 25)):
        plant = make([{"cycle_time": 1, "failures": [stop("5 s", "20 s", gates=gates)]}, {"cycle_time": 10}])
        assert times(run(plant, 26 * S), "A", "leave")[1] == left


def test_an_empty_machine_that_gates_takes_no_part_until_the_last_such_repair() -> None:
    """Rule 34: A's part is done at 5; B is down from 3 to 13, and of another mode from 4 to 10."""
    for gates, left in (("work", 5), ("all", 13)):
        modes = [stop("3 s", "10 s", gates=gates), stop("4 s", "6 s", gates=gates, mode="n")]
        plant = make([{"cycle_time": 5}, {"cycle_time": 1, "failures": modes}], arrivals="saturated")
        assert times(run(plant, 14 * S), "A", "leave")[0] == left


def test_a_machine_that_gated_keeps_its_turn() -> None:
    """Rule 34: A is blocked for C from 4 on, B from 4.5 on; A is down from 5 to 8 and gives first, at 10."""
    first = {"cycle_time": 2, "next": [{"to": "C"}], "failures": [stop("5 s", "3 s", gates="all")]}
    simulation = run(make([first, {"cycle_time": 4.5}, {"cycle_time": 8}]), 19 * S)
    assert times(simulation, "A", "leave")[:2] == [2, 10]
    assert times(simulation, "B", "leave")[0] == 18


def test_a_failure_suspends_a_tool_change_and_ages_by_work_only() -> None:
    """Rule 20: changes of 4 s after each part; the calendar strikes at 3; the operating clock has seen work alone."""
    tool = {"life": "1 part", "change": "4 s"}
    plant = make([{"cycle_time": 2, "tool": tool, "failures": [stop("3 s", "10 s")]}])
    assert states(run(plant, 17 * S), "A")[:4] == [
        ("processing", "", 0, 2), ("setup", "tool", 2, 3), ("failed", "m", 3, 13), ("setup", "tool", 13, 16),
    ]  # fmt: skip
    worn = make([{"cycle_time": 2, "tool": tool, "failures": [stop("5 s", "1 s", clock="operating")]}])
    assert [begin for state, _, begin, _ in states(run(worn, 15 * S), "A") if state == "failed"] == [13]


def test_one_draw_decides_between_scrap_rework_and_good() -> None:
    """Rule 27: below the share of scrap it is scrap, in the share above it rework."""
    quality = {"scrap": 0.3, "rework": {"share": 0.3, "to": "A"}}
    simulation = run(make([{"cycle_time": 1, "quality": quality}]), 200 * S)
    draws = Stream(1, "l/A", "quality").uniforms(range(200))
    expected = ["scrap" if u < 0.3 else "rework" if u < 0.6 else "good" for u in draws]
    done = sorted((j for j in journeys(simulation) if j.finish is not None), key=lambda j: j.finish)
    assert [j.outcome for j in done] == expected[: len(done)]


def test_a_setup_comes_before_loading_and_each_machine_has_its_first_part() -> None:
    """Rule 29."""
    plant = described(
        [{"cycle_time": 4, "load": 1, "machines": 2, "setup": {"time": "3 s"}}],
        {"sequence": ["X", "Y"]},
        products=[{"name": "X"}, {"name": "Y"}],
    )
    simulation = run(plant, 30 * S)
    assert times(simulation, "A", "start")[:2] == [1, 1], "no setup for either machine"
    alone = described(
        [{"cycle_time": 4, "load": 1, "setup": {"time": "3 s"}}],
        {"sequence": ["X", "Y"]},
        products=[{"name": "X"}, {"name": "Y"}],
    )
    assert states(run(alone, 9 * S), "A")[2:4] == [("setup", "", 5, 8), ("processing", "load", 8, 9)]


@pytest.mark.parametrize(("sequence", "start"), [("XYXY", 4), ("XYYX", 7)])
def test_a_setup_looks_at_the_part_before_on_the_same_machine(sequence: str, start: int) -> None:
    """Rule 29: X is on machine 1, Y on 2; at 4 machine 1 has the third part, 2 the fourth; a setup takes 3 s."""
    station = {"cycle_time": 4, "machines": 2, "setup": {"time": "3 s"}}
    plant = described([station], {"sequence": list(sequence)}, products=[{"name": "X"}, {"name": "Y"}])
    assert times(run(plant, 8 * S), "A", "start")[:4] == [0, 0, start, start]


def test_a_batch_gathers_in_the_queue_and_in_an_idle_machine() -> None:
    """Rule 30: one place and three in the idle machine; three begin at 3, and from then on one place is left."""
    stations = [{"cycle_time": 1}, {"cycle_time": 10, "buffer": 1, "batch": {"size": 3}}]
    simulation = run(make(stations), 12 * S)
    assert times(simulation, "B", "start")[:3] == [3, 3, 3]
    assert times(simulation, "A", "leave") == [1, 2, 3, 4, None]


def test_of_several_kinds_a_full_batch_goes_first() -> None:
    """Rule 30: at 8.5 one Z has waited long enough since 3, two X are there, and three Y that came after them."""
    batch = {"size": 2, "minimum": 1, "wait": "3 s", "same": "product"}
    sequence = [{"product": product, "quantity": quantity} for product, quantity in (("W", 2), ("Z", 1), ("X", 2))]
    plant = described(
        [{"cycle_time": 6.5, "batch": batch}],
        {"arrivals": "every 1 s", "sequence": [*sequence, {"product": "Y", "quantity": 3}]},
        products=[{"name": name} for name in "WXYZ"],
    )
    begun = sorted((j.start / S, j.product) for j in journeys(run(plant, 9 * S)) if j.start is not None)
    assert begun == [(2, "W"), (2, "W"), (8.5, "X"), (8.5, "X")]


def test_a_batch_ends_together_and_leaves_one_by_one() -> None:
    """Rule 30: three parts are done at 6; B takes one and then one every 5 s, and A begins again when all have left."""
    batch = {"size": 3}
    plant = make([{"cycle_time": 6, "batch": batch}, {"cycle_time": 5}])
    first = journeys(run(plant, 30 * S), "A")[:4]
    assert [j.finish for j in first[:3]] == [6 * S] * 3
    assert [j.leave for j in first[:3]] == [6 * S, 11 * S, 16 * S]
    assert first[3].start == 16 * S


def test_parts_of_one_kind_make_a_batch() -> None:
    """Rule 30: X Y X Y come at 1, 2, 3, 4: two of a kind are there at 3 and, when the machine is free at 8, at 8."""
    batch = {"size": 2, "same": "product"}
    plant = described(
        [{"cycle_time": 5, "batch": batch}],
        {"arrivals": "every 1 s", "sequence": ["X", "Y"]},
        products=[{"name": "X"}, {"name": "Y"}],
    )
    begun = sorted((j.start / S, j.product) for j in journeys(run(plant, 9 * S)) if j.start is not None)
    assert begun == [(3, "X"), (3, "X"), (8, "Y"), (8, "Y")]


def test_a_failure_sends_the_operator_to_those_who_wait() -> None:
    """Rule 31: A fails at 2, its operator serves B from then on; A goes on when B is done, at 12, not at 3."""
    need = {"pool": "p", "for": ["process"]}
    plant = described(
        [{"cycle_time": 9, "failures": [stop("2 s", "1 s")], "operators": [need], "next": [{"to": "out"}]},
         {"cycle_time": 10, "operators": [need], "arrivals": "every 1 s"}],
        operators=[{"pool": "p", "count": 1}],
    )  # fmt: skip
    simulation = run(plant, 13 * S)
    assert times(simulation, "B", "start")[0] == 2
    assert states(simulation, "A")[:4] == [
        ("processing", "", 0, 2), ("failed", "m", 2, 3), ("waiting", "p", 3, 5), ("failed", "m", 5, 6),
    ]  # fmt: skip


def test_who_needs_two_is_not_passed_by_those_who_need_one() -> None:
    """Rule 31: C asks for two at 3, one is free; A's next request at 4 waits behind it."""
    one, two = {"pool": "p", "for": ["process"]}, {"pool": "p", "for": ["process"], "count": 2}
    entry = {"operators": [one], "next": [{"to": "out"}]}
    plant = described(
        [{**entry, "cycle_time": 4}, {**entry, "cycle_time": 6},
         {"cycle_time": 5, "operators": [two], "arrivals": "every 3 s"}],
        operators=[{"pool": "p", "count": 2}],
    )  # fmt: skip
    simulation = run(plant, 12 * S)
    assert times(simulation, "C", "start")[0] == 6
    assert times(simulation, "A", "start")[:2] == [0, 11]


@pytest.mark.parametrize(("said", "left"), [({}, 43), ({"accumulating": True}, 43), ({"accumulating": False}, 55)])
def test_a_belt_that_does_not_accumulate_stands_behind_a_waiting_part(said: dict[str, bool], left: int) -> None:
    """Rule 32: B works from 25 to 55, the second part is at the belt's end at 39; at 43 the third wants onto it."""
    belt = {"length": "10 m", "speed": "1 m/s", "capacity": 5, **said}
    stations = [{"cycle_time": 1}, {"cycle_time": 30, "transport": belt}]
    assert times(run(make(stations, arrivals="every 14 s"), 60 * S), "A", "leave")[:3] == [15, 29, left]


def test_a_part_that_has_closed_up_is_at_the_end_a_pitch_later() -> None:
    """Rule 32: X is in work to 41 and the belt full behind it; then the parts of 0.5 s come in a pitch of 2 s."""
    belt = {"length": "10 m", "speed": "1 m/s", "capacity": 5}
    plant = described(
        [{"cycle_time": 1}, {"cycle_time": 0.5, "transport": belt}],
        {"sequence": ["X", {"product": "Y", "quantity": 99}]},
        products=[{"name": "X", "cycle_times": {"B": "30 s"}}, {"name": "Y"}],
    )
    assert times(run(plant, 46 * S), "B", "start") == [11, 41, 43, 45]


@pytest.mark.parametrize(("dispatch", "next_at", "left"), [("longest-waiting", "C", 14.5), ("nearest", "B", 10.5)])
def test_a_vehicle_fetches_what_waits_longest_or_lies_nearest(dispatch: str, next_at: str, left: float) -> None:
    """Rule 33: called to B at 1.5, the vehicle comes from the first station, 5 s, and has set down at D at 9.5.

    C waits since 2, 5 s away, and B since 8, 1 s away: the way there is also the way back.
    """
    near = {"from": "B", "to": "D", "distance": "1 m"}
    fleet = {"fleet": "agv", "speed": "1 m/s", "distance": "5 m", "distances": [near], "unload": "2 s"}
    there = [{"to": "D"}]
    stations = [
        {"cycle_time": 1, "arrivals": "every 1000 s", "next": there},
        {"cycle_time": 1.5, "next": there},
        {"cycle_time": 2, "next": there},
        {"cycle_time": 1, "buffer": 9, "transport": {"fleet": "agv"}},
    ]
    simulation = run(described(stations, fleets=[{**fleet, "dispatch": dispatch}]), 15 * S)
    rides = sorted((j.leave / S, j.station) for j in journeys(simulation) if j.station in "BC" and j.leave is not None)
    assert rides[:2] == [(6.5, "B"), (left, next_at)]


def test_times_of_ways_do_what_lengths_at_a_speed_do() -> None:
    """The same rides: 5 s, and 1 s from B to D, there and back."""
    ways = {"from": "B", "to": "D"}
    stations = [
        {"cycle_time": 1, "next": [{"to": "D"}]},
        {"cycle_time": 1.5, "next": [{"to": "D"}]},
        {"cycle_time": 1},
        {"cycle_time": 1, "buffer": 9, "transport": {"fleet": "agv"}},
    ]
    by_length = {"speed": "2 m/s", "distance": "10 m", "distances": [{**ways, "distance": "2 m"}]}
    by_time = {"time": "5 s", "distances": [{**ways, "time": "1 s"}]}
    mixed = {"speed": "2 m/s", "distance": "10 m", "distances": [{**ways, "time": "1 s"}]}
    plants = [described(stations, fleets=[{"fleet": "agv", **way}]) for way in (by_length, by_time, mixed)]
    one, *others = (journeys(run(plant, 60 * S)) for plant in plants)
    assert others == [one, one]
    assert len({j.leave for j in one}) > 5


def test_vehicles_charge_between_two_rides() -> None:
    """Rule 33: a ride drives 5 s there and 5 s back; after 5 s or more it charges for 20 s with its part set down."""
    fleet = {"fleet": "agv", "speed": "1 m/s", "distance": "5 m", "charging": {"after": "5 s", "time": "20 s"}}
    stations = [{"cycle_time": 1}, {"cycle_time": 1, "buffer": 9, "transport": {"fleet": "agv"}}]
    simulation = run(described(stations, fleets=[fleet]), 70 * S)
    assert times(simulation, "B", "enter")[:3] == [6, 36, 66]
    assert times(simulation, "A", "leave")[:3] == [1, 31, 61]


def test_the_next_maintenance_counts_from_the_end_of_the_last_and_renews_clocks() -> None:
    """Rule 37: done from 10 to 13 and from 23 to 26; the failure clock of 12 s begins anew each time and never ends."""
    task = {"every": "10 s", "time": "3 s", "renews": ["m"]}
    plant = make([{"cycle_time": 1, "maintenance": [task], "failures": [stop("14 s", "1 s")]}])
    found = states(run(plant, 40 * S), "A")
    assert [s[2:] for s in found if s[0] == "maintenance"] == [(10, 13), (23, 26), (36, 39)]
    assert not [s for s in found if s[0] == "failed"]


# --- exact answers where rules have none from elsewhere ----------------------------------------------------------


def rate(plant: Plant, parts: int) -> tuple[float, float]:
    """Throughput per second of eight replications and the half width that holds it at six standard errors."""
    runs = []
    for seed in range(8):
        until = parts * S
        simulation = run(plant, until, seed=seed, keep=False, window=(until // 20, until))
        runs.append(summarise(simulation, until // 20, until)["l"]["throughput_per_s"])
    return float(np.mean(runs)), 6 * float(np.std(runs, ddof=1)) / 8**0.5


@pytest.mark.parametrize("part", ["resume", "restart", "scrap"])
def test_what_becomes_of_a_struck_part_has_its_exact_rate(part: str) -> None:
    """Work of 4 s, failures after exponential 10 s of work, repairs of 3 s; with x = exp(-0.4) a part survives.

    Good parts per second: resumed 1 / (4 + 0.4 * 3); restarted until one survives, 1 / ((1 / x - 1) (10 + 3)); scrapped
    as often, but the work that is lost ends with the failure: the same by renewal.
    """
    failure = {"mode": "m", "time_to_failure": "exponential(10 s)", "time_to_repair": "3 s", "part": part}
    x = math.exp(-0.4)
    expected = 1 / (4 + 0.4 * 3) if part == "resume" else 1 / ((1 / x - 1) * (10 + 3))
    found, bound = rate(make([{"cycle_time": 4, "failures": [failure]}]), 30_000)
    assert bound < 0.03 * expected
    assert abs(found - expected) < bound


def test_independent_modes_multiply() -> None:
    """Rule 18: two calendar modes of availability 0.8 and 0.9 let a machine work 0.72 of the time."""
    modes = [
        {"mode": mode, "clock": "calendar", "availability": share, "time_to_repair": "exponential(5 s)"}
        for mode, share in (("a", 0.8), ("b", 0.9))
    ]
    found, bound = rate(make([{"cycle_time": 1, "failures": modes}]), 30_000)
    assert bound < 0.03
    assert abs(found - 0.72) < bound


def stationary(first: Any, moves: Any) -> dict[Any, float]:
    """Probabilities of the states of a Markov chain: `moves(state)` gives pairs of rate and next state."""
    index, todo = {first: 0}, [first]
    edges = []
    while todo:
        state = todo.pop()
        for speed, to in moves(state):
            if to not in index:
                index[to] = len(index)
                todo.append(to)
            edges.append((index[state], index[to], speed))
    flow = np.zeros((len(index), len(index)))
    for a, b, speed in edges:
        flow[b, a] += speed
        flow[a, a] -= speed
    flow[0] = 1
    found = np.linalg.solve(flow, np.eye(len(index))[0])
    return {state: float(found[i]) for state, i in index.items()}


def test_parallel_machines_before_service() -> None:
    """Rule 7: two machines of mean 1, then two of mean 2 with one place: three reservations. At most three are at work
    toward or at the second station, so the state (working at A, at B) fills up to 2 and to 3 in all.
    """

    def moves(state: tuple[int, int]) -> list[tuple[float, tuple[int, int]]]:
        a, b = state
        found = []
        if a:
            found.append((a * 1.0, (min(2, 3 - (b + 1)), b + 1)))
        if b:
            found.append((min(b, 2) * 0.5, (min(2, 3 - (b - 1)), b - 1)))
        return found

    chances = stationary((2, 0), moves)
    expected = sum(p * min(b, 2) * 0.5 for (_, b), p in chances.items())
    stations = [
        {"cycle_time": "exponential(1 s)", "machines": 2},
        {"cycle_time": "exponential(2 s)", "machines": 2, "buffer": 1},
    ]
    found, bound = rate(make(stations, blocking="before-service"), 20_000)
    assert bound < 0.03 * expected
    assert abs(found - expected) < bound


def test_two_branches_merge_first_come_first_served() -> None:
    """Rule 8: A and B, saturated, lead to C with one place. State: which of A and B are blocked, parts at C."""

    def moves(state: tuple[int, int]) -> list[tuple[float, tuple[int, int]]]:
        blocked, at_c = state
        found = []
        if blocked < 2:
            found.append(((2 - blocked) * 1.0, (blocked, at_c + 1) if at_c < 2 else (blocked + 1, at_c)))
        if at_c:
            found.append((1.5, (blocked - 1, at_c) if blocked else (blocked, at_c - 1)))
        return found

    chances = stationary((0, 0), moves)
    expected = sum(1.5 * p for (_, at_c), p in chances.items() if at_c)
    plant = make(
        [
            {"cycle_time": "exponential(1 s)", "next": [{"to": "C"}]},
            {"cycle_time": "exponential(1 s)"},
            {"cycle_time": f"exponential({2 / 3:.9f} s)", "buffer": 1},
        ]
    )
    found, bound = rate(plant, 20_000)
    assert bound < 0.03 * expected
    assert abs(found - expected) < bound


def test_rework_up_the_line_moves_in_rings() -> None:
    """Rule 12: A saturated, B sends 30 % back to A, no places. A is always full, so B is blocked with its rework while
    A works; when A is done they swap. State: A works or is blocked; B is empty, works or is blocked.
    """
    share = 0.3

    def moves(state: tuple[str, str]) -> list[tuple[float, tuple[str, str]]]:
        a, b = state
        found = []
        if a == "work":  # done: to B if it is empty, swap if B is blocked for A, else blocked
            after = {"empty": ("work", "work"), "blocked": ("work", "work"), "work": ("blocked", "work")}
            found.append((1.0, after[b]))
        if b == "work":  # good: out, A's part moves up; bad: swap with a blocked A, or wait for A
            moved = ("work", "work") if a == "blocked" else ("work", "empty")
            found.append((1 - share, moved))
            found.append((share, ("work", "work") if a == "blocked" else ("work", "blocked")))
        return found

    chances = stationary(("work", "empty"), moves)
    expected = sum((1 - share) * p for (_, b), p in chances.items() if b == "work")
    stations = [
        {"cycle_time": "exponential(1 s)"},
        {"cycle_time": "exponential(1 s)", "quality": {"rework": {"share": share, "to": "A"}}},
    ]
    found, bound = rate(make(stations), 20_000)
    assert bound < 0.03 * expected
    assert abs(found - expected) < bound
