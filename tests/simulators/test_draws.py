"""Which draw is whose (rule 2): every row of the table, on lines in which parts, operations and visits count apart."""

from itertools import accumulate, count
from typing import Any

import pytest

from plant.description import Plant
from plant.distributions import Draws, parse_distribution
from plant.draws import Stream
from plant.time import MILLISECOND
from simulators import Simulation
from tests.simulators.building import S, journeys, make, run, states

SEED = 3
SHORT, LONG = "uniform(1 s, 2 s)", "uniform(1 s, 5 s)"


def draws(path: str, purpose: str, text: str) -> Draws:
    return Draws(parse_distribution(text), Stream(SEED, path, purpose))


def first(number: int, of: Any) -> list[Any]:
    return [of(k) for k in range(number)]


def share(path: str, purpose: str, k: int) -> float:
    return Stream(SEED, path, purpose).uniform(k)


def spans(simulation: Simulation, station: str, state: str, reason: str = "", machines: int = 1) -> list[int]:
    """How long a state lasted each time, in order of its beginnings on all machines of a station; µs."""
    found = [i for m in range(1, machines + 1) for i in states(simulation, station, m) if i[:2] == (state, reason)]
    return [round((end - begin) * S) for _, _, begin, end in sorted(found, key=lambda i: i[2])]


def merging(**c: Any) -> Plant:
    """A and B lead to C: the parts that come there are not in the order of their numbers."""
    stations = [{"cycle_time": 7, "next": [{"to": "C"}]}, {"cycle_time": 3}, {"buffer": 99, **c}]
    return make([*stations, {"cycle_time": "0.1 s", "buffer": 99, "next": [{"to": "out"}]}, {"cycle_time": "0.1 s"}])


def test_operations_are_counted_over_all_machines_in_order_of_start() -> None:
    """Work, quality, way and unloading belong to the k-th operation, whatever its part, its machine, its loading."""
    to_d = {"next": [{"to": "D", "share": 0.5}, {"to": "E"}]}
    plant = merging(cycle_time=LONG, load=LONG, unload=SHORT, machines=2, quality={"scrap": 0.3}, **to_d)
    simulation = run(plant, 100 * S, seed=SEED)
    begun = sorted((j for j in journeys(simulation, "C") if j.start is not None), key=lambda j: j.start)
    done = [(k, j) for k, j in enumerate(begun) if j.leave is not None]
    numbers = [int(j.part.removeprefix("l-")) for j in begun]
    assert len(done) > 20
    assert numbers != sorted(numbers), "the line is such that parts do not count like operations"
    cycle, unload = draws("l/C", "cycle", LONG), draws("l/C", "unload", SHORT)
    assert [j.finish - j.start for _, j in done] == [cycle(k) for k, _ in done]
    assert [j.leave - j.finish for _, j in done] == [unload(k) for k, _ in done]
    assert [j.outcome == "scrap" for _, j in done] == [share("l/C", "quality", k) < 0.3 for k, _ in done]
    at_d = {j.part for j in journeys(simulation, "D")}
    good = [(k, j) for k, j in done if j.outcome == "good"]
    assert [j.part in at_d for _, j in good] == [share("l/C", "way", k) < 0.5 for k, _ in good]
    loads = spans(simulation, "C", "processing", "load", machines=2)
    assert loads[:20] == first(20, draws("l/C", "load", LONG)), "loadings count by themselves"


def test_parts_on_their_way_count_as_they_set_out() -> None:
    simulation = run(merging(cycle_time=1, transport=SHORT), 20 * S, seed=SEED)
    left = {j.part: j.leave for j in journeys(simulation) if j.station in {"A", "B"} and j.leave is not None}
    came = sorted((left[j.part], j.enter - left[j.part]) for j in journeys(simulation, "C"))
    assert [way for _, way in came] == first(len(came), draws("l/C", "transport", SHORT))


def test_each_input_of_an_assembly_has_its_own_ways() -> None:
    """The first has the path of the station, a further one that of the station and the input."""
    bench = {"cycle_time": 1, "buffer": 1, "transport": SHORT, "joins": ["A", "B"]}
    plant = make([{"cycle_time": 5}, {"cycle_time": 5}, bench])
    simulation = run(plant, 9 * S, seed=SEED)
    way = {j.part: j.enter - 5 * S for j in journeys(simulation, "C")}
    for station, path in (("A", "l/C"), ("B", "l/C/B")):
        assert way[journeys(simulation, station)[0].part] == draws(path, "transport", SHORT)(0)


def test_arrivals_at_a_further_entry_have_its_path() -> None:
    stations = [{"cycle_time": 1, "next": [{"to": "out"}]}, {"cycle_time": 1}]
    simulation = run(make(stations, arrivals=SHORT), 40 * S, seed=SEED)
    for station, path in (("A", "l"), ("B", "l/B")):
        entered = [j.enter for j in journeys(simulation, station)]
        assert entered == list(accumulate(first(len(entered), draws(path, "arrival", SHORT))))


def test_setups_and_lots_count_by_themselves() -> None:
    """Lots of three: the product belongs to the lot; a setup to the k-th setup, not to the part."""
    line = {"name": "l", "lot": 3, "stations": [{"name": "A", "cycle_time": 1, "setup": {"time": SHORT}}]}
    products = [{"name": "X", "share": 0.4}, {"name": "Y", "share": 0.6}]
    plant = Plant.model_validate({"plant": "p", "products": products, "lines": [line]})
    simulation = run(plant, 60 * S, seed=SEED)
    made = [j.product for j in journeys(simulation, "A")]
    assert made == ["X" if share("l", "product", k // 3) < 0.4 else "Y" for k in range(len(made))]
    setups = spans(simulation, "A", "setup")[:-1]
    assert len(setups) > 3
    assert setups == first(len(setups), draws("l/A", "setup", SHORT))


def test_in_a_batch_each_part_counts_and_the_first_one_has_the_time() -> None:
    """Rules 2 and 30."""
    simulation = run(make([{"cycle_time": LONG, "batch": {"size": 3}}]), 60 * S, seed=SEED)
    done = [j for j in journeys(simulation) if j.finish is not None]
    cycle = draws("l/A", "cycle", LONG)
    assert [j.finish - j.start for j in done] == [cycle(k // 3 * 3) for k in range(len(done))]


def test_failures_of_a_machine_and_clocks_set_back_count_on() -> None:
    """Rules 2 and 37: the interval after a maintenance is the next k; the k-th repair is that of the k-th failure.

    The clock of the task begins anew with each repair too, so that whichever of the two comes first begins both again.
    """
    failure = {"mode": "m", "clock": "calendar", "time_to_failure": "uniform(5 s, 15 s)"}
    failure["time_to_repair"] = "uniform(1 ms, 2 ms)"
    task = {"every": "10 s", "time": "1 ms", "renews": ["m"]}
    plant = make([{"cycle_time": 1, "failures": [failure], "maintenance": [task]}], arrivals="every 1 h")
    interval = draws("l/A/1/m", "time_to_failure", "uniform(5 s, 15 s)")
    repair = draws("l/A/1/m", "time_to_repair", "uniform(1 ms, 2 ms)")
    now, expected, repairs = 0, [], count()
    for k in range(20):
        if interval(k) < 10 * S:
            end = now + interval(k) + repair(next(repairs))
            expected.append(("failed", now + interval(k), end))
        else:
            end = now + 10 * S + MILLISECOND
            expected.append(("maintenance", now + 10 * S, end))
        now = end
    assert {state for state, *_ in expected} == {"failed", "maintenance"}
    stops = [i for i in states(run(plant, now, seed=SEED), "A") if i[0] != "starved"]
    assert [(state, round(begin * S), round(end * S)) for state, _, begin, end in stops] == expected


@pytest.mark.parametrize("ahead", [[], [{"cycle_time": 1}]])
def test_before_service_a_way_is_that_of_the_part_that_was_ready(ahead: list[dict[str, Any]]) -> None:
    """Rules 2 and 7: the way is drawn before the place is reserved, so before the operation has its number."""
    chooser, near, far = "ABCD"[len(ahead) : len(ahead) + 3]
    ways = [{"to": far, "share": 0.5}, {"to": near}]
    ends = [{"cycle_time": "0.1 s", "buffer": 9, "next": [{"to": "out"}]}, {"cycle_time": "0.1 s", "buffer": 9}]
    plant = make([*ahead, {"cycle_time": 1, "buffer": 1, "next": ways}, *ends], blocking="before-service")
    simulation = run(plant, 60 * S, seed=SEED)
    chosen = {j.part for j in journeys(simulation, far)}
    done = [j for j in journeys(simulation, chooser) if j.leave is not None]
    assert len(done) > 50
    assert [j.part in chosen for j in done] == [share(f"l/{chooser}", "way", k) < 0.5 for k in range(len(done))]


def test_shortest_first_the_work_time_belongs_to_the_part_that_comes() -> None:
    """Rules 2 and 36: six parts come at 0; the first goes in, the others wait and go by the times that they have."""
    line = {"name": "l", "arrivals": "orders", "dispatch": "spt", "stations": [{"name": "A", "cycle_time": LONG}]}
    plant = Plant.model_validate({"plant": "p", "orders": [{"order": "o", "quantity": 6}], "lines": [line]})
    done = [j for j in journeys(run(plant, 60 * S, seed=SEED)) if j.finish is not None]
    times = first(6, draws("l/A", "cycle", LONG))
    assert [j.finish - j.start for j in done] == times
    assert [j.finish - j.start for j in sorted(done, key=lambda j: j.start)] == [times[0], *sorted(times[1:])]
