"""Twenty errors that other tools have made with such figures, and a test of the whole twin for each of them.

R1 to R20 are numbered as in the reference of the KPIs. Messages go in, figures come out; nothing is faked.
"""

import re
import sqlite3
from contextlib import asynccontextmanager
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import httpx
import msgspec
import pytest
from hearing import SMALL, START, A, Wire, hear, simulated, state, twin_of
from histories import MACHINES, History, Journey, Stay, plant, told

from dashboards import ReportWindow, create_app, shift_report
from dashboards.picture import LINE_KPIS, picture
from plant.description import Plant
from plant.messages import Meta, PartEvent
from plant.states import State
from plant.time import DAY, HOUR, MINUTE, SECOND
from twin import CATALOGUE
from twin.figures import Window, node_parts
from twin.kpis import evaluate
from twin.partition import Reason, partition, time_of
from twin.profile import ISO
from twin.waterfall import BUCKETS, TIMES, waterfall

RUN = (Stay(0, "processing", ""),)
PATH = "main/line/A"


def history(*stays: Stay, journeys: tuple[Journey, ...] = (), end: int = 48, unit: int = SECOND) -> History:
    """What machine A did; all others just work."""
    return History(unit=unit, end=end, stays=dict.fromkeys(MACHINES, RUN) | {MACHINES[0]: stays}, journeys=journeys)


def asked(of: History, first: int, last: int, *names: str, path: str = PATH):
    return told(of.deliveries(), plant(of.unit)).kpis(path, of.instant(first), of.instant(last), names=names or None)


def made(count: int, *, bad: int = 0, every: int = 3) -> tuple[Journey, ...]:
    """Parts that A and B work on, one after the other; the last ones are bad."""
    return tuple(
        Journey(f"p{n}", "P", 0, n >= count - bad, tuple(every * n + min(step, 3) for step in range(8)))
        for n in range(count)
    )


# --- stops -----------------------------------------------------------------------------------------------------------


def test_r1_a_stop_across_the_hour_is_no_two_minor_stops() -> None:
    """Limit 6 ticks, a stop of 10 in the middle of which the windows are cut."""
    of = history(*RUN, Stay(15, "failed", "jam"), Stay(25, "processing", ""))
    names = ("minor_stop_count", "minor_stop_time", "loss.breakdown")
    whole, *halves = (asked(of, *window, *names) for window in ((0, 40), (0, 20), (20, 40)))
    assert [half["loss.breakdown"].parts["breakdown"] for half in halves] == [5 * SECOND] * 2
    for window in (whole, *halves):
        assert (window["minor_stop_count"].value, window["minor_stop_time"].value) == (0, 0)


def test_r2_oee_has_speed_and_quality_not_availability_alone() -> None:
    """Six parts in 30 ticks, three of them bad at B; a part takes 3 ticks by plan at A, 4 at B."""
    of = history(*RUN, journeys=made(6))
    names = ("availability", "effectiveness", "quality_ratio_time_weighted", "oee")
    slow = asked(of, 0, 30, *names)
    assert [slow[name].value for name in names] == [1.0, 0.6, 1.0, 0.6]
    bad = asked(replace(of, journeys=made(6, bad=3)), 0, 30, *names, path="main/line/B/1")
    assert [bad[name].value for name in names] == [1.0, 0.8, 0.5, 0.4]


def test_r3_every_state_counts_as_one_bucket_and_nothing_is_left_open() -> None:
    assert set(ISO.spent) == set(State)
    assert set(ISO.spent.values()) <= set(TIMES)
    for of in State:
        parts = {**ISO.elements([7 if one == of else 0 for one in State]), "PRI_PQ": 0, "PRI_GQ": 0}
        there = {name: time for name, time in waterfall(parts).items() if time}
        assert list(there.values()) == [7], of
        assert set(there) <= set(BUCKETS)
    expected = {"processing": "speed_loss", "setup": "setup", "failed": "breakdown", "off": "not_scheduled"}
    for name, bucket in expected.items():
        parts = {**ISO.elements([7 if one == name else 0 for one in State]), "PRI_PQ": 0, "PRI_GQ": 0}
        assert waterfall(parts)[bucket] == 7


def test_r4_the_state_in_force_at_the_begin_of_a_window_counts() -> None:
    of = history(*RUN, Stay(30, "failed", ""), Stay(36, "processing", ""))
    for first, last, working in ((10, 20, 10), (20, 40, 14), (31, 35, 0)):
        value = asked(of, first, last, "availability")["availability"]
        assert (value.parts["APT"], value.coverage) == (working * SECOND, 1.0)


def test_r5_overlapping_reasons_make_no_more_time_than_there_is() -> None:
    reasons = [
        Reason(begin=600, end=1800, name="mechanical", priority=2, id=1),
        Reason(begin=900, end=1200, name="operator", priority=1, id=2),
    ]
    assert time_of(partition(reasons, 0, 3600)) == {"mechanical": 1200}
    of = history(*RUN, Stay(10, "failed", "mechanical"), Stay(15, "failed", "operator"), Stay(20, "processing", ""))
    found = told(of.deliveries(), plant()).pareto(PATH, of.instant(0), of.instant(48))
    assert sum(row.time_us for row in found.rows) == 10 * SECOND
    assert sum(row.count for row in found.rows) == 1


def test_r6_no_interval_of_a_station_counts_twice() -> None:
    """A station of two machines has twice the time, and each instant of each machine once."""
    of = history(*RUN)
    stays = of.stays | {MACHINES[1]: (*RUN, Stay(8, "failed", ""), Stay(8, "failed", "x"), Stay(20, "processing", ""))}
    questions = told(replace(of, stays=stays).deliveries(), plant())
    begin, end = of.instant(0), of.instant(40)
    parts = questions.kpis("main/line/B", begin, end, names=["oee", "availability"])["availability"].parts
    assert parts == {"APT": 68 * SECOND, "PBT": 80 * SECOND, "UNK": 0, "window": 80 * SECOND}
    for path in ("main/line/B/1", "main/line/B/2"):
        intervals = questions.intervals(path, begin, end)
        assert [i.begin for i in intervals] + [end] == [begin, *(i.end for i in intervals)]


def test_r7_time_outside_of_shifts_is_neither_unknown_nor_a_stop() -> None:
    of = history(*RUN, Stay(10, "off", "night"), Stay(30, "processing", ""))
    values = asked(of, 0, 40, "availability", "teep", "mtbf.usual")
    assert (values["availability"].value, values["availability"].coverage) == (1.0, 1.0)
    assert values["mtbf.usual"].reason == "no_failure"
    found = told(of.deliveries(), plant()).pareto(PATH, of.instant(0), of.instant(40))
    assert [(row.bucket, row.time_us) for row in found.rows] == [("not_scheduled", 20 * SECOND)]


# --- quotients -------------------------------------------------------------------------------------------------------


def test_r8_a_ratio_is_rounded_once() -> None:
    """20 of 61 minutes, not 0.33 of 1.02 hours."""
    of = history(*RUN, Stay(20, "starved", ""), unit=MINUTE, end=61)
    value = asked(of, 0, 61, "availability")["availability"].value
    assert value == float(Fraction(20, 61))
    assert value != round(20 / 60, 2) / round(61 / 60, 2)


def test_r9_more_than_all_is_told_with_a_warning_and_neither_capped_nor_dropped() -> None:
    of = history(*RUN, journeys=made(10, every=1))
    value = asked(of, 0, 15, "effectiveness")["effectiveness"]
    assert (value.value, value.warnings) == (10 * 3 / 15, ["above_one"])


async def test_r10_page_api_export_and_report_say_the_same(ask) -> None:
    described = Plant.model_validate(
        {
            "plant": "site",
            "telemetry": {"sample": "10 min", "block": "1 h"},
            "lines": [
                {
                    "name": "line",
                    "stations": [
                        {"name": "S", "cycle_time": "normal(50 s, 9 s)", "quality": {"scrap": "9 %"}, "failures": [
                            {"mode": "jam", "time_to_failure": "exponential(9 min)", "time_to_repair": "2 min"}]},
                        {"name": "T", "cycle_time": "normal(48 s, 9 s)", "buffer": 2, "machines": 2},
                    ],
                }
            ],
        }
    )  # fmt: skip
    async with twin_of(described) as twin:
        await hear(twin, simulated(described, until=2 * HOUR, beat=HOUR), 2000)
        begin, end = START + HOUR, START + 2 * HOUR
        window = {"path": "main/line", "from": begin, "to": end}
        async with ask(create_app(twin)) as client:
            api = (await client.get("/api/v1/kpis", params=window)).json()["kpis"]
            rows = (await client.get("/api/v1/export/kpis", params=window)).text.splitlines()
        page = {name: msgspec.to_builtins(v) for name, v in picture(twin)["lines"][0]["kpis"].items()}
        report = shift_report(twin, ReportWindow(begin=begin, end=end), twin.runs()[-1]).lines[0].node.kpis
    assert {name: msgspec.to_builtins(value) for name, value in report.items()} == api
    assert page == {name: api[name] for name in LINE_KPIS}
    exported = {row.split(",")[6]: row.split(",")[7] for row in rows[1:] if row.startswith("main/line,line,")}
    assert exported == {name: "" if of["value"] is None else repr(of["value"]) for name, of in api.items()}
    assert 0 < api["oee"]["value"] < 1


@pytest.fixture
def ask():
    @asynccontextmanager
    async def asking(app):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shopfloor") as client:
            yield client

    return asking


def test_r11_several_windows_or_machines_are_a_quotient_of_sums_not_a_mean_of_quotients() -> None:
    """Three quarters of a long window and none of a short one."""
    of = history(*RUN, Stay(30, "failed", ""), end=44)
    long, short, both = (asked(of, *w, "availability")["availability"] for w in ((0, 40), (40, 44), (0, 44)))
    assert (long.value, short.value) == (0.75, 0.0)
    assert both.value == 30 / 44 != (long.value + short.value) / 2
    assert both.parts == {name: long.parts[name] + short.parts[name] for name in both.parts}


def test_r12_the_ideal_cycle_is_the_planned_one_whatever_is_produced_or_wanted() -> None:
    slow, quick = (asked(history(*RUN, journeys=made(n)), 0, 40, "effectiveness")["effectiveness"] for n in (5, 10))
    assert (slow.parts["PRI_PQ"], quick.parts["PRI_PQ"]) == (15 * SECOND, 30 * SECOND)
    wire = Wire()
    meta = Meta(ts=START, schema="1", type="machine", ideal_cycle_us=2 * SECOND, ideal_cycle_derived=False)
    finished = PartEvent(ts=START + MINUTE, event="finished", part="p", product="line", cycle_us=9 * SECOND)
    messages = [*wire.send((A, meta), (A, state(0, "processing")), (A, finished)), *wire.heartbeat(START + HOUR)]
    value = told(messages, SMALL).kpis(PATH, START, START + HOUR, names=["effectiveness"])["effectiveness"]
    assert value.parts["PRI_PQ"] == 2 * SECOND


def test_r13_the_published_example_that_is_wrong_comes_out_right() -> None:
    """Planned 4000 s, 3600 s of them run, 500 parts at 50 a minute, 480 good: 0.144, where a package prints 0.864."""
    described = Plant.model_validate(
        {"plant": "site", "lines": [{"name": "line", "stations": [{"name": "A", "cycle_time": "1.2 s"}]}]}
    )
    events: list[tuple] = [(A, state(0, "processing"))]
    for n in range(500):
        common = {"ts": START + (n + 1) * 7 * SECOND, "part": f"p{n}", "product": "line"}
        events.append((A, PartEvent(event="finished", **common)))
        if n < 20:
            events.append((A, PartEvent(event="scrapped", cause="bad", **common)))
    events.append((A, state(3600 * SECOND, "failed")))
    wire = Wire(described)
    questions = told([*wire.send(*events), *wire.heartbeat(START + 4000 * SECOND)], described)
    values = questions.kpis(PATH, START, START + 4000 * SECOND, names=["availability", "effectiveness", "oee"])
    assert [value.value for value in values.values()] == [0.9, 1 / 6, 0.144]


async def test_r14_no_ratio_is_stored(tmp_path) -> None:
    """The journal has messages and nothing computed; a figure comes with the integers that it was made of."""
    async with twin_of(folder=tmp_path) as twin:
        await hear(twin, simulated())
        begin, end = twin.extent()
        for value in twin.kpis("main/line", begin, end).values():
            assert {type(part) for part in value.parts.values()} <= {int}
    with sqlite3.connect(tmp_path / "journal.sqlite") as db:
        columns = {
            (table, column[1]): column[2]
            for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for column in db.execute(f"PRAGMA table_info({table})").fetchall()
        }
        kinds = {row[0] for row in db.execute("SELECT kind FROM topics")}
    db.close()
    assert columns
    assert {kind.split("(")[0] for kind in columns.values()} <= {"INTEGER", "TEXT", "BLOB"}
    assert "kpi" not in kinds


# --- messages --------------------------------------------------------------------------------------------------------


def test_r15_the_last_measured_counts_not_the_last_received() -> None:
    of = history(*RUN, Stay(10, "failed", "jam"), Stay(20, "starved", ""))
    deliveries = of.deliveries()
    late = [d for d in deliveries if b"failed" in d.payload]
    rest = [d for d in deliveries if d not in late]
    questions = told([*rest, *late], plant())
    reported = questions.state(PATH).reported
    assert (reported["state"], reported["since"]) == ("starved", of.instant(20))
    assert questions.digest() == told(deliveries, plant()).digest()


def test_r16_two_events_of_one_instant_are_two() -> None:
    parts = tuple(Journey(f"p{n}", "P", 0, n == 2, (5,) * 12) for n in range(3))
    of = history(*RUN, Stay(5, "failed", ""), Stay(5, "processing", "again"), journeys=parts)
    for path, counts in ((PATH, (3, 3)), ("main/line/B", (3, 2))):
        found = asked(of, 5, 6, "quality_ratio", path=path)["quality_ratio"].parts
        assert (found["PQ"], found["GQ"]) == counts
    assert asked(of, 0, 5, "quality_ratio")["quality_ratio"].parts["PQ"] == 0
    questions = told(of.deliveries(), plant())
    events = questions.part_events("main/line/A", of.instant(5), of.instant(6))
    assert len(events) == 12


def test_r17_a_figure_defined_today_knows_the_whole_past() -> None:
    of = history(*RUN, Stay(12, "starved", ""))
    questions = told(of.deliveries(), plant())
    row = replace(CATALOGUE["availability"], id="new", formula="starved / window")
    run = questions._run(None)
    line, place = questions._find(run, PATH)
    window = Window(begin=of.instant(0), end=of.instant(48), lost=run.missing_facts)
    assert evaluate(row, node_parts(line, place, window)).value == 0.75


async def test_r18_a_late_record_is_never_dropped_and_changes_the_figure(tmp_path) -> None:
    """However late; also after a restart. That the change is told as a revision has tests of its own."""
    wire = Wire()
    births = wire.send((A, state(0, "processing")), (A, state(10 * MINUTE, "failed", "jam")))
    late = wire.send((A, state(20 * MINUTE, "processing")))
    rest = [*wire.send((A, state(50 * MINUTE, "starved"))), *wire.heartbeat(START + HOUR)]
    later = wire.heartbeat(START + 30 * DAY)
    async with twin_of(folder=tmp_path) as twin:
        await hear(twin, [*births, *rest, *later])
        before = twin.kpis(PATH, START, START + HOUR, names=["availability"])["availability"]
        assert (before.parts["APT"], before.parts["UNK"]) == (10 * MINUTE, 40 * MINUTE)
        await hear(twin, late)
        after = twin.kpis(PATH, START, START + HOUR, names=["availability"])["availability"]
        assert (after.parts["APT"], after.parts["UNK"], after.coverage) == (40 * MINUTE, 0, 1.0)
        assert before.lower <= after.value <= before.upper
        assert twin.counters().late == 1
    async with twin_of(folder=tmp_path) as again:
        assert again.kpis(PATH, START, START + HOUR, names=["availability"])["availability"] == after


def test_r19_an_operation_may_take_longer_than_a_day() -> None:
    part = Journey("p", "P", 0, bad=False, at=(0, 0, 100, 100))
    of = history(*RUN, Stay(100, "failed", ""), Stay(172, "starved", ""), journeys=(part,), end=200, unit=HOUR)
    values = asked(of, 0, 200, "cycle_time", "mttr.usual", "availability")
    assert (values["cycle_time"].value, values["mttr.usual"].value) == (100 * 3600, 72 * 3600)
    days = [asked(of, first, last, "availability")["availability"] for first, last in pairwise(range(0, 201, 25))]
    assert sum(day.parts["APT"] for day in days) == values["availability"].parts["APT"] == 100 * HOUR
    assert [day.value for day in days] == [1, 1, 1, 1, 0, 0, 0, 0]


def test_r20_what_cannot_be_true_stays_and_is_flagged() -> None:
    """Ten parts in one tick by a machine that needs three for each."""
    parts = tuple(Journey(f"p{n}", "P", 0, bad=False, at=(5,) * 4) for n in range(10))
    values = asked(history(*RUN, journeys=parts), 0, 10, "oee", "effectiveness", "quality_ratio")
    assert (values["oee"].value, values["oee"].warnings) == (3.0, ["above_one"])
    assert (values["effectiveness"].value, values["effectiveness"].warnings) == (3.0, ["above_one"])
    assert values["quality_ratio"].parts["PQ"] == 10


def test_all_twenty_are_here() -> None:
    numbers = [int(found[1]) for name in globals() if (found := re.match(r"test_r(\d+)_", name))]
    assert sorted(numbers) == list(range(1, 21))
