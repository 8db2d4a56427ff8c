"""Bottlenecks: three methods on small lines, what they must agree on, and what a faster bottleneck does to a line."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hearing import START, hear, simulated, twin_of
from hypothesis import given
from hypothesis import strategies as st

from plant.description import Plant
from plant.time import HOUR, MINUTE
from simulators import Simulation
from twin.bottleneck import IDLE, NO_TURN, TIE, UNHEARD, Watched, agreement, bottleneck, momentary, turning_points

END = 100


def columns(*periods: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    told = np.array(periods, dtype=np.int64).reshape(-1, 2)
    return told[:, 0], told[:, 1]


def in_a_row(*stations: Watched) -> list[Watched]:
    """Stations one after the other."""
    names = [station.name for station in stations]
    return [
        replace(station, after=frozenset(names[max(0, at - 1) : at]), before=frozenset(names[at + 1 : at + 2]))
        for at, station in enumerate(stations)
    ]


def watched(name: str, *periods: tuple[int, int], **time: int) -> Watched:
    return Watched(name=name, periods=[columns(*periods)], time=time or {"processing": END})


# --- the momentary bottleneck ----------------------------------------------------------------------------------------


@st.composite
def machines(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    """Active periods of a machine in order, apart from each other, some beyond the window; with equal instants."""
    edges = sorted(draw(st.sets(st.integers(-30, END + 30), max_size=10)))
    return tuple(pairwise(edges))[::2]


@st.composite
def lines(draw: st.DrawFn) -> list[Watched]:
    return [
        Watched(
            name=f"S{at}", periods=[columns(*draw(machines())) for _ in range(draw(st.integers(1, 2)))],
            time={"processing": END},
        )
        for at in range(draw(st.integers(1, 4)))
    ]  # fmt: skip


def naive(stations: list[Watched], at: int) -> set[str]:
    """By the definition, at one instant: periods that are the longest somewhere, of which several may be there."""
    periods = [
        (a, b, station.name)
        for station in stations
        for begins, ends in station.periods
        for a, b in zip(begins.tolist(), ends.tolist(), strict=True)
    ]
    longest = set()
    for now in range(END):
        there = [one for one in periods if one[0] <= now < one[1]]
        most = max((b - a for a, b, _ in there), default=0)
        longest |= {one for one in there if one[1] - one[0] == most}
    return {name for a, b, name in longest if a <= at < b}


@given(lines())
def test_it_is_the_machine_in_the_longest_active_period_and_two_of_them_while_it_shifts(stations) -> None:
    told = list(momentary(stations, 0, END))
    for stretch in told:
        assert 0 <= stretch.begin < stretch.end <= END
    for at in range(END):
        here = [set(stretch.stations) for stretch in told if stretch.begin <= at < stretch.end]
        assert here == ([naive(stations, at)] if naive(stations, at) else [])


@given(lines())
def test_shares_add_up_to_the_window(stations) -> None:
    told = bottleneck(stations, "S0", 0, END)
    sole = sum(station.sole_us for station in told.stations)
    assert sole + told.shifting_us + told.none_us == END
    shifting = [station.shifting_us for station in told.stations]
    assert max(shifting) <= told.shifting_us
    assert sum(shifting) >= 2 * told.shifting_us
    alone = bottleneck(stations[:1], "S0", 0, END)
    assert (alone.shifting_us, alone.stations[0].sole_us) == (0, END - alone.none_us)


@given(lines(), st.randoms(use_true_random=False))
def test_the_order_of_machines_and_their_names_change_nothing_else(stations, dice) -> None:
    names = {station.name: f"other{9 - at}" for at, station in enumerate(stations)}
    renamed = [replace(station, name=names[station.name]) for station in stations]
    dice.shuffle(renamed)
    one, other = bottleneck(stations, "S0", 0, END), bottleneck(renamed, "S0", 0, END)
    told = {station.station: station for station in other.stations}
    for station in one.stations:
        there = told[names[station.station]]
        assert (there.sole_us, there.shifting_us, there.active_us) == (
            station.sole_us, station.shifting_us, station.active_us,
        )  # fmt: skip
    for name in ("active_period", "utilisation"):
        here = one.methods[name]
        assert other.methods[name] == (here if here.station is None else type(here)(station=names[here.station]))
    assert (one.none_us, one.shifting_us, one.momentary_count) == (
        other.none_us, other.shifting_us, other.momentary_count,
    )  # fmt: skip


@given(lines(), st.integers(1, END - 1))
def test_windows_that_meet_add_up(stations, cut) -> None:
    """A period that is the longest somewhere in the whole may be so in one half only: then its rest counts there."""
    halves = [bottleneck(stations, "S0", *window) for window in ((0, cut), (cut, END))]
    assert sum(half.none_us for half in halves) == bottleneck(stations, "S0", 0, END).none_us


# --- known lines -----------------------------------------------------------------------------------------------------


def test_an_obvious_bottleneck_is_named_by_all() -> None:
    stations = in_a_row(
        watched("A", (0, 30), (50, 80), processing=60, blocked=40),
        watched("B", (0, 100), processing=100),
        watched("C", (20, 40), (60, 80), processing=40, starved=60),
    )
    told = bottleneck(stations, "A", 0, END)
    assert {named.station for named in told.methods.values()} == {"B"}
    assert (told.agreement.station, told.agreement.methods, told.planned) == ("B", 3, "A")
    b = told.stations[1]
    assert (b.sole, b.shifting, b.mean_active_s, b.utilisation, b.turning_point) == (1, 0, 100e-6, 1, True)


def test_a_failing_machine_is_the_bottleneck_though_it_works_less() -> None:
    """Utilisation does not see failures; both other methods do."""
    stations = in_a_row(
        watched("A", (0, 80), processing=80, blocked=20),
        watched("B", (0, 100), processing=50, failed=50),
        watched("C", (0, 20), (30, 50), (60, 80), processing=60, starved=40),
    )
    told = bottleneck(stations, "B", 0, END)
    assert {name: named.station for name, named in told.methods.items()} == {
        "active_period": "B", "turning_point": "B", "utilisation": "A",
    }  # fmt: skip
    assert (told.agreement.station, told.agreement.methods) == ("B", 2)


def test_the_bottleneck_shifts_where_long_periods_overlap() -> None:
    told = bottleneck([watched("A", (0, 60)), watched("B", (40, 100))], "A", 0, END)
    assert [(s.begin, s.end, s.stations) for s in told.momentary] == [
        (0, 40, ["A"]), (40, 60, ["A", "B"]), (60, 100, ["B"]),
    ]  # fmt: skip
    assert told.methods["active_period"].reason == TIE


def test_who_cannot_tell_says_why() -> None:
    silent = watched("B", unknown=END)
    told = bottleneck(in_a_row(watched("A", (0, 50)), silent), "A", 0, END)
    assert {named.reason for named in told.methods.values()} == {UNHEARD}
    assert (told.agreement.station, told.agreement.methods) == (None, 0)
    assert told.stations[1].coverage == 0
    resting = bottleneck(in_a_row(watched("A", starved=END), watched("B", starved=END)), "A", 0, END)
    reasons = {name: named.reason for name, named in resting.methods.items()}
    assert reasons == {"active_period": IDLE, "turning_point": NO_TURN, "utilisation": IDLE}


def test_methods_that_contradict_agree_on_nobody() -> None:
    stations = in_a_row(watched("A", (0, 40), processing=40, off=60), watched("B", (0, 99), failed=99, blocked=1))
    told = bottleneck(stations, "A", 0, END)
    assert {named.station for named in told.methods.values()} == {"A", "B", None}
    assert agreement(told.methods.values()).station is None


def test_a_turning_point_is_looked_for_along_the_ways_of_the_parts() -> None:
    """Two branches come together: what one branch does is not before the other."""
    a = Watched(name="A", time={"blocked": 50, "processing": 50}, before=frozenset({"J"}))
    b = Watched(name="B", time={"starved": 60, "processing": 40}, before=frozenset({"J"}))
    j = Watched(name="J", time={"processing": 100}, after=frozenset({"A", "B"}))
    assert turning_points([a, b, j]) == frozenset()
    assert turning_points([a, replace(b, time={"blocked": 60, "processing": 40}), j]) == {"J"}


# --- a simulated line ------------------------------------------------------------------------------------------------


def plant(*cycles: int, faster: str = "", **more) -> Plant:
    names = [f"S{at}" for at in range(len(cycles))]
    return Plant.model_validate(
        {
            "plant": "site",
            "telemetry": {"sample": "10 min", "block": "1 h"},
            "lines": [
                {
                    "name": "line",
                    "stations": [
                        {
                            "name": name, "buffer": 3,
                            "cycle_time": f"lognormal({cycle * (0.8 if name == faster else 1)} s, cv=0.3)",
                            **more.get(name, {}),
                        }
                        for name, cycle in zip(names, cycles, strict=True)
                    ],
                }
            ],
        }
    )  # fmt: skip


async def test_a_simulated_line_tells_its_slowest_station() -> None:
    described = plant(40, 60, 30)
    async with twin_of(described) as twin:
        await hear(twin, simulated(described, until=4 * HOUR, beat=HOUR), 5000)
        told = twin.bottleneck("main/line", START + 10 * MINUTE, START + 4 * HOUR)
    assert (told.planned, told.agreement.station, told.agreement.methods) == ("S1", "S1", 3)
    assert sum(s.sole_us for s in told.stations) + told.shifting_us + told.none_us == 4 * HOUR - 10 * MINUTE


LINES = [
    ((40, 60, 30), {}),
    ((50, 30, 40, 35), {}),
    ((40, 45, 50, 70), {}),
    ((45, 45, 45), {"S1": {"failures": [{"mode": "jam", "time_to_failure": "10 min", "time_to_repair": "5 min"}]}}),
]


@pytest.mark.slow
@pytest.mark.parametrize(("cycles", "more"), LINES)
async def test_to_make_the_named_station_faster_helps_most(cycles, more) -> None:
    """The truth by sensitivity: no other station's speed gives as much."""
    until = 40 * HOUR
    described = plant(*cycles, **more)
    async with twin_of(described) as twin:
        await hear(twin, simulated(described, until=until, beat=8 * HOUR), 20_000)
        told = twin.bottleneck("main/line", START + HOUR, START + until)
    named = told.agreement.station
    assert named is not None

    def output(faster: str) -> int:
        simulation = Simulation(plant(*cycles, faster=faster, **more), seed=1, telemetry=False)
        for _ in simulation.advance(START + until):
            pass
        return sum(passage.left is not None for passage in simulation.ledger.passages("line"))

    base = output("")
    gains = {f"S{at}": output(f"S{at}") - base for at in range(len(cycles))}
    assert gains[named] == max(gains.values())
    assert gains[named] > base * 0.03
