"""Figures from messages by hand: energy, measured characteristics, classes of stops, orders."""

import statistics
from dataclasses import replace

import pytest
from hearing import LINE, SMALL, START, A, Wire, hear, state, twin_of
from hypothesis import given
from hypothesis import strategies as st

from plant.messages import Energy, Measured, Order, PartEvent, Quality
from plant.paths import Node
from plant.time import HOUR, MINUTE, SECOND
from twin.capability import SCALE, scaled
from twin.catalogue import CATALOGUE
from twin.figures import node_parts
from twin.kpis import evaluate
from twin.measurements import Measurements
from twin.meter import MWH_PER_KWH, Meter


def reading(at: int, kwh: float, **by: float) -> Energy:
    return Energy(ts=START + at, kwh=kwh, by=by, kw=1.0)


async def told(question, *emissions, until: int = HOUR):
    """What a twin answers after it has heard messages of A or B of the small line, and a heartbeat."""
    wire = Wire()
    births = [(node, state(0, "starved")) for node in (A, Node("main", "line", "B", 1), Node("main", "line", "B", 2))]
    listed = sorted([*births, *emissions], key=lambda emission: emission[1].ts)
    async with twin_of(SMALL) as twin:
        await hear(twin, [*wire.send(*listed), *wire.heartbeat(START + until)])
        assert twin.counters().dead_letters == {}
        return question(twin)


# --- energy ----------------------------------------------------------------------------------------------------------


async def test_energy_is_a_difference_of_readings_with_shares_by_state() -> None:
    emissions = [
        (A, reading(0, 100.0, off=40.0, processing=60.0)),
        (A, reading(MINUTE, 103.0, off=41.0, processing=62.0)),
        (A, reading(2 * MINUTE, 105.5, off=41.0, processing=63.0, ready=1.0, standby=0.5)),
    ]

    def question(twin):
        whole = twin.kpis("main/line/A", START, START + 2 * MINUTE)
        halves = [twin.kpis("main/line/A", START + at, START + at + MINUTE)["energy"].parts["E"] for at in (0, MINUTE)]
        assert sum(halves) == whole["energy"].parts["E"]
        shares = [whole[f"{name}_energy_share"].value for name in ("off", "standby", "ready", "processing", "idle")]
        assert shares == pytest.approx([1 / 5.5, 0.5 / 5.5, 1 / 5.5, 3 / 5.5, 1.5 / 5.5])
        assert whole["energy_per_good_part"].reason == "no_parts"
        between = twin.kpis("main/line/A", START + 30 * SECOND, START + 2 * MINUTE)["energy"]
        assert (between.lower, between.upper) == (None, None), "nobody knows when it was taken"
        return whole["energy"]

    energy = await told(question, *emissions)
    assert (energy.value, energy.lower, energy.upper, energy.unit) == (5.5, 5.5, 5.5, "kW.h")


async def test_without_a_reading_there_is_no_energy() -> None:
    def question(twin):
        return twin.kpis("main/line", START, START + MINUTE, names=["energy", "idle_energy_share"])

    values = await told(question, (A, reading(0, 1.0)))
    assert {name: (value.value, value.reason) for name, value in values.items()} == {
        "energy": (None, "missing_part"),
        "idle_energy_share": (None, "missing_part"),
    }


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.integers(0, 12), st.data())
def test_a_counter_that_falls_adds_nothing_and_makes_its_window_unsure(steps, reset, data) -> None:
    levels = [sum(steps[: n + 1]) for n in range(len(steps))]
    levels = [
        level - (levels[reset] + 1 if reset < len(levels) and n >= reset else 0) + 100 for n, level in enumerate(levels)
    ]
    messages = [Energy(ts=10 * n, kwh=float(level), by={}, kw=0.0) for n, level in enumerate(levels)]
    mixed, straight = Meter(), Meter()
    for message in data.draw(st.permutations(messages)):
        mixed.extend([message])
    straight.extend(messages)
    assert mixed.canonical == straight.canonical
    begin, middle, end = sorted(data.draw(st.lists(st.integers(0, 130), min_size=3, max_size=3)))
    parts = [straight.between(*window) for window in ((begin, middle), (middle, end), (begin, end))]
    assert parts[0].total + parts[1].total == parts[2].total
    rising = sum(
        max(0, b - a) for n, (a, b) in enumerate(zip(levels, levels[1:], strict=False)) if begin < 10 * (n + 1) <= end
    )
    assert parts[2].total == rising * MWH_PER_KWH
    if 0 < reset < len(levels) and begin < 10 * reset <= end:
        assert not parts[2].sure


def test_a_reset_adds_nothing_to_any_level_so_that_levels_add_up_to_the_total() -> None:
    """After a reset one level may stand higher than before, or even the total."""
    for after in ({"off": 4.0, "processing": 5.0}, {"off": 40.0, "processing": 0.0}):
        meter = Meter()
        meter.extend([Energy(ts=0, kwh=10.0, by={"off": 2.0, "processing": 8.0}, kw=0.0)])
        meter.extend([Energy(ts=1, kwh=sum(after.values()), by=after, kw=0.0)])
        assert meter.between(0, 1) == (0, (0, 0, 0, 0), False)


@given(st.permutations(range(4)))
def test_of_readings_of_one_instant_the_last_by_the_order_of_the_stream_counts(order) -> None:
    levels = enumerate((1.0, 5.0, 3.0, 4.0))
    told = [Energy(session=1 + n // 3, n=n % 3, ts=7, kwh=kwh, by={}, kw=0.0) for n, kwh in levels]
    meter = Meter()
    for at in order:
        meter.extend([told[at]])
    assert (list(meter.ts), list(meter.kwh)) == ([7], [4.0])


# --- capability ------------------------------------------------------------------------------------------------------


def measured(at: int, part: str, **values: float) -> Quality:
    told = {name: Measured(v=v, unit="mm", lsl=81.9, usl=82.1, ok=True) for name, v in values.items()}
    return Quality(ts=START + at, part=part, product="line", values=told)


BORES = [82.0 + 0.001 * ((7 * n) % 11 - 5) for n in range(23)]


async def test_each_measured_characteristic_has_its_indices() -> None:
    emissions = [(A, measured(n * SECOND, f"p{n}", bore=v)) for n, v in enumerate(BORES)]

    def question(twin):
        kpis = twin.kpis("main/line/A", START, START + MINUTE)
        assert not {"cp", "cpk"} & kpis.keys()
        assert twin.kpis("main/line/A", START, START + MINUTE, names=["cpk"]).keys() == {"cpk.bore"}
        assert twin.kpis("main/line/A", START, START + MINUTE, names=["oee", "cm.bore"]).keys() == {"oee", "cm.bore"}
        with pytest.raises(KeyError, match=r"cpk\.depth"):
            twin.kpis("main/line/A", START, START + MINUTE, names=["cpk.depth"])
        assert "cm.bore" not in twin.kpis("main/line/B", START, START + MINUTE)
        few = twin.kpis("main/line/A", START, START + SECOND, names=["cm"])["cm.bore"]
        assert (few.value, few.reason) == (None, "no_scatter")
        return kpis

    kpis = await told(question, *emissions)
    s = statistics.stdev(BORES)
    mean = statistics.fmean(BORES)
    groups = [BORES[n : n + 5] for n in range(0, 20, 5)]
    within = statistics.fmean(max(group) - min(group) for group in groups) / 2.326
    assert kpis["cm.bore"].value == pytest.approx(0.2 / (6 * s))
    assert kpis["cmk.bore"].value == pytest.approx(min(82.1 - mean, mean - 81.9) / (3 * s))
    assert kpis["cp.bore"].value == pytest.approx(0.2 / (6 * within))
    assert kpis["cpk.bore"].value == pytest.approx(min(kpis["cpl.bore"].value, kpis["cpu.bore"].value))
    assert (kpis["cpk.bore"].lower, kpis["cpk.bore"].upper) == (None, None), "an estimate"
    assert kpis["cm.bore"].parts["USL"] == scaled(82.1) == 82_100_000_000


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=25), st.data())
def test_sums_of_measured_values_add_up_in_any_order_of_arrival(values, data) -> None:
    messages = [measured(n, f"p{n}", bore=float(v)) for n, v in enumerate(values)]
    messages = [Quality(**{**_fields(m), "session": 1, "n": n}) for n, m in enumerate(messages)]
    straight, mixed = Measurements(), Measurements()
    straight.extend(messages)
    end = START + len(values)
    for message in data.draw(st.permutations(messages)):
        mixed.extend([message])
        mixed.parts("bore", START, end)
    assert mixed.canonical == straight.canonical
    cut = data.draw(st.integers(START, end))
    whole, *halves = (mixed.parts("bore", a, b) for a, b in ((START, end), (START, cut), (cut, end)))
    for name in ("n", "x_sum", "xx_sum", "subgroups", "range_sum"):
        assert whole[name] == sum(half[name] for half in halves) == straight.parts("bore", START, end)[name]
        assert type(whole[name]) is int
    assert (whole["x_sum"], whole["xx_sum"]) == (sum(values) * SCALE, sum(v * v for v in values) * SCALE**2)


def _fields(message: Quality) -> dict:
    return {name: getattr(message, name) for name in message.__struct_fields__}


async def test_of_several_machines_those_that_measured_have_a_say() -> None:
    first = Node("main", "line", "B", 1)

    def question(twin):
        return twin.kpis("main/line/B", START, START + MINUTE, names=["cm.bore"])["cm.bore"]

    one = await told(question, *((first, measured(n * SECOND, f"p{n}", bore=v)) for n, v in enumerate(BORES)))
    assert one.value == pytest.approx(0.2 / (6 * statistics.stdev(BORES)))
    both = [(Node("main", "line", "B", 1 + n % 2), measured(n * SECOND, f"p{n}", bore=v)) for n, v in enumerate(BORES)]
    assert (await told(question, *both)).value == pytest.approx(one.value)


def test_where_the_limits_changed_there_are_none() -> None:
    measurements = Measurements()
    for n, usl in enumerate([2.0, 2.0, 3.0, 3.0]):
        found = Measured(v=1.0, unit="mm", usl=usl, ok=True)
        measurements.extend([Quality(ts=n, session=1, n=n, part="p", product="x", values={"bore": found})])
    assert measurements.parts("bore", 0, 2)["USL"] == 2 * SCALE
    assert measurements.parts("bore", 2, 4)["USL"] == 3 * SCALE
    assert "USL" not in measurements.parts("bore", 0, 4)
    assert "LSL" not in measurements.parts("bore", 0, 2)


# --- stops and orders ------------------------------------------------------------------------------------------------


async def test_r1_a_stop_across_the_hour_is_one_stop_in_both_hours() -> None:  # R1
    emissions = [
        (A, state(55 * MINUTE, "failed", "jam")),
        (A, state(65 * MINUTE, "processing")),
        (A, state(70 * MINUTE, "failed", "jam")),
        (A, state(74 * MINUTE, "processing")),
    ]

    def question(twin):
        hours = [twin.kpis("main/line/A", START + n * HOUR, START + (n + 1) * HOUR) for n in (0, 1)]
        assert [hour["minor_stop_count"].value for hour in hours] == [0, 1]
        assert [hour["minor_stop_time"].value for hour in hours] == [0, 240]
        assert [hour["loss.breakdown"].parts["breakdown"] for hour in hours] == [5 * MINUTE, 5 * MINUTE]

    await told(question, *emissions, until=2 * HOUR)


async def test_a_stop_that_goes_on_has_no_class_until_it_is_long_enough() -> None:
    def question(twin):
        return twin.kpis("main/line/A", START, START + 12 * MINUTE, names=["minor_stop_time", "minor_stop_count"])

    for until, bounds in ((12, (0.0, 120.0)), (16, (0.0, 0.0))):
        values = await told(question, (A, state(10 * MINUTE, "failed")), until=until * MINUTE)
        time, count = values.values()
        assert (time.value, (time.lower, time.upper)) == (0.0, bounds)
        assert (count.value, count.upper) == (0.0, None if until == 12 else 0.0)


async def test_r4_the_state_in_force_at_the_start_of_a_window_counts() -> None:  # R4
    def question(twin):
        return twin.kpis("main/line/A", START + 30 * MINUTE, START + HOUR)["availability"]

    value = await told(question, (A, state(MINUTE, "processing")))
    assert (value.value, value.coverage) == (1.0, 1.0)


async def test_r2_and_r11_a_pool_is_a_quotient_of_sums_with_quality_and_speed() -> None:  # R2, R11
    def question(twin):
        parts = [twin.kpis(f"main/line/B/{n}", START, START + HOUR)["oee"].parts for n in (1, 2)]
        whole = twin.kpis("main/line/B", START, START + HOUR)["oee"].parts
        assert whole == {name: parts[0][name] + parts[1][name] for name in whole}
        assert set(whole) == {"PRI_GQ", "PBT", "UNK", "window"}

    await told(question)


async def test_an_order_takes_from_its_start_to_its_completion() -> None:
    def order(at: int, event: str, good: int = 0, scrap: int = 0) -> Order:
        return Order(ts=START + at, order="o1", product="line", quantity=90, good=good, scrap=scrap, event=event)

    emissions = [
        (LINE, order(0, "released")),
        (LINE, order(MINUTE, "started")),
        (LINE, order(31 * MINUTE, "completed", good=88, scrap=2)),
    ]

    def question(twin):
        early = twin.kpis("main/line", START, START + 31 * MINUTE, names=["throughput_rate"])["throughput_rate"]
        assert (early.value, early.reason) == (None, "no_orders")
        return twin.kpis("main/line", START, START + HOUR, names=["throughput_rate"])["throughput_rate"]

    value = await told(question, *emissions)
    assert (value.value, value.lower, value.upper, value.unit) == (180.0, 180.0, 180.0, "1/h")


async def test_r16_parts_of_one_instant_are_all_counted() -> None:  # R16
    node = Node("main", "line", "A")
    events = [PartEvent(ts=START + MINUTE, event="finished", part=f"p{n}", product="line") for n in range(3)]

    def question(twin):
        return twin.kpis("main/line/A", START + MINUTE, START + 2 * MINUTE)["quality_ratio"].parts

    parts = await told(question, *((node, event) for event in events))
    assert (parts["PQ"], parts["GQ"]) == (3, 3)


async def test_r17_a_figure_is_made_of_all_that_was_ever_told() -> None:  # R17
    """Nothing is computed when a message comes, so a formula that is new today has the whole past."""
    row = replace(CATALOGUE["availability"], id="new", formula="APT / window")

    def question(twin):
        line, place = twin._find(twin._run(None), "main/line/A")
        parts = node_parts(line, place, twin._window(twin._run(None), START, START + HOUR))
        return evaluate(row, parts).value

    assert await told(question, (A, state(30 * MINUTE, "processing"))) == 0.5
