"""Whole lines by hand: pieces, rework, products, orders, measured values, time that is not planned."""

import asyncio
from itertools import pairwise

import pytest
from generated import whole_plants
from hearing import START, Wire, hear, simulated, spoiled, state, twin_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import to_builtins

from broker import decode
from plant.description import Plant
from plant.messages import Measured, Meta, Order, PartEvent, Quality
from plant.paths import Node
from plant.time import HOUR, SECOND
from twin import Mirror


def plant(*stations: dict, **more) -> Plant:
    described = [{"cycle_time": "10 s", **station} for station in stations]
    line = {"name": "line", "stations": described, **more.pop("line", {})}
    return Plant.model_validate({"plant": "site", "lines": [line], **more})


def at(station: str, machine: int | None = None) -> Node:
    return Node("main", "line", station, machine)


LINE = Node("main", "line")


def part(ts: int, event: str, name: str, *, product: str = "line", **more) -> PartEvent:
    return PartEvent(ts=START + ts, event=event, part=name, product=product, **more)


def visit(station: str, name: str, enter: int, start: int, finish: int, leave: int, route: str | None = None, **more):
    """A part's undisturbed visit to a station with one machine."""
    node, cycle = at(station), finish - start
    left = {key: more.pop(key) for key in ("since", "cause") if key in more}
    return [
        (node, part(enter, "entered", name, **more)),
        (node, part(start, "started", name, **more)),
        (node, part(finish, "finished", name, cycle_us=cycle, **more)),
        (node, part(leave, "left", name, route=route, **left, **more)),
    ]


def born(described: Plant) -> list:
    line = described.lines[0]
    nodes = [LINE, *(node for station in line.stations for node in line.machines(station))]
    return [(node, Meta(ts=START, schema="1.0", type="machine")) for node in nodes]


async def heard(described: Plant, emissions, until: int, question):
    """What a twin answers to a question after it has heard all that and a heartbeat."""
    wire = Wire(described)
    emissions = sorted(emissions, key=lambda emission: emission[1].ts)
    async with twin_of(described) as twin:
        await hear(twin, [*wire.send(*born(described), *emissions), *wire.heartbeat(START + until)])
        assert twin.counters().dead_letters == {}
        return question(twin)


ASSEMBLY = plant(
    {"name": "BODY"},
    {"name": "WHEEL"},
    {"name": "ASSY", "buffer": 2, "joins": ["BODY", {"from": "WHEEL", "quantity": 2}]},
)
BUILT = [
    *visit("WHEEL", "w1", 0, 0, 10, 10, "ASSY"),
    *visit("BODY", "b1", 5, 5, 15, 15, "ASSY"),
    *visit("WHEEL", "w2", 10, 10, 20, 20, "ASSY"),
    *[(at("ASSY"), part(ts, "entered", name)) for ts, name in [(10, "w1"), (15, "b1"), (20, "w2")]],
    *[(at("ASSY"), part(20, "left", name, into="b1")) for name in ("w1", "w2")],
    *[(at("ASSY"), part(ts, event, "b1")) for ts, event in [(20, "started"), (30, "finished")]],
    (at("ASSY"), part(40, "left", "b1", since=START)),
]


async def test_pieces_end_in_their_product_which_is_there_since_its_first_piece() -> None:
    def question(twin):
        line = twin.kpis("main/line", START, START + 50)
        levels = [twin.state("main/line", at=START + ts).reported["wip"] for ts in (0, 5, 10, 19, 20, 39, 40)]
        assert levels == [1, 2, 3, 3, 1, 1, 0]
        assert line["throughput"].parts["shipped"] == 1
        assert (line["lead_time"].parts["lead_times"], line["lead_time"].parts["lead_time_sum"]) == (1, 40)
        assert twin.state("main/line").reported["parts_scrapped"] == 0
        assembly = twin.kpis("main/line/ASSY", START, START + 50)
        assert assembly["queue"].parts["queue_integral"] == 10 + 5
        assert assembly["wip"].parts["wip_integral"] == 10 + 25 + 0
        assert assembly["quality_ratio"].parts["PQ"] == 1
        assert twin.state("main/line/ASSY", at=START + 17).reported["buffer"]["level"] == 2
        return twin.genealogy("main/line", "b1"), twin.genealogy("main/line", "w2")

    product, piece = await heard(ASSEMBLY, BUILT, 60, question)
    assert [(kin.part, kin.into, kin.at - START) for kin in product.made_of] == [("w1", "b1", 20), ("w2", "b1", 20)]
    assert [(kin.part, kin.path) for kin in piece.built_into] == [("b1", "main/line/ASSY")]
    assert [visit.path for visit in product.visits] == ["main/line/BODY", "main/line/ASSY"]
    moments = to_builtins(product.visits[1])
    assert [moments[key] - START for key in ("entered", "started", "finished", "left")] == [15, 20, 30, 40]


async def test_what_is_taken_apart_lives_on_in_its_pieces() -> None:
    described = plant(
        {"name": "TAKE", "disassembly": [{"to": "A"}, {"to": "B", "quantity": 2}]},
        {"name": "A", "next": [{"to": "out"}]},
        {"name": "B"},
    )
    told = [
        *visit("TAKE", "p1", 0, 0, 10, 10, "A"),
        *[(at("TAKE"), part(10, "entered", name, of="p1")) for name in ("p2", "p3")],
        *[(at("TAKE"), part(leave, "left", name, route="B")) for leave, name in [(10, "p2"), (20, "p3")]],
        *visit("A", "p1", 10, 10, 20, 20),
        *visit("B", "p2", 10, 10, 20, 20, since=START),
        *visit("B", "p3", 20, 20, 30, 30, since=START),
    ]

    def question(twin):
        assert [twin.state("main/line", at=START + ts).reported["wip"] for ts in (9, 10, 20, 30)] == [1, 3, 1, 0]
        line = twin.kpis("main/line", START, START + 40)
        assert (line["lead_time"].parts["lead_times"], line["lead_time"].parts["lead_time_sum"]) == (3, 20 + 20 + 30)
        assert twin.kpis("main/line/TAKE", START, START + 40)["quality_ratio"].parts["PQ"] == 1
        assert twin.kpis("main/line/TAKE", START, START + 40)["wip"].parts["wip_integral"] == 10 + 0 + 10
        return twin.genealogy("main/line", "p1"), twin.genealogy("main/line", "p3")

    whole, piece = await heard(described, told, 40, question)
    assert [kin.part for kin in whole.taken_apart_into] == ["p2", "p3"]
    assert [kin.part for kin in piece.came_out_of] == ["p1"]
    assert [visit.path for visit in piece.visits] == ["main/line/TAKE", "main/line/B"]


LOOP = plant(
    {"name": "WORK"},
    {"name": "TEST", "transport": "5 s", "quality": {"rework": {"share": 0.5, "to": "WORK", "limit": 2}}},
)


async def test_a_part_that_comes_again_is_booked_each_time_and_counted_once() -> None:
    told = [
        *visit("WORK", "p1", 0, 0, 10, 10, "TEST"),
        *visit("TEST", "p1", 15, 15, 20, 20, "WORK"),
        (at("TEST"), part(20, "reworked", "p1", cause="quality", route="WORK")),
        *visit("WORK", "p1", 20, 30, 40, 40, "TEST", visit=2),
        *visit("TEST", "p1", 45, 45, 50, 50, visit=2),
        *visit("WORK", "p2", 20, 20, 30, 30, "TEST"),
        *visit("TEST", "p2", 35, 35, 40, 40, cause="quality"),
        (at("TEST"), part(40, "scrapped", "p2", cause="quality")),
    ]

    def question(twin):
        kpis = twin.kpis("main/line/TEST", START, START + 60)
        names = ("quality_ratio", "rework_ratio", "scrap_ratio", "first_pass_yield")
        assert [kpis[name].value for name in names] == [1 / 3, 1 / 3, 1 / 3, 0]
        assert twin.kpis("main/line/WORK", START, START + 60)["first_pass_yield"].parts == {
            "GP": 2, "IP": 2, "UNK": 60, "window": 60,
        }  # fmt: skip
        reported = twin.state("main/line/TEST").reported
        keys = ("parts_finished", "parts_good", "parts_reworked", "parts_scrapped")
        assert [reported[key] for key in keys] == [3, 1, 1, 1]
        ways = [twin.state("main/line/TEST", at=START + ts).reported["buffer"]["in_transport"] for ts in range(50)]
        assert [ts for ts in range(50) if ways[ts]] == [*range(10, 15), *range(30, 35), *range(40, 45)]
        assert twin.kpis("main/line/WORK", START, START + 60)["queue"].parts["queue_integral"] == 10
        line = twin.kpis("main/line", START, START + 60)
        assert line["wip"].parts["wip_integral"] == 50 + 20
        assert line["lead_time"].parts["lead_time_sum"] == 50
        return twin.genealogy("main/line", "p1")

    visits = (await heard(LOOP, told, 60, question)).visits
    assert [(v.path[-4:], v.entered - START, v.left - START, v.verdict) for v in visits] == [
        ("WORK", 0, 10, None),
        ("TEST", 15, 20, "reworked"),
        ("WORK", 20, 40, None),
        ("TEST", 45, 50, None),
    ]


async def test_each_product_counts_with_its_own_planned_run_time() -> None:
    described = plant(
        {"name": "A", "cycle_time": "10 s", "machines": 1},
        {"name": "B", "cycle_time": "8 s"},
        products=[
            {"name": "small", "share": 0.5, "cycle_times": {"A": "6 s"}},
            {"name": "big", "ideal_cycles": {"B": "16 s"}},
        ],
    )
    told = [
        pair
        for place, (name, product) in enumerate([("1", "small"), ("2", "big"), ("3", "small")])
        for station, route in (("A", "B"), ("B", None))
        for pair in visit(station, name, *[(place + (station == "B")) * 10 + k for k in (0, 0, 9, 10)], route,
                          product=product)
    ]  # fmt: skip

    def question(twin):
        first, second = (twin.kpis(f"main/line/{name}", START, START + 100)["oee"].parts for name in "AB")
        assert (first["PRI_GQ"], second["PRI_GQ"]) == ((6 + 10 + 6) * SECOND, (8 + 16 + 8) * SECOND)
        assert twin.kpis("main/line", START, START + 100)["oee"].parts["PRI_shipped"] == (8 + 16 + 8) * SECOND

    await heard(described, told, 100, question)


async def test_time_that_is_not_planned_is_no_loss() -> None:
    described = plant({"name": "A"})
    told = [
        (at("A"), state(ts, name, reason))
        for ts, name, reason in [
            (0, "processing", ""), (100, "setup", ""), (130, "waiting", "crew"), (140, "failed", "jam"),
            (150, "pause", "x"), (170, "failed", "jam"), (180, "off", "night"), (300, "failed", "jam"),
            (310, "maintenance", "oil"), (350, "starved", ""),
        ]
    ]  # fmt: skip

    def question(twin):
        kpis = twin.kpis("main/line/A", START, START + 400)
        parts = kpis["availability"].parts | kpis["ooe"].parts | kpis["setup_ratio"].parts
        assert parts["PBT"] == 400 - 120 - 20 - 40
        assert parts["POT"] == 400 - 120
        assert (parts["APT"], parts["AUST"], parts["AUPT"]) == (100, 30, 130)
        assert kpis["availability"].value == 100 / 220
        failures = kpis["mttr.usual"].parts | kpis["mtbf.usual"].parts
        assert (failures["FE"], failures["restored"], failures["TTR"]) == (1, 1, 30)
        line = twin.kpis("main/line", START, START + 400)["oee"].parts
        assert line["bottleneck_PBT"] == 220

    await heard(described, told, 400, question)


def order(ts: int, name: str, event: str, good: int = 0, due: int | None = None) -> tuple[Node, Order]:
    due = None if due is None else START + due
    return LINE, Order(
        ts=START + ts, order=name, product="line", quantity=2, good=good, scrap=0, event=event, due=due
    )  # fmt: skip


async def test_orders_are_open_until_they_are_done_and_late_after_their_day() -> None:
    described = plant({"name": "A"}, line={"arrivals": "orders"}, orders=[{"order": "o", "quantity": 2}])
    told = [
        order(0, "early", "released", due=50),
        order(20, "early", "progress", 1, due=50),
        order(50, "early", "completed", 2, due=50),
        order(0, "late", "released", due=60),
        order(61, "late", "completed", 2, due=60),
        order(0, "open", "released", due=70),
        order(30, "free", "released"),
        order(40, "free", "progress", 1),
    ]

    def question(twin):
        reported = twin.state("main/line").reported
        assert [(o["order"], o["good"], o["due"] and o["due"] - START) for o in reported["orders"]] == [
            ("open", 0, 70),
            ("free", 1, None),
        ]
        assert (reported["orders_completed"], reported["orders_on_time"]) == (2, 1)
        before = twin.state("main/line", at=START + 49).reported
        assert [(o["order"], o["good"]) for o in before["orders"]] == [
            ("early", 1), ("late", 0), ("open", 0), ("free", 1),
        ]  # fmt: skip
        windows = [(0, 50), (50, 60), (60, 70), (70, 100), (0, 100)]
        found = [twin.kpis("main/line", START + a, START + b)["schedule_attainment"] for a, b in windows]
        assert [value.value for value in found] == [None, 1, 0, 0, 1 / 3]
        assert found[0].reason == "no_orders"

    await heard(described, told, 100, question)


async def test_orders_are_in_doubt_when_word_of_them_is_lost() -> None:
    described = plant({"name": "A"}, line={"arrivals": "orders"}, orders=[{"order": "o", "quantity": 2}])
    wire = Wire(described)
    deliveries = wire.send(*born(described), order(0, "o", "released", due=50), order(50, "o", "completed", 2, due=50))
    async with twin_of(described) as twin:
        await hear(twin, [*deliveries[:-1], *wire.heartbeat(START + 60)])
        value = twin.kpis("main/line", START, START + 60)["schedule_attainment"]
        assert (value.value, value.lower, value.upper) == (0, None, None)
        await hear(twin, deliveries[-1:])
        value = twin.kpis("main/line", START, START + 60)["schedule_attainment"]
        assert (value.value, value.lower, value.upper) == (1, 1, 1)


async def test_the_last_measured_values_are_part_of_the_state() -> None:
    described = plant({"name": "A"})
    told = [
        (at("A"), Quality(ts=START + ts, part=name, product="line", values=values))
        for ts, name, values in [
            (10, "p1", {"bore": Measured(v=82.0, unit="mm", lsl=81.9, usl=82.1, ok=True)}),
            (20, "p2", {"bore": Measured(v=82.2, unit="mm", lsl=81.9, usl=82.1, ok=False)}),
        ]
    ]

    def question(twin):
        bore = {"unit": "mm", "lower": 81.9, "upper": 82.1}
        last = {"value": 82.2, "ok": False, "part": "p2", "at": START + 20, **bore}
        assert twin.state("main/line/A").reported["measured"] == {"bore": last}
        before = {"value": 82.0, "ok": True, "part": "p1", "at": START + 10, **bore}
        assert twin.state("main/line/A", at=START + 19).reported["measured"] == {"bore": before}
        assert twin.state("main/line/A", at=START + 9).reported["measured"] == {}

    await heard(described, told, 30, question)


async def test_a_part_that_nobody_heard_of_has_no_kin() -> None:
    with pytest.raises(ValueError, match="nothing was heard"):
        await heard(ASSEMBLY, BUILT, 60, lambda twin: twin.genealogy("main/line", "b9"))
    with pytest.raises(ValueError, match="not a line"):
        await heard(ASSEMBLY, BUILT, 60, lambda twin: twin.genealogy("main/line/ASSY", "b1"))


# generated lines


@given(whole_plants(), st.integers(0, 500), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_whole_lines_end_in_the_same_state_in_any_order_of_arrival(described, seed, dice) -> None:
    deliveries = simulated(described, seed=seed, until=120 * SECOND)
    mirrors = []
    for _ in range(2):
        mirror = Mirror(described)
        for delivery in deliveries:
            mirror.apply(*decode(delivery.topic, delivery.payload))
        mirrors.append(mirror.digest())
        dice.shuffle(deliveries)
    assert mirrors[0] == mirrors[1]


@given(whole_plants(), st.integers(0, 500), st.integers(0, 10**6), st.sampled_from([0.01, 0.1, 0.5]))
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_with_losses_on_the_way_the_truth_about_whole_lines_is_within_the_bounds(described, seed, spoil, loss) -> None:
    deliveries = simulated(described, seed=seed, until=120 * SECOND)
    births = [d for d in deliveries if d.topic.endswith("/meta")]
    arriving, lost, _ = spoiled([d for d in deliveries if d not in births], spoil, loss=loss, far=5)
    windows = [*pairwise([0, 40 * SECOND, 120 * SECOND]), (0, HOUR)]
    truth = told(described, deliveries, windows)
    for place, values in told(described, [*births, *arriving], windows).items():
        for name, value in values.items():
            true = truth[place][name].value
            if true is not None:
                assert value.lower is None or value.lower <= true + abs(true) * 1e-12, (place, name, lost)
                assert value.upper is None or true - abs(true) * 1e-12 <= value.upper, (place, name, lost)


def told(described: Plant, deliveries, windows):
    async def ask():
        async with twin_of(described) as twin:
            await hear(twin, deliveries)
            line = described.lines[0]
            paths = [line.node.path, *{f"{line.node.path}/{station.name}" for station in line.stations}]
            return {(path, w): twin.kpis(path, START + w[0], START + w[1]) for path in paths for w in windows}

    return asyncio.run(ask())
