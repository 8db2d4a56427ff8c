"""The rules of a line, one by one, on lines so small that the answer can be counted on fingers."""

from typing import Any

import pytest

from plant.distributions import constant
from plant.errors import SimulationError
from plant.time import DEFAULT_START, HOUR
from simulators import Simulation, summarise
from tests.simulators.building import S, journeys, make, run, states, times

WORK, DOWN, BLOCKED, STARVED = "processing", "failed", "blocked", "starved"


def stop(up: str, down: str, clock: str = "calendar", part: str = "resume", mode: str = "stop") -> dict[str, Any]:
    return {"mode": mode, "clock": clock, "part": part, "time_to_failure": up, "time_to_repair": down}


# --- time ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("a", "b", "first"), [(4, 1, "A"), (1, 4, "B")])
def test_of_one_instant_what_was_set_first_happens_first(a: int, b: int, first: str) -> None:
    """Rule 3: both end work at 4; the operation of 4 s was begun at 0, the other one at 3."""
    stations = [{"cycle_time": a, "next": [{"to": "C"}]}, {"cycle_time": b}, {"cycle_time": "0.1 s", "buffer": 9}]
    simulation = run(make(stations), 5 * S)
    came = {j.part: j.start for j in journeys(simulation, "C") if j.enter == 4 * S}
    assert next(j.station for j in journeys(simulation) if j.part == min(came, key=came.get)) == first


def test_times_are_whole_microseconds() -> None:
    """Rule 1: draws are rounded once, everything after that is a sum of integers."""
    simulation = run(make([{"cycle_time": "exponential(1 s)", "load": "uniform(0 s, 1 s)"}]), 20 * S)
    for j in journeys(simulation):
        assert {type(t) for t in (j.enter, j.start, j.finish, j.leave)} <= {int, type(None)}


# --- flow ----------------------------------------------------------------------------------------------------------


def test_the_first_timed_arrival_comes_after_one_interval() -> None:
    """Rule 4."""
    simulation = run(make([{"cycle_time": 1}], arrivals="every 4 s"), 13 * S)
    assert times(simulation, "A", "enter") == [4, 8, 12]


def test_an_entry_with_timed_arrivals_has_room_without_end() -> None:
    """Rule 6: lead time begins on arrival, however many wait already."""
    simulation = run(make([{"cycle_time": 10}], arrivals="every 1 s"), 25 * S)
    assert times(simulation, "A", "enter")[:4] == [1, 2, 3, 4]
    assert times(simulation, "A", "start")[:4] == [1, 11, 21, None]


def test_a_part_that_finds_the_entry_full_waits_outside() -> None:
    """Rule 26: outside there is no lead time and no WIP; how many wait there is reported apart."""
    simulation = run(make([{"cycle_time": 10, "buffer": 1}], arrivals="every 4 s"), 40 * S)
    assert times(simulation, "A", "enter") == [4, 8, 14, 24, 34]
    assert simulation.ledger.waiting_outside("l")[:4] == [(12 * S, 1), (14 * S, 0), (16 * S, 1), (20 * S, 2)]
    figures = summarise(simulation, 10 * S, 20 * S)["l"]
    assert figures["waiting_outside_mean"] == pytest.approx((2 * 1 + 4 * 1) / 10)
    assert figures["wip_mean"] == pytest.approx(2)
    third = summarise(simulation, 30 * S, 40 * S)["l"]["lead_time_s"]["mean"]
    assert third == 20, "it came at 12, had a place from 14 on, and left at 34"


def test_a_saturated_entry_needs_no_buffer_and_fills_one_that_is_given() -> None:
    """Rule 6: parts in a given buffer count in WIP and lead time."""
    bare = summarise(run(make([{"cycle_time": 5}]), 100 * S), 20 * S, 100 * S)["l"]
    given = summarise(run(make([{"cycle_time": 5, "buffer": 3}]), 100 * S), 20 * S, 100 * S)["l"]
    assert bare["wip_mean"] == 1
    assert given["wip_mean"] == 4
    assert bare["lead_time_s"]["mean"] == 5
    assert given["lead_time_s"]["mean"] == 20
    assert bare["throughput_per_s"] == given["throughput_per_s"] == 0.2


def test_after_service_a_finished_part_keeps_its_machine() -> None:
    """Rule 7."""
    simulation = run(make([{"cycle_time": 1}, {"cycle_time": 3}]), 12 * S)
    assert states(simulation, "A") == [
        (WORK, "", 0, 2), (BLOCKED, "B", 2, 4), (WORK, "", 4, 5), (BLOCKED, "B", 5, 7),
        (WORK, "", 7, 8), (BLOCKED, "B", 8, 10), (WORK, "", 10, 11), (BLOCKED, "B", 11, 12),
    ]  # fmt: skip


def test_before_service_work_waits_for_a_place_that_is_certain() -> None:
    """Rule 7: with buffer 0 and one machine there is one reservation; it comes back when work downstream ends."""
    simulation = run(make([{"cycle_time": 1}, {"cycle_time": 3}], blocking="before-service"), 9 * S)
    assert times(simulation, "A", "start")[:3] == [0, 4, 8]
    assert states(simulation, "A") == [
        (WORK, "", 0, 1), (BLOCKED, "B", 1, 4), (WORK, "", 4, 5), (BLOCKED, "B", 5, 8),
        (WORK, "", 8, 9),
    ]  # fmt: skip


def test_before_service_the_machines_downstream_count_as_places() -> None:
    """Rule 7: buffer 0 and two machines are two reservations."""
    simulation = run(make([{"cycle_time": 1}, {"cycle_time": 5, "machines": 2}], blocking="before-service"), 8 * S)
    assert times(simulation, "A", "start")[:4] == [0, 1, 6, 7]


def test_before_service_a_part_waits_loaded_and_blocked_in_its_machine() -> None:
    """Rule 7 with 24: loading needs no reservation."""
    plant = make([{"cycle_time": 1, "load": 1}, {"cycle_time": 5}], blocking="before-service")
    simulation = run(plant, 10 * S)
    assert states(simulation, "A")[:5] == [
        (WORK, "load", 0, 1), (WORK, "", 1, 2), (WORK, "load", 2, 3), (BLOCKED, "B", 3, 7),
        (WORK, "", 7, 8),
    ]  # fmt: skip


def test_a_reservation_comes_back_when_work_ends_not_when_the_part_leaves() -> None:
    """Rule 7: B works to 4 and unloads to 6; A begins at 4 and waits with its part from 5 to 6."""
    simulation = run(make([{"cycle_time": 1}, {"cycle_time": 3, "unload": 2}], blocking="before-service"), 10 * S)
    assert times(simulation, "A", "start")[:3] == [0, 4, 9]
    assert times(simulation, "A", "leave")[:2] == [1, 6]


def test_a_failed_machine_keeps_its_turn_for_a_reservation_and_lets_others_pass() -> None:
    """Rule 7: A and B in turn have the one place of C; A is down from 14 to 25, and first again at 27."""
    first = {"cycle_time": 1, "next": [{"to": "C"}], "failures": [stop("14 s", "11 s")]}
    plant = make([first, {"cycle_time": "1.5 s"}, {"cycle_time": 4}], blocking="before-service")
    simulation = run(plant, 33 * S)
    assert times(simulation, "A", "start")[:2] == [5.5, 27]
    assert times(simulation, "B", "start") == [0, 10.5, 16, 21.5, 32]


def test_blocked_machines_give_in_the_order_in_which_they_became_blocked() -> None:
    """Rules 8 and 9."""
    simulation = run(make([{"cycle_time": "uniform(1 s, 9 s)", "machines": 3}, {"cycle_time": 7}]), 300 * S, seed=3)
    line = journeys(simulation, "A")
    done = [j for j in line if j.leave is not None]
    left = sorted(done, key=lambda j: j.leave)
    assert left == sorted(done, key=lambda j: j.finish)
    assert left != done


def test_a_part_goes_to_the_lowest_free_machine_that_is_up() -> None:
    """Rule 9."""
    plant = make([{"cycle_time": 3, "machines": 3}], arrivals="every 2 s")
    assert [j.machine for j in journeys(run(plant, 21 * S))][:6] == [1, 2, 1, 2, 1, 2]


def test_a_part_goes_to_a_failed_machine_only_if_no_other_is_free_and_stays_there() -> None:
    """Rule 9: machine 1 is down from 5 to 25, machine 2 never."""
    plant = make(
        [
            {"cycle_time": 1},
            {"cycle_time": 4, "machines": 2, "buffer": 9, "failures": [stop("uniform(5 s, 400 s)", "20 s")]},
        ],
        arrivals="every 3 s",
    )
    for seed in range(200):
        simulation = run(plant, 60 * S, seed=seed)
        first, second = ([i for i in states(simulation, "B", m) if i[0] == "failed"] for m in (1, 2))
        if len(first) == 1 and not second and first[0][3] < 50:
            _, _, begin, end = first[0]
            during = [j for j in journeys(simulation, "B") if begin < j.enter / S < end]
            first = [j for j in journeys(simulation, "B") if j.machine == 1]
            held = [j for j in first if j.enter / S <= begin < (j.leave or 1e9) / S]
            if not held and any(j.machine == 1 for j in during):
                break
    stuck = [j for j in during if j.machine == 1]
    assert len(stuck) == 1, "one part goes into the failed machine and stays; the others wait for the other one"
    assert stuck[0].start == round(end * S)
    busy = [j for j in journeys(simulation, "B") if j.machine == 2 and j.start <= stuck[0].enter < j.leave]
    assert len(busy) == 1, "it went there because the other machine held a part"


def test_a_part_stays_in_the_failed_machine_that_it_went_to_for_want_of_another() -> None:
    """Rule 9: parts come every 4 s; the second, on machine 1 at 9, and the fourth, on machine 2 at 17, are lost.

    The third goes to machine 2, for 1 is down to 29; the sixth goes to machine 2, down to 37, and stays there, though
    machine 1 is free at 31 and takes the seventh out of the queue.
    """
    lost = stop("3 s", "20 s", "operating", "scrap")
    simulation = run(make([{"cycle_time": 2, "machines": 2, "failures": [lost]}], arrivals="every 4 s"), 38 * S)
    assert [j.machine for j in journeys(simulation)][:7] == [1, 1, 2, 2, 1, 2, 1]
    assert times(simulation, "A", "start")[:7] == [4, 8, 12, 16, 29, 37, 31]


def test_a_part_on_its_way_holds_its_place() -> None:
    """Rule 10: with buffer 1 the next may leave when the one before has gone into the machine."""
    simulation = run(make([{"cycle_time": 1}, {"cycle_time": 1, "buffer": 1, "transport": 5}]), 20 * S)
    assert times(simulation, "A", "leave") == [1, 6, 11, 16, None]
    none = run(make([{"cycle_time": 1}, {"cycle_time": 1, "buffer": 0, "transport": 5}]), 20 * S)
    assert times(none, "A", "leave") == [1, 7, 13, 19, None]


def test_nobody_overtakes_on_the_way() -> None:
    """Rule 10."""
    plant = make([{"cycle_time": 1}, {"cycle_time": "0.1 s", "buffer": 9, "transport": "uniform(0 s, 20 s)"}])
    entered = times(run(plant, 500 * S), "B", "enter")
    assert entered == sorted(entered)


def test_there_is_no_way_into_the_first_station() -> None:
    simulation = run(make([{"cycle_time": 1, "transport": 5}]), 3 * S)
    assert times(simulation, "A", "enter") == [0, 1, 2, 3]


# --- stops ---------------------------------------------------------------------------------------------------------


def test_an_operating_clock_ages_in_work_only() -> None:
    """Rule 15: blocked from 1 to 10 and so on, A has worked 3 s at 21."""
    plant = make([{"cycle_time": 1, "failures": [stop("2.5 s", "1 s", "operating")]}, {"cycle_time": 10}])
    assert states(run(plant, 15 * S), "A") == [
        (WORK, "", 0, 2), (BLOCKED, "B", 2, 11), (WORK, "", 11, 11.5), (DOWN, "stop", 11.5, 12.5),
        (WORK, "", 12.5, 13), (BLOCKED, "B", 13, 15),
    ]  # fmt: skip


def test_a_calendar_clock_ages_always_and_anew_from_the_end_of_the_repair() -> None:
    """Rule 15: 4 s up, 3 s down, whether it works or not."""
    plant = make([{"cycle_time": 1, "failures": [stop("4 s", "3 s")]}], arrivals="every 100 s")
    assert states(run(plant, 20 * S), "A") == [
        (STARVED, "", 0, 4), (DOWN, "stop", 4, 7), (STARVED, "", 7, 11), (DOWN, "stop", 11, 14),
        (STARVED, "", 14, 18), (DOWN, "stop", 18, 20),
    ]  # fmt: skip


def test_an_operating_failure_due_at_the_end_of_an_operation_strikes_at_the_start_of_the_next() -> None:
    """Rule 16: no failure begins on an idle machine, and the part has begun when it is struck."""
    plant = make([{"cycle_time": 2, "failures": [stop("4 s", "3 s", "operating")]}], arrivals="every 5 s")
    simulation = run(plant, 26 * S)
    assert times(simulation, "A", "start") == [5, 10, 15, 20, 25]
    assert times(simulation, "A", "finish") == [7, 12, 20, 22, None]
    assert states(simulation, "A")[5:7] == [(DOWN, "stop", 15, 18), (WORK, "", 18, 22)]


def test_an_operation_ends_before_a_calendar_failure_of_that_instant() -> None:
    """Rule 17: the part leaves, the next one waits for the end of the repair."""
    plant = make([{"cycle_time": 4, "failures": [stop("4 s", "3 s", part="scrap")]}])
    simulation = run(plant, 15 * S)
    done = [(j.start, j.finish, j.outcome) for j in journeys(simulation)][:2]
    assert done == [(0, 4 * S, "good"), (7 * S, 11 * S, "good")]
    assert states(simulation, "A")[:3] == [(WORK, "", 0, 4), (DOWN, "stop", 4, 7), (WORK, "", 7, 11)]


@pytest.mark.parametrize("seed", range(5))
def test_no_operation_begins_at_the_instant_of_a_calendar_failure(seed: int) -> None:
    """Rule 17: whichever SimPy would have first; whole seconds make such ties all the time."""
    plant = make(
        [
            {"cycle_time": "geometric(0.4)"},
            {
                "cycle_time": "geometric(0.5)",
                "buffer": 1,
                "failures": [stop("geometric(0.3)", "geometric(0.5)", part="restart")],
            },
        ]
    )
    simulation = run(plant, 2000 * S, seed=seed)
    down = {(begin, end) for state, _, begin, end in states(simulation, "B") if state == "failed"}
    starts = [t for t in times(simulation, "B", "start") if t is not None]
    assert down
    assert not [(t, b) for t in starts for b, e in down if b <= t < e]


def test_modes_are_independent_and_repairs_overlap() -> None:
    """Rule 18: work goes on when the last repair has ended; the operating clock stands meanwhile."""
    plant = make(
        [{"cycle_time": 100, "failures": [stop("10 s", "20 s", mode="long"), stop("8 s", "3 s", mode="short")]}]
    )
    assert states(run(plant, 33 * S), "A") == [
        (WORK, "", 0, 8), (DOWN, "short", 8, 10), (DOWN, "long+short", 10, 11), (DOWN, "long", 11, 19),
        (DOWN, "long+short", 19, 22), (DOWN, "long", 22, 30), (DOWN, "short", 30, 33),
    ]  # fmt: skip


def test_operating_clocks_stand_while_another_mode_is_down() -> None:
    """Rule 18."""
    modes = [stop("10 s", "20 s", mode="calendar"), stop("12 s", "1 s", "operating", mode="operating")]
    assert states(run(make([{"cycle_time": 100, "failures": modes}]), 34 * S), "A") == [
        (WORK, "", 0, 10), (DOWN, "calendar", 10, 30), (WORK, "", 30, 32), (DOWN, "operating", 32, 33),
        (WORK, "", 33, 34),
    ]  # fmt: skip


def test_two_operating_clocks_that_run_out_at_once_strike_both() -> None:
    modes = [stop("6 s", "4 s", "operating", mode="a"), stop("6 s", "2 s", "operating", mode="b")]
    assert states(run(make([{"cycle_time": 10, "failures": modes}]), 12 * S), "A") == [
        (WORK, "", 0, 6), (DOWN, "a+b", 6, 8), (DOWN, "a", 8, 10), (WORK, "", 10, 12)
    ]  # fmt: skip


def test_parts_enter_and_leave_a_failed_machine() -> None:
    """Rule 19: blocked with a finished part when it fails, A hands it over at 10 and takes the next one, still down."""
    plant = make([{"cycle_time": 1, "failures": [stop("5 s", "20 s")]}, {"cycle_time": 10}])
    simulation = run(plant, 26 * S)
    assert times(simulation, "A", "leave")[:2] == [1, 11]
    assert journeys(simulation, "A")[2].enter == 11 * S
    assert journeys(simulation, "A")[2].start == 25 * S
    assert states(simulation, "A")[2:4] == [(DOWN, "stop", 5, 25), (WORK, "", 25, 26)]


def test_a_resumed_part_needs_what_was_left() -> None:
    """Rule 19."""
    plant = make([{"cycle_time": 7, "failures": [stop("5 s", "3 s")]}])
    assert journeys(run(plant, 11 * S))[0].finish == 10 * S


def test_a_restarted_part_begins_anew_with_a_draw_of_its_own_stream() -> None:
    """Rules 2 and 19: the cycle stream goes on as if nothing had happened."""
    stations = [{"cycle_time": "uniform(4 s, 8 s)", "failures": [stop("20 s", "1 s", part="restart")]}]
    plain = [{"cycle_time": "uniform(4 s, 8 s)"}]
    struck, whole = journeys(run(make(stations), 60 * S)), journeys(run(make(plain), 60 * S))
    hit = next(i for i, j in enumerate(struck) if j.start < 20 * S < j.finish)
    assert struck[hit].finish >= 21 * S + 4 * S
    assert struck[hit].finish - 21 * S != whole[hit].finish - whole[hit].start
    after, before = struck[hit + 1], whole[hit + 1]
    assert after.finish - after.start == before.finish - before.start


def test_a_part_scrapped_by_a_failure_is_out_at_once_and_the_next_waits_in_the_machine() -> None:
    """Rule 19."""
    plant = make([{"cycle_time": 7, "failures": [stop("5 s", "3 s", part="scrap")]}])
    first, second, *_ = journeys(run(plant, 20 * S))
    assert (first.finish, first.leave, first.outcome) == (5 * S, 5 * S, "scrap")
    assert (second.enter, second.start) == (5 * S, 8 * S)


def test_a_part_scrapped_by_a_failure_is_not_unloaded() -> None:
    """Rule 19: it leaves at 5; the next comes then and is in work from the end of the repair on."""
    plant = make([{"cycle_time": 7, "unload": 2, "failures": [stop("5 s", "3 s", part="scrap")]}])
    first, second, *_ = journeys(run(plant, 20 * S))
    assert (first.finish, first.leave) == (5 * S, 5 * S)
    assert (second.enter, second.start) == (5 * S, 8 * S)


def test_a_failure_that_says_no_more_ages_in_work_and_resumes() -> None:
    """Rules 15 and 19: what is left out. Five seconds of work are over at 6, and again at 14 and 22."""
    failure = {"mode": "m", "time_to_failure": "5 s", "time_to_repair": "3 s"}
    simulation = run(make([{"cycle_time": 7, "failures": [failure]}], arrivals="every 1 s"), 30 * S)
    assert times(simulation, "A", "finish")[:3] == [11, 21, None]


@pytest.mark.parametrize("part", ["restart", "scrap"])
def test_a_failure_touches_only_a_part_whose_operation_has_begun_and_not_ended(part: str) -> None:
    """Rule 19: neither one that is being loaded or unloaded, nor one that waits."""
    loaded = make([{"cycle_time": 2, "load": 4, "unload": 4, "failures": [stop("3 s", "1 s", part=part)]}])
    first = journeys(run(loaded, 30 * S))[0]  # 0-3 loading, down to 4, 4-5 loading, 5-7 work; then down at 7
    assert (first.enter, first.start, first.finish) == (0, 5 * S, 7 * S)
    assert (first.leave, first.outcome) == (13 * S, "good")  # 7-8 down, 8-11 unloading, 11-12 down, 12-13 unloading
    blocked = make([{"cycle_time": 2, "failures": [stop("5 s", "1 s", part=part)]}, {"cycle_time": 50}])
    assert {j.outcome for j in journeys(run(blocked, 40 * S), "A")} == {"good", "inside"}


@pytest.mark.parametrize(("part", "outcome"), [("scrap", "scrap"), ("restart", "inside"), ("resume", "inside")])
def test_a_part_struck_at_its_very_start_is_touched(part: str, outcome: str) -> None:
    """Rules 16 and 19."""
    plant = make([{"cycle_time": 2, "failures": [stop("4 s", "3 s", "operating", part=part)]}])
    third = journeys(run(plant, 5 * S))[2]
    assert (third.start, third.outcome) == (4 * S, outcome)


def test_of_several_modes_that_strike_at_once_the_hardest_decides() -> None:
    modes = [stop("5 s", "3 s", part=part, mode=part) for part in ("resume", "restart", "scrap")]
    first = journeys(run(make([{"cycle_time": 7, "failures": modes}]), 20 * S))[0]
    assert (first.finish, first.outcome) == (5 * S, "scrap")


def test_availability_is_a_share_of_the_time_of_its_clock() -> None:
    failure = {"mode": "stop", "clock": "calendar", "availability": "80 %", "time_to_repair": "exponential(10 s)"}
    simulation = run(make([{"cycle_time": 60, "failures": [failure]}]), 40 * HOUR)
    share = summarise(simulation, 0, 40 * HOUR)["l"]["stations"]["A"]["share"]
    assert share["failed"] == pytest.approx(0.2, abs=0.01)


# --- handling ------------------------------------------------------------------------------------------------------


def test_loading_and_unloading_are_processing_with_a_reason_and_no_operating_clock_ages() -> None:
    """Rule 24."""
    plant = make([{"cycle_time": 2, "load": 1, "unload": 1, "failures": [stop("3 s", "5 s", "operating")]}])
    assert states(run(plant, 13 * S), "A") == [
        (WORK, "load", 0, 1), (WORK, "", 1, 3), (WORK, "unload", 3, 4), (WORK, "load", 4, 5),
        (WORK, "", 5, 6), (DOWN, "stop", 6, 11), (WORK, "", 11, 12), (WORK, "unload", 12, 13),
    ]  # fmt: skip


def test_a_calendar_failure_interrupts_handling() -> None:
    """Rule 24."""
    plant = make([{"cycle_time": 2, "load": 4, "failures": [stop("3 s", "5 s")]}])
    assert states(run(plant, 11 * S), "A") == [
        (WORK, "load", 0, 3), (DOWN, "stop", 3, 8), (WORK, "load", 8, 9), (WORK, "", 9, 11)
    ]  # fmt: skip


def test_unloading_comes_before_blocking() -> None:
    """Rule 24."""
    plant = make([{"cycle_time": 2, "unload": 1}, {"cycle_time": 9}])
    assert states(run(plant, 12 * S), "A") == [
        (WORK, "", 0, 2), (WORK, "unload", 2, 3), (WORK, "", 3, 5), (WORK, "unload", 5, 6),
        (BLOCKED, "B", 6, 12),
    ]  # fmt: skip


# --- scrap and counting --------------------------------------------------------------------------------------------


def test_scrap_is_judged_at_the_end_of_work_unloaded_and_taken_out_without_blocking() -> None:
    plant = make([{"cycle_time": 2, "unload": 1, "quality": {"scrap": 1}}, {"cycle_time": 9}])
    simulation = run(plant, 12 * S)
    assert [(j.finish, j.leave, j.outcome) for j in journeys(simulation, "A")][:2] == [
        (2 * S, 3 * S, "scrap"), (5 * S, 6 * S, "scrap")
    ]  # fmt: skip
    assert not journeys(simulation, "B")
    assert summarise(simulation, 0, 12 * S)["l"]["parts_scrapped"] == 3
    assert summarise(simulation, 0, 12 * S)["l"]["throughput_per_s"] == 0, "rule 25: good parts only"
    assert summarise(simulation, 0, 12 * S)["l"]["lead_time_s"]["mean"] is None, "rule 26: of good parts only"
    assert summarise(simulation, 0, 12 * S)["l"]["stations"]["A"]["parts_out"] == 0


def test_scrap_gives_its_reservation_back() -> None:
    """Rule 7: a scrapped part needs no place downstream."""
    plant = make([{"cycle_time": 2, "quality": {"scrap": 1}}, {"cycle_time": 9}], blocking="before-service")
    assert times(run(plant, 9 * S), "A", "start") == [0, 2, 4, 6, 8]


def test_a_part_lost_in_a_failure_gives_both_reservations_back() -> None:
    """Rule 7: the one downstream that it held, and the place in its own station."""
    stations = [{"cycle_time": 1}, {"cycle_time": 4, "failures": [stop("3 s", "2 s", part="scrap")]}, {"cycle_time": 1}]
    simulation = run(make(stations, blocking="before-service"), 12 * S)
    assert times(simulation, "A", "start")[:3] == [0, 3, 8]
    assert times(simulation, "B", "start")[:2] == [1, 5]


def test_a_part_leaving_at_the_end_of_the_window_does_not_count() -> None:
    """Rule 25: warm-up ≤ t < end."""
    simulation = run(make([{"cycle_time": 5}]), 100 * S)
    assert summarise(simulation, 10 * S, 20 * S)["l"]["parts_out"] == 2
    assert summarise(simulation, 10 * S, 20 * S + 1)["l"]["parts_out"] == 3
    assert summarise(simulation, 10 * S + 1, 20 * S)["l"]["parts_out"] == 1


def test_lead_time_is_of_parts_leaving_in_the_window_also_those_that_entered_before() -> None:
    """Rule 26."""
    plant = make([{"cycle_time": 5}, {"cycle_time": 10}])
    simulation = run(plant, 100 * S)
    assert summarise(simulation, 50 * S, 60 * S)["l"]["lead_time_s"] == {"mean": 20, "p50": 20, "p95": 20}
    assert summarise(simulation, 50 * S, 54 * S)["l"]["lead_time_s"] == {"mean": None, "p50": None, "p95": None}


# --- the end of time -----------------------------------------------------------------------------------------------


def test_time_that_does_not_pass_is_an_error_and_no_hang(monkeypatch) -> None:
    """Rule 3."""
    monkeypatch.setattr("simulators.agenda.CROWD", 10_000)
    plant = make([{"cycle_time": 1}])
    timeless = plant.lines[0].stations[0].model_copy(update={"cycle_time": constant(0)})
    plant = plant.model_copy(update={"lines": (plant.lines[0].model_copy(update={"stations": (timeless,)}),)})
    with pytest.raises(SimulationError, match="time does not pass"):
        Simulation(plant, messages=False, keep=False).advance(DEFAULT_START + S)


def test_a_chain_of_blocked_machines_may_be_as_long_as_the_line() -> None:
    """All of 400 machines wait for the last one and move on in the same instant."""
    row = [{"name": f"M{i}", "cycle_time": "1 s"} for i in range(400)]
    row[-1] = {"name": "last", "cycle_time": "1 h"}
    simulation = run(make(row), 2 * HOUR)
    moved = [j.leave for j in journeys(simulation) if j.leave is not None and j.leave > HOUR]
    assert moved == [399 * S + HOUR] * 400


@pytest.mark.parametrize("limit", [{"wip_limit": 3}, {"pallets": {"count": 3}}], ids=["limit", "pallets"])
@pytest.mark.parametrize("quality", [{}, {"quality": {"scrap": "100 %"}}], ids=["good", "scrap"])
def test_who_comes_in_for_a_part_that_leaves_is_behind_those_who_wait(limit, quality) -> None:
    """Rules 8 and 14: the part that leaves makes room for a new one before the next one is on the machine."""
    stations = [{"name": "A", "cycle_time": "1 s", "buffer": 3, **quality}]
    simulation = run(make(stations, **limit), 6 * S)
    assert times(simulation, "A", "start")[:7] == [0, 1, 2, 3, 4, 5, 6]
