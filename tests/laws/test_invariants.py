"""Sixteen invariants of the twin, each a law over generated histories that is numbered as in the reference.

Messages go through the real fold and the figures are the real ones. Histories have equal instants, stretches of no
time, runs longer than a window, windows that are one single run, cuts at events, counters that are reset and days on
which the clock is changed. The fast part tries 100 cases of each law, the slow one 1,500.
"""

import asyncio
import os
import random
import re
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hearing import NoHistorian, Wire
from histories import (
    BORDERS,
    LEVELS,
    MACHINES,
    PATHS,
    TICK,
    TICKS,
    A,
    C,
    History,
    histories,
    plant,
    told,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plant.messages import PartEvent
from plant.periods import PERIODS
from plant.time import DAY, HOUR, MINUTE, SECOND
from twin import CATALOGUE, Journal, Twin
from twin.figures import Window, machine_parts, node_parts
from twin.kpis import pool
from twin.partition import Reason, partition, time_of
from twin.waterfall import SUMS, waterfall

ELSEWHERE = {
    4: "a late event makes a revision: the twin has none yet; that the figure itself changes is held here",
    5: "snapshots: the twin has none, it folds its journal from the beginning",
    10: "a fork of the plant: experiments cannot start from the present of a twin yet",
    13: "the simulator against the serial recursion and closed forms: tests/simulators/test_serial_lines.py",
}
"""What of the sixteen is not held here, and why."""

SLOW = [pytest.mark.slow, pytest.mark.timeout(900)]
MUCH = [HealthCheck.too_slow, HealthCheck.large_base_example, HealthCheck.data_too_large, HealthCheck.filter_too_much]
RATIOS = [row.id for row in CATALOGUE.values() if row.unit == "1" and row.scope and "energy" not in row.id
          and row.id not in {"wip", "queue", "minor_stop_count", "cm", "cmk", "cp", "cpk", "cpl", "cpu"}]  # fmt: skip
OWN = [name for name in RATIOS if name != "fall_off_ratio"]  # of a machine
BY_TIME = ["oee", "nee", "teep", "ooe", "quality_ratio", "first_pass_yield", "mtbf.usual", "mttr.usual", "cycle_time",
           "minor_stop_time", "minor_stop_count", "corrective_maintenance_ratio", "energy", "throughput"]  # fmt: skip


def law(*strategies, of=1, **named):
    """A test of a law on 100 cases in the fast part and on 1,500 in the slow one, the same ones each time.

    Where an invariant has several laws, each has its share of them.
    """
    cases = [pytest.param(100 // of, id="some"), pytest.param(1500 // of, id="many", marks=SLOW)]

    def decorate(body):
        def test(cases) -> None:
            settings(max_examples=cases, deadline=None, derandomize=True, suppress_health_check=MUCH, database=None)(
                given(*strategies, **named)(body)
            )()

        test.__name__, test.__doc__ = body.__name__, body.__doc__
        return pytest.mark.parametrize("cases", cases)(test)

    return decorate


def windows(history: History, cuts: list[int]) -> list[tuple[int, int]]:
    """The windows between cuts, and that over all of them."""
    borders = [history.instant(cut) for cut in cuts]
    return [*pairwise(borders), (borders[0], borders[-1])]


def whole(history: History) -> tuple[int, int]:
    return history.instant(0), history.instant(TICKS)


def parts_of(questions, path: str, begin: int, end: int) -> dict[str, int]:
    run = questions._run(None)
    line, thing = questions._find(run, path)
    return node_parts(line, thing, Window(begin=begin, end=end, lost=run.missing_facts))


def mirror_of(questions):
    return next(iter(questions._run(None).mirror.lines.values()))


# --- 1, 2: time ------------------------------------------------------------------------------------------------------


@law(histories(parts=2), BORDERS)
def test_01_time_over_states_is_the_window_and_the_waterfall_telescopes(history, cuts) -> None:
    questions = told(history.deliveries(), plant(history.unit))
    for begin, end in windows(history, cuts):
        for node in MACHINES:
            time: dict[str, int] = {}
            for interval in questions.intervals(node.path, begin, end):
                assert interval.begin < interval.end
                time[interval.state] = time.get(interval.state, 0) + interval.end - interval.begin
            assert sum(time.values()) == end - begin
            unknown = time.pop("unknown", 0)
            assert time == history.time(node, begin, end)
            assert unknown == end - begin - sum(time.values())
        for path, machines in zip(PATHS, (4, 1, 2, 1, 1, 1), strict=True):
            parts = parts_of(questions, path, begin, end)
            buckets = waterfall(parts)
            assert sum(buckets.values()) == parts["window"] == machines * (end - begin)
            assert all(time >= 0 for name, time in buckets.items() if name != "speed_loss")
    with pytest.raises(ValueError, match="empty"):
        questions.kpis("main/line", history.begin, history.begin)


@law(histories(), BORDERS)
def test_02_the_identities_of_iso_22400_hold(history, cuts) -> None:
    questions = told(history.deliveries(), plant(history.unit))
    names = ["oee", "nee", "ooe", "teep", "technical_efficiency", "utilization_efficiency"]
    for begin, end in windows(history, cuts):
        for path in PATHS[1:4]:
            p = parts_of(questions, path, begin, end)
            assert p["window"] == p["POT"] + p["NST"]
            assert p["POT"] == p["PBT"] + p["PDOT"]
            assert p["PBT"] == p["AUBT"] + p["ADOT"] + p["UNK"]
            assert p["AUBT"] == p["AUPT"] + p["ADET"]
            assert p["AUPT"] == p["APT"] + p["AUST"]
            values = questions.kpis(path, begin, end, names=names)
            oee, nee, ooe, teep, technical, utilization = (values[name].value for name in names)
            if oee is not None:
                assert oee == float(Fraction(p["PRI_GQ"], p["PBT"]))
                assert teep <= ooe <= oee
                assert nee is None or oee <= nee
            if utilization is not None and technical is not None:
                assert technical >= utilization


# --- 3: merge --------------------------------------------------------------------------------------------------------


def sums(questions, path: str, begin: int, end: int) -> dict[tuple[str, str], int]:
    values = questions.kpis(path, begin, end, names=BY_TIME)
    return {(name, part): n for name, value in values.items() for part, n in value.parts.items()}


@law(histories(energy=2, parts=3), BORDERS, of=2)
def test_03_parts_of_windows_that_meet_add_up_and_machines_add_up_to_stations(history, cuts) -> None:
    questions = told(history.deliveries(), plant(history.unit))
    *pieces, together = windows(history, cuts)
    for path in ("main/line/A", "main/line/B", "main/line/B/2"):
        found = [sums(questions, path, *piece) for piece in pieces]
        expected = sums(questions, path, *together)
        names = {name for name in expected if all(name in piece for piece in found)}
        assert {name: sum(piece[name] for piece in found) for name in names} == {name: expected[name] for name in names}
    for begin, end in windows(history, cuts):
        machines = [parts_of(questions, f"main/line/B/{number}", begin, end) for number in (1, 2)]
        assert pool(machines) == pool(machines[::-1]) == parts_of(questions, "main/line/B", begin, end)
        stations = [parts_of(questions, f"main/line/{name}", begin, end) for name in "ABC"]
        assert pool(stations) == parts_of(questions, "main/line", begin, end)


@law(histories(parts=3), st.sampled_from(["hour", "day"]), of=2)
def test_03_hours_and_local_days_add_up_also_where_the_clock_is_changed(history, by) -> None:
    history = replace(history, unit=HOUR if by == "day" else 10 * MINUTE)
    of = plant(history.unit)
    questions = told(history.deliveries(), of)
    begin, end = whole(history)
    periods = list(PERIODS[by](of.calendar, begin, end))
    assert {period.end - period.begin for period in periods} <= ({23 * HOUR, DAY, 25 * HOUR} if by == "day" else {HOUR})
    assert all(one.end == other.begin for one, other in pairwise(periods))
    for path in ("main/line/A", "main/line/B"):
        found = [sums(questions, path, max(begin, of.begin), min(end, of.end)) for of in periods]
        expected = sums(questions, path, begin, end)
        assert {name: sum(piece[name] for piece in found) for name in expected} == expected


# --- 4, 5: order and replay ------------------------------------------------------------------------------------------


@law(histories(energy=3), st.integers(0, 2**32), BORDERS)
def test_04_any_order_and_any_duplicates_end_in_the_same_state_and_figures(history, seed, cuts) -> None:
    deliveries = history.deliveries(cuts[:2])
    dice = random.Random(seed)
    mixed = [*deliveries, *dice.sample(deliveries, len(deliveries) // 3)]
    dice.shuffle(mixed)
    of = plant(history.unit)
    straight, crooked = told(deliveries, of), told(mixed, of)
    assert crooked.digest() == straight.digest()
    window = windows(history, cuts)[0]
    assert crooked.kpis("main/line/B", *window, names=OWN) == straight.kpis("main/line/B", *window, names=OWN)
    line = ["oee", "wip", "lead_time", "energy", "rolled_throughput_yield"]
    assert crooked.kpis("main/line", *window, names=line) == straight.kpis("main/line", *window, names=line)


@law(histories(energy=2), st.integers(1, 40))
def test_05_what_is_folded_again_from_the_journal_is_what_was_live(history, size) -> None:
    deliveries = history.deliveries()

    async def live_and_again() -> None:
        twin = Twin(plant(history.unit), journal=Journal(None, durable=False), historian=NoHistorian())
        async with twin:
            for first in range(0, len(deliveries), size):
                await twin.take(deliveries[first : first + size])
            again = await twin._recovery.run(twin.runs()[-1], twin.position())
            assert again.mirror.digest() == twin.digest() == told(deliveries, plant(history.unit)).digest()

    asyncio.run(live_and_again())


HASHED = """
import sys
sys.path[:0] = sys.argv[1:]
from histories import histories, plant, told
from hypothesis import given, settings, Phase
@settings(max_examples=10, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
@given(histories(energy=3))
def show(history):
    questions = told(history.deliveries(), plant(history.unit))
    begin, end = history.instant(0), history.instant(48)
    print(questions.digest(), questions.kpis("main/line", begin, end), questions.pareto("main/line", begin, end))
    print(questions.bottleneck("main/line", begin, end))
show()
"""


@pytest.mark.slow
def test_05_the_hash_seed_of_the_interpreter_changes_nothing() -> None:
    root = Path(__file__).parents[2]

    def output(seed: int) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
        command = [sys.executable, "-c", HASHED, str(root), str(root / "tests" / "support")]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=root).stdout

    first, *others = (output(seed) for seed in (0, 1, 4711))
    assert len(first.splitlines()) > 5
    assert others == [first, first]


# --- 6, 7: parts and flow --------------------------------------------------------------------------------------------


@law(histories(parts=5), st.lists(TICK, min_size=1, max_size=4))
def test_06_no_part_is_lost_or_in_two_places(history, ticks) -> None:
    questions = told(history.deliveries(), plant(history.unit))
    line = mirror_of(questions)
    for tick in ticks:
        at = history.instant(tick)
        there = questions.state("main/line", at=at).reported
        gone = [j for j in history.journeys if j.left is not None and j.left <= tick]
        created = [j for j in history.journeys if j.entered <= tick]
        assert (there["parts_out"], there["parts_scrapped"]) == (
            sum(not j.bad for j in gone), sum(j.bad for j in gone),
        )  # fmt: skip
        assert len(created) == there["parts_out"] + there["parts_scrapped"] + there["wip"]
        assert there["wip"] == sum(place.wip.level(at) + place.transit.level(at) for place in line.places)
        for child, first in zip(questions.state("main/line", at=at).children, (0, 4, 8), strict=True):
            steps = [j.at for j in history.journeys]
            entered = sum(len(s) > first and s[first] <= tick for s in steps)
            left = sum(len(s) > first + 3 and s[first + 3] <= tick and not (j.bad and first == 8)
                       for s, j in zip(steps, history.journeys, strict=True))  # fmt: skip
            if first < 8:
                assert line.by_name[child.path[-1]].wip.level(at) == entered - left
            buffer = child.reported["buffer"]
            assert 0 <= buffer["level"] <= buffer["capacity"]


FAMILIES = st.binary(min_size=16, max_size=16)


@law(FAMILIES)
def test_06_genealogy_is_without_circles_and_its_two_directions_are_inverse(content) -> None:
    """Each part goes into one that comes later, or into none."""
    count = 3 + content[0] % 6
    into = {n: n + 1 + content[n] % (count - n) for n in range(1, count)}
    into = {n: whole_ for n, whole_ in into.items() if whole_ <= count and content[n] < 200}
    history = History(begin=0, stays={})
    emissions = []
    for n in range(1, count + 1):
        at = history.instant(n)
        emissions += [
            (C, PartEvent(ts=at, event="entered", part=f"p{n}", product="P")),
            (C, PartEvent(ts=at, event="left", part=f"p{n}", product="P", into=f"p{into[n]}" if n in into else None)),
        ]
    questions = told(_sent(emissions), plant())
    built = {}
    for n in range(1, count + 1):
        found = questions.genealogy("main/line", f"p{n}")
        chain, last = [], n
        while last in into:
            last = into[last]
            chain.append(f"p{last}")
        assert [kin.part for kin in found.built_into] == chain
        built[n] = sorted(kin.part for kin in found.made_of)
    for n, pieces in built.items():
        assert pieces == sorted(f"p{m}" for m in built if f"p{n}" in _chain(into, m))


def _chain(into: dict[int, int], n: int) -> list[str]:
    return [f"p{into[n]}", *_chain(into, into[n])] if n in into else []


def _sent(emissions):
    wire = Wire(plant())
    return [*wire.send(*emissions), *wire.heartbeat(HOUR)]


@law(histories(parts=5, whole=True), BORDERS)
def test_07_parts_in_the_line_over_time_are_their_flow_times(history, cuts) -> None:
    questions = told(history.deliveries(), plant(history.unit))
    flows = [(history.instant(j.entered), history.instant(j.left), j.bad) for j in history.journeys]
    for begin, end in windows(history, [max(0, min(TICKS, cut)) for cut in cuts]):
        if begin == end:
            continue
        values = questions.kpis("main/line", begin, end, names=["wip", "lead_time"])
        integral = values["wip"].parts["wip_integral"]
        out = [(a, b) for a, b, _ in flows if begin <= b < end]
        before = sum(begin - a for a, b, _ in flows if a < begin <= b)
        after = sum(end - a for a, b, _ in flows if a < end <= b)
        assert integral == sum(b - a for a, b in out) - before + after
        lead = values["lead_time"].parts
        assert lead["lead_time_sum"] == sum(b - a for a, b, bad in flows if not bad and begin <= b < end)
    begin, end = history.instant(0), history.instant(TICKS + 1)  # it is empty at both ends
    longer = told(replace(history, end=TICKS + 1).deliveries(), plant(history.unit))
    assert longer.kpis("main/line", begin, end, names=["wip"])["wip"].parts["wip_integral"] == sum(
        b - a for a, b, _ in flows
    )


# --- 8: energy -------------------------------------------------------------------------------------------------------


@law(histories(energy=5, parts=3), BORDERS)
def test_08_energy_by_state_is_the_difference_of_the_meter(history, cuts) -> None:
    questions = told(history.deliveries(), plant(history.unit))
    names = ["energy", "comprehensive_energy", *(f"{level}_energy_share" for level in LEVELS)]
    for begin, end in windows(history, cuts):
        for node in MACHINES:
            values = questions.kpis(node.path, begin, end, names=names)
            if (total := values["energy"].parts.get("E")) is None:
                continue
            shares = [values[f"{level}_energy_share"].parts.get(f"E_{level}") for level in LEVELS]
            if None not in shares:
                assert sum(shares) == total
            per_part = values["comprehensive_energy"]
            if per_part.value is not None and None not in shares:
                made = per_part.parts["PQ"]
                rest = total - shares[LEVELS.index("processing")]
                assert Fraction(total, made) * made == shares[LEVELS.index("processing")] + rest
            last = {history.instant(one.at): one for one in history.readings[node]}  # of one instant
            rising = [one for at, one in last.items() if begin < at <= end]
            levels = [one for at, one in last.items() if at <= begin][-1:] + rising
            steps = list(pairwise(levels))
            if all(b >= a for one, other in steps for a, b in zip(one.by, other.by, strict=True)):
                meter = sum(levels[-1].by) - sum(levels[0].by) if levels else 0
                assert total == meter * 1_000_000


# --- 9, 12: what is known is true ------------------------------------------------------------------------------------


@law(histories(parts=2), st.lists(TICK, min_size=1, max_size=3), st.integers(0, 2**32))
def test_09_the_mirror_shows_the_state_of_the_machine_or_that_it_is_unknown(history, beats, seed) -> None:
    deliveries = history.deliveries(beats)
    clocks = [at for at, delivery in enumerate(deliveries) if delivery.topic.endswith("/clock")]
    dice = random.Random(seed)
    kept = [d for d in deliveries if not d.topic.endswith("/state") or dice.random() < 0.6]
    lossy = told(kept, plant(history.unit)) if kept else None
    for tick, upto in zip([*sorted(beats), history.end], clocks, strict=True):
        questions = told(deliveries[: upto + 1], plant(history.unit))
        for node in MACHINES:
            true = [stay.state for stay in history.stays[node] if stay.at <= tick][-1]
            path = node.path
            assert questions.state(path).reported["state"] == true
            then = lossy.state(path, at=history.instant(tick)).reported["state"]
            assert then in {true, "unknown"}


@law(histories(parts=3), BORDERS, st.integers(0, 2**32))
def test_09_and_12_the_bounds_hold_the_truth_and_what_comes_late_narrows_them(history, cuts, seed) -> None:
    of = plant(history.unit)
    deliveries = history.deliveries([8, 20, 33])
    dice = random.Random(seed)
    missing = [d for d in deliveries if not d.topic.endswith("/clock") and dice.random() < 0.15]
    there = [d for d in deliveries if d not in missing]
    truth = told(deliveries, of)
    begin, end = windows(history, cuts)[-1]
    paths = ("main/line/A", "main/line/B/1")
    true = {path: truth.kpis(path, begin, end, names=OWN) for path in paths}
    coverage = dict.fromkeys(paths, 0.0)
    for late in range(0, len(missing) + 1, max(1, len(missing) // 2)):
        questions = told([*there, *missing[:late]], of)
        for path in paths:
            values = questions.kpis(path, begin, end, names=OWN)
            for name, value in values.items():
                actual = true[path][name].value
                if actual is None:
                    continue
                slack = abs(actual) * 1e-12
                assert value.lower is None or value.lower <= actual + slack, (path, name, value, actual)
                assert value.upper is None or actual - slack <= value.upper, (path, name, value, actual)
            known = values["availability"].coverage
            assert known >= coverage[path]
            coverage[path] = known


@law(histories(parts=3), BORDERS)
def test_12_where_nothing_is_unknown_there_is_no_width(history, cuts) -> None:
    questions = told(history.deliveries(), plant(history.unit))
    for first, last in pairwise(sorted({max(0, min(TICKS, cut)) for cut in cuts})):
        for path in PATHS[1:4]:
            window = history.instant(first), history.instant(last)
            values = questions.kpis(path, *window, names=OWN)
            settled = not parts_of(questions, path, *window)["unclassified"]  # a stop that goes on has no class yet
            for name, value in values.items():
                assert value.coverage == 1
                if settled or name not in {"loss.breakdown", "loss.minor_stop"}:
                    assert (value.lower, value.upper) == (value.value, value.value)


# --- 11: metamorphic -------------------------------------------------------------------------------------------------


def ratios(history: History, of, cuts: list[int], paths=PATHS[1:3]) -> list[dict]:
    questions = told(history.deliveries(of=of), of)
    return [
        {name: (value.value, value.lower, value.upper) for name, value in
         questions.kpis(path, begin, end, names=OWN).items()}
        for path in paths for begin, end in windows(history, cuts)[:2]
    ]  # fmt: skip


@law(histories(parts=3), BORDERS, st.integers(1, 10**6), of=5)
def test_11_a_shift_of_time_changes_no_ratio(history, cuts, shift) -> None:
    of = plant(history.unit)
    assert ratios(replace(history, begin=history.begin + shift * SECOND), of, cuts) == ratios(history, of, cuts)


@law(histories(parts=3), BORDERS, st.integers(2, 50), of=5)
def test_11_a_scale_of_time_changes_no_ratio(history, cuts, factor) -> None:
    slower = replace(history, unit=history.unit * factor)
    assert ratios(slower, plant(slower.unit), cuts) == ratios(history, plant(history.unit), cuts)


@law(histories(parts=3), BORDERS, of=5)
def test_11_an_idle_machine_more_changes_no_other(history, cuts) -> None:
    """The other machine of the station does nothing from now on: what the first one does stays the same."""
    of = plant(history.unit)
    quiet = {node: stays[:1] if node.machine == 2 else stays for node, stays in history.stays.items()}
    alone = replace(history, stays=quiet, journeys=tuple(j for j in history.journeys if j.machine == 0))
    both = replace(alone, journeys=history.journeys, stays=history.stays)
    paths = ("main/line/B/1",)
    assert ratios(alone, of, cuts, paths) == ratios(both, of, cuts, paths)


@law(histories(parts=3), BORDERS, of=5)
def test_11_names_of_stations_and_the_split_of_an_order_change_nothing(history, cuts) -> None:
    of, renamed = plant(history.unit), plant(history.unit, prefix="Z-")
    deliveries = history.deliveries()
    texts = [(d.topic, d.payload.decode()) for d in deliveries]
    moved = [
        msgspec.structs.replace(
            d,
            topic=re.sub(r"/line/([ABC])\b", r"/line/Z-\1", topic),
            payload=re.sub(r'/line/(?=[ABC]\b)|(?<="route":")(?=[ABC]")', r"\g<0>Z-", text).encode(),
        )
        for d, (topic, text) in zip(deliveries, texts, strict=True)
    ]
    split = [
        msgspec.structs.replace(d, payload=text.replace('"product":', f'"order":"o{at % 2}","product":').encode())
        for at, (d, (_, text)) in enumerate(zip(deliveries, texts, strict=True))
    ]
    straight, other, orders = told(deliveries, of), told(moved, renamed), told(split, of)
    begin, end = windows(history, cuts)[0]
    for name in "AB":
        expected = straight.kpis(f"main/line/{name}", begin, end, names=OWN)
        assert other.kpis(f"main/line/Z-{name}", begin, end, names=OWN) == expected
        assert orders.kpis(f"main/line/{name}", begin, end, names=OWN) == expected
    names = ["oee", "oee.pooled", "wip", "lead_time", "throughput"]
    line = straight.kpis("main/line", *whole(history), names=names)
    assert other.kpis("main/line", *whole(history), names=names) == line
    assert orders.kpis("main/line", *whole(history), names=names) == line


@law(histories(parts=4), BORDERS, st.integers(2, 9), of=5)
def test_11_planned_run_times_scale_effectiveness(history, cuts, factor) -> None:
    deliveries = history.deliveries()
    one, other = (told(deliveries, plant(history.unit, factor=k)) for k in (1, factor))
    for begin, end in windows(history, cuts):
        for path in PATHS[1:4]:
            before, after = (q.kpis(path, begin, end, names=["effectiveness", "availability"]) for q in (one, other))
            assert after["effectiveness"].parts["PRI_PQ"] == factor * before["effectiveness"].parts["PRI_PQ"]
            if before["effectiveness"].value is not None:
                assert after["effectiveness"].value == pytest.approx(factor * before["effectiveness"].value)
            assert after["availability"] == before["availability"]


# --- 14: partition of reasons ----------------------------------------------------------------------------------------


def _claims(content: bytes) -> list[Reason]:
    return [
        Reason(begin=a % 70, end=a % 70 + b % 30, name=("jam", "operator", "ticket")[c % 3], priority=d % 3, id=n)
        for n, (a, b, c, d) in enumerate(zip(*[iter(content[1 : 1 + 4 * (content[0] % 8)])] * 4, strict=True))
    ]


CLAIMS = st.binary(min_size=29, max_size=29).map(_claims)


@law(CLAIMS, st.integers(10, 40), st.integers(0, 10), st.integers(0, 2**32))
def test_14_reasons_become_a_partition(reasons, begin, length, seed) -> None:
    window = (10, 60)
    pieces = partition(reasons, *window)
    assert [piece.begin for piece in pieces] + [60] == [10, *(piece.end for piece in pieces)]
    assert sum(time_of(pieces).values()) <= 50
    mixed = list(reasons)
    random.Random(seed).shuffle(mixed)
    assert partition(mixed, *window) == pieces
    outer = Reason(begin=begin, end=begin + 20, name="mechanical", priority=9, id=100)
    inner = Reason(begin=begin + 5, end=begin + 5 + length, name="operator", priority=3, id=101)
    assert time_of(partition([*reasons, outer], *window)) == time_of(partition([*reasons, outer, inner], *window))


# --- 15, 16: borders and exactness -----------------------------------------------------------------------------------


@law(histories(parts=5), st.integers(0, 2**32))
def test_15_an_event_at_a_cut_is_in_the_right_hand_window_only(history, seed) -> None:
    questions = told(history.deliveries(), plant(history.unit))
    ends = {tick for j in history.journeys for tick in (*j.at, *(tick + 1 for tick in j.at))}
    begins = {stay.at for stay in history.stays[A] if stay.state == "failed"}
    cuts = sorted({-1, TICKS + 1, *random.Random(seed).sample(sorted(ends | begins), min(5, len(ends | begins)))})
    for first, last in pairwise(cuts):
        begin, end = history.instant(first), history.instant(last)
        for station in "ABC":
            parts = questions.kpis(f"main/line/{station}", begin, end, names=["quality_ratio"])["quality_ratio"].parts
            finished = [(j.finished(station), j.bad) for j in history.journeys if not (j.bad and station == "C")]
            there = [bad for tick, bad in finished if tick is not None and first <= tick < last]
            assert parts["PQ"] == len(there)
            assert parts["GQ"] == sum(not (bad and station == "B") for bad in there)
        failures = questions.kpis("main/line/A", begin, end, names=["mtbf.usual"])["mtbf.usual"].parts["FE"]
        assert failures == sum(first <= tick < last for tick in _failures(history))


def _failures(history: History) -> list[int]:
    """Ticks at which failures begin: a break or the night ends none, what takes no time is none."""
    found, failed = [], False
    stays = [*history.stays[A]]
    for stay, after in pairwise([*stays, replace(stays[-1], at=TICKS + 2)]):
        if stay.at == after.at:
            continue
        if stay.state == "failed" and not failed:
            found.append(stay.at)
        failed = stay.state == "failed" or (failed and stay.state in {"off", "pause"})
    return found


@law(histories(energy=3), BORDERS, st.integers(0, 2**32))
def test_16_parts_are_integers_and_any_order_of_merging_gives_the_same_bytes(history, cuts, seed) -> None:
    questions = told(history.deliveries(), plant(history.unit))
    run = questions._run(None)
    line = mirror_of(questions)
    wanted = frozenset({*SUMS, "PQ", "GQ", "RQ", "SQ", "IP", "GP", "PRI_PQ", "PRI_GQ", "FE", "TTR", "restored", "E",
                        "cycles", "cycle_sum", "minor_stops", "unclassified", "operating_time"})  # fmt: skip
    begin, end = windows(history, cuts)[-1]
    window = Window(begin=begin, end=end, lost=run.missing_facts)
    pieces = [machine_parts(machine, line, window, wanted) for machine in line.machines]
    assert {type(value) for piece in pieces for value in piece.values()} <= {int}
    dice = random.Random(seed)
    encoded = set()
    for _ in range(3):
        dice.shuffle(pieces)
        encoded.add(msgspec.json.encode(pool([pool(pieces[:2]), pool(pieces[2:])])))
    assert len(encoded) == 1
    for path in PATHS[:2]:
        for value in questions.kpis(path, begin, end).values():
            assert {type(part) for part in value.parts.values()} <= {int}


# --- the list --------------------------------------------------------------------------------------------------------


def test_every_invariant_is_held_here_or_has_its_reason() -> None:
    here = {int(number) for name in globals() for number in re.findall(r"(?<=_)(\d\d)(?=_)", name)}
    assert here | ELSEWHERE.keys() == set(range(1, 17))
    assert set(ELSEWHERE) - here == {10, 13}
    for reason in ELSEWHERE.values():
        for file in re.findall(r"tests/\S+\.py", reason):
            assert (Path(__file__).parents[2] / file).is_file()
