"""The twin as its users meet it: messages in, answers out, whatever happens on the way."""

import asyncio
import json
import random
from functools import cache
from itertools import pairwise

import pytest
from hearing import LINE, SMALL, START, A, B, Wire, hear, simulated, state, twin_of
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from broker import Numbering, decode
from plant.errors import StoreError
from plant.messages import (
    Affected,
    Alarm,
    Clock,
    Command,
    Delivery,
    Energy,
    Meta,
    PartEvent,
    Status,
    Telemetry,
    Truth,
    Waveform,
)
from plant.paths import Node
from plant.time import SECOND
from twin import Journal, open_twin
from twin.intake import LONGEST_RUN

TOPIC = "shopfloor/v1/local/site/main/line"
META = Meta(ts=START, schema="1.0", type="machine")


def part(ts: int, event: str, name: str = "line-1", **more) -> PartEvent:
    return PartEvent(ts=START + ts, event=event, part=name, product="line", **more)


def living(wire: Wire, *, births: bool = True) -> list[Delivery]:
    """A part goes through A; the line's births before it."""
    born = [(node, META) for node in (LINE, A, Node("main", "line", "B", 1))]
    events = [
        (A, state(0, "starved")),
        (A, part(10, "entered")),
        (A, state(10, "processing", part="line-1")),
        (A, part(10, "started")),
        (A, part(40, "finished", cycle_us=30)),
        (A, part(40, "left", route="B")),
        (A, state(40, "blocked", "B")),
    ]
    return wire.send(*(born if births else []), *events)


# garbage


@cache
def short_run(*, telemetry: bool = False) -> list[Delivery]:
    return simulated(until=20 * SECOND, telemetry=telemetry)


@st.composite
def garbage(draw: st.DrawFn) -> Delivery:
    """Valid deliveries with something wrong, or nothing right at all."""
    good = random.Random(draw(st.integers(0, 99))).choice(short_run(telemetry=True))
    topic, payload = good.topic, good.payload
    odd = st.sampled_from([None, True, 1.5, float("nan"), -1, 2**53, -(2**70), "", "text", [], {}])
    match draw(st.integers(0, 6)):
        case 0:
            payload = draw(st.binary(max_size=60))
        case 1:
            tree = json.loads(payload)
            tree[draw(st.sampled_from(sorted(tree)))] = draw(odd)
            payload = json.dumps(tree).encode()
        case 2:
            at = draw(st.integers(0, len(payload) - 1))
            payload = payload[:at] + draw(st.binary(max_size=2)) + payload[at + 1 :]
        case 3:
            topic = draw(st.text(max_size=40) | st.text(max_size=5).map(lambda text: topic.replace("line/", text)))
        case 4:
            tree = json.loads(payload)
            del tree[draw(st.sampled_from(sorted(tree)))]
            payload = json.dumps(tree).encode()
        case 5:
            kinds = ("state", "part", "meta", "clock", "telemetry", "energy", "alarm/x", "cmd", "kpi")
            other = draw(st.sampled_from(kinds))
            topic = f"{topic.rpartition('/')[0]}/{other}"
        case 6:
            tree = json.loads(payload)
            tree["ts"] = draw(st.integers(0, 2**53 - 1))
            payload = json.dumps(tree).encode()
    return Delivery(topic=topic, payload=payload, retain=draw(st.booleans()))


@given(st.lists(garbage(), max_size=12))
@settings(max_examples=60)
def test_garbage_is_counted_and_breaks_nothing(rubbish) -> None:
    good = short_run()

    async def run() -> None:
        async with twin_of() as twin:
            await hear(twin, good[:50])
            await hear(twin, rubbish)
            await hear(twin, good[50:])
            counters = twin.counters()
            assert counters.received == len(good) + len(rubbish)
            assert sum(counters.dead_letters.values()) <= len(rubbish)
            assert len(twin.dead_letters()) == sum(counters.dead_letters.values())
            for run in twin.runs():
                begin, end = twin.extent(run)
                twin.state("main/line", run=run)
                twin.state("main/line", run=run, at=(begin + end) // 2)
                for path in ("main/line", "main/line/A", "main/line/B/1"):
                    twin.kpis(path, begin - 5, end + 5, run=run)
                twin.intervals("main/line/A", begin - 5, end + 5, run=run)
            twin.kpi_messages()

    asyncio.run(run())


async def test_dead_letters_say_why() -> None:
    wire = Wire()
    async with twin_of() as twin:
        await twin.take(living(wire))
        good = wire.send((A, state(50, "starved")))[0]
        tree = json.loads(good.payload)

        def with_(**changes) -> Delivery:
            return replace(good, payload=json.dumps({**tree, **changes}).encode())

        clock = Clock(ts=START, now=START + 2 * LONGEST_RUN, speed=1, epoch=0, running=True, last={})
        letters = {
            "json": replace(good, payload=b"\xff{"),
            "value": with_(state="dancing"),
            "envelope": with_(run=""),
            "topic": replace(good, topic="elsewhere/x"),
            "kind": replace(good, topic=f"{TOPIC}/A/gossip"),
            "node": replace(good, topic=f"{TOPIC}/Z/state"),
            "time": with_(ts=START + 2 * LONGEST_RUN, since=START),
            "run": wire_of("other", Telemetry(ts=START, t=[], v={})),
            "retained": replace(
                wire.send((A, Command(ts=START, id="1", name="stop", expires=START, by="me")))[0], retain=True
            ),
        }
        await twin.take(list(letters.values()))
        assert twin.counters().dead_letters == dict.fromkeys(letters, 1)
        assert [letter.reason for letter in twin.dead_letters()] == list(letters)
        assert twin.dead_letters()[0].payload == "\\xff{"
        await twin.take(wire.send((LINE, clock)))
        assert twin.counters().dead_letters["time"] == 2
        other_site = Numbering("local", "elsewhere", run="r1").number(A, state(60, "starved"))
        await twin.take(other_site)
        assert twin.counters().dead_letters["node"] == 2
        assert twin.runs() == ["r1"]


def wire_of(run: str, message) -> Delivery:
    return Wire(run=run).send((A, message))[0]


# answers


async def test_a_machine_reports_its_present_and_its_past() -> None:
    wire = Wire()
    async with twin_of() as twin:
        jam = Alarm(
            ts=START + 40, code="jam", text="Jam", priority=2, alarm_state="unacknowledged", since=START + 40, count=1
        )
        await twin.take(living(wire))
        await twin.take(wire.send((A, jam), (A, Energy(ts=START + 40, kwh=1.5, by={}, kw=4.0))))
        await twin.take(wire.heartbeat(START + 60, speed=2.0))
        now = twin.state("main/line/A")
        assert (now.kind, now.last_change, now.children) == ("station", START + 40, [])
        reported = now.reported
        expected = {
            "state": "blocked", "reason": "B", "since": START + 40, "part": None, "parts_finished": 1, "parts_good": 1,
            "parts_scrapped": 0, "cycle_us": 30, "energy_kwh": 1.5, "power_kw": 4.0,
            "buffer": {"level": 0, "in_transport": 0, "capacity": None}, "ideal_cycle_us": 5 * SECOND,
        }  # fmt: skip
        assert {key: reported[key] for key in expected} == expected
        assert [alarm["code"] for alarm in reported["alarms"]] == ["jam"]
        then = twin.state("main/line/A", at=START + 25).reported
        assert (then["state"], then["part"], then["parts_finished"], then["alarms"]) == ("processing", "line-1", 0, [])
        station = twin.state("main/line/B")
        assert station.reported["buffer"] == {"level": 0, "in_transport": 1, "capacity": 2}
        assert [child.path for child in station.children] == ["main/line/B/1", "main/line/B/2"]
        assert {child.kind for child in station.children} == {"machine"}
        line = twin.state("main/line").reported
        assert (line["wip"], line["parts_out"], line["online"], line["speed"]) == (1, 0, True, 2.0)
        assert line["plant_time"] == START + 60


async def test_a_connection_that_is_gone_leaves_its_machines_unknown_until_it_is_back() -> None:
    wire = Wire()
    async with twin_of() as twin:
        status = Status(ts=START, online=True, client="c", version="1")
        will = wire.send((LINE, replace(status, online=False)))  # numbered before the connection is open
        await twin.take([*wire.send((LINE, status)), *living(wire), *wire.heartbeat(START + 50)])
        assert twin.state("main/line/A").reported["state"] == "blocked"
        await twin.take(will)
        gone = twin.state("main/line/A").reported
        assert (gone["state"], gone["reason"], gone["since"]) == ("unknown", "offline", START + 50)
        assert twin.state("main/line").reported["online"] is False
        assert [i.state for i in twin.intervals("main/line/A", START, START + 60)][-2:] == ["blocked", "unknown"]
        await twin.take(wire.send((LINE, replace(status, ts=START + 80)), (A, state(80, "starved"))))
        assert twin.state("main/line/A").reported["state"] == "starved"
        assert "unknown" not in [i.state for i in twin.intervals("main/line/A", START, START + 80)]


async def test_the_next_session_goes_on_where_its_births_say_the_last_one_ended() -> None:
    first = Wire()
    before = living(first)
    last = first.numberings[LINE].last

    async def hear_again(previous, lost: int) -> tuple[list[str], int]:
        second = Wire(session=2, previous=previous)
        again = second.send((A, META), (A, state(70, "failed", "jam")))
        async with twin_of() as twin:
            await twin.take(before[: len(before) - lost])
            await twin.take([*again, *second.heartbeat(START + 90)])
            assert twin.last("r1").nodes["main/line/A"].session == 2
            return [i.state for i in twin.intervals("main/line/A", START, START + 90)], twin.counters().gaps

    assert await hear_again(last, 0) == (["starved", "processing", "blocked", "failed"], 0)
    assert await hear_again(last, 1) == (["starved", "unknown", "failed"], 1)
    assert await hear_again(None, 0) == (["starved", "processing", "unknown", "failed"], 0)


async def test_what_a_late_listener_did_not_hear_is_no_gap() -> None:
    wire = Wire()
    past = living(wire)
    kept = {d.topic: replace(d, retain=True) for d in past if d.topic.rpartition("/")[2] in {"meta", "state"}}
    async with twin_of() as twin:
        await twin.take([*kept.values(), *wire.heartbeat(START + 50)])
        await twin.take(wire.send((A, part(60, "entered", "line-2")), (A, state(60, "processing"))))
        counters = twin.counters()
        assert (counters.gaps, counters.late, counters.duplicates) == (0, 0, 0)
        lost = wire.send((A, part(70, "started", "line-2")))
        await twin.take(wire.send((A, part(80, "finished", "line-2"))))
        assert twin.counters().gaps == len(lost) == 1


async def test_questions_that_have_no_answer_are_refused() -> None:
    async with twin_of() as twin:
        with pytest.raises(ValueError, match="any run"):
            twin.extent()
        await twin.take(living(Wire()))
        window = (START, START + 40)
        for question, why in [
            (lambda: twin.state("main/line/Z"), "has no"),
            (lambda: twin.state("nonsense"), "not a path"),
            (lambda: twin.state("main/line", run="other"), "no run"),
            (lambda: twin.kpis("main/line", START, START), "empty"),
            (lambda: twin.intervals("main/line", *window), "not a machine"),
            (lambda: twin.intervals("main/line/B", *window), "not a machine"),
            (lambda: twin.output("main/line", *window, 0), "step"),
            (lambda: twin.bottleneck("main/line/A", *window), "not a line"),
        ]:
            with pytest.raises(ValueError, match=why):
                question()
        with pytest.raises(KeyError, match="happiness"):
            twin.kpis("main/line", *window, names=["happiness"])
        with pytest.raises(ValueError, match="no signal"):
            await twin.series("main/line/A", "mood", *window, 10)


async def test_output_cycles_and_events_of_a_simulated_hour_agree_with_the_figures() -> None:
    async with twin_of() as twin:
        await hear(twin, simulated(seed=7, until=600 * SECOND))
        begin, end = twin.extent()
        for path in ("main/line", "main/line/A", "main/line/B", "main/line/C"):
            kpis = twin.kpis(path, begin, end)
            good = kpis["throughput"].parts["shipped" if path == "main/line" else "GQ"]
            assert sum(twin.output(path, begin, end, 7 * SECOND)) == good > 0
            events = twin.part_events(path, begin, end)
            assert [ts for ts, _, _ in events] == sorted(ts for ts, _, _ in events)
            if path != "main/line":
                cycles = twin.cycles(path, begin, end)
                assert kpis["cycle_time"].value == pytest.approx(sum(cycles) / len(cycles) / SECOND)
                assert sum(event == "finished" for _, event, _ in events) == len(cycles)
        assert twin.bottleneck("main/line", begin, end).methods["active_period"].station in {"A", "B", "C"}
        assert twin.kpis("main/line/B", begin, end)["queue"].parts["queue_max"] >= 1
        assert twin.kpis("main/line/A", begin, end)["queue"].value == 0  # its parts come when it can take them


async def test_its_kpis_are_messages_and_coming_back_they_change_nothing() -> None:
    wire = Wire()
    async with twin_of() as twin:
        assert twin.kpi_messages() == []
        await twin.take([*living(wire), *wire.heartbeat(START + 60)])
        before = twin.digest(), twin.extent(), twin.position()
        messages = twin.kpi_messages()
        paths = {"main/line", "main/line/A", "main/line/B/1", "main/line/B/2", "main/line/C"}
        assert {node.path for node, _ in messages} == paths
        deliveries = wire.send(*messages)
        assert all(decode(d.topic, d.payload)[1].to == START + 60 for d in deliveries)
        await twin.take(deliveries)
        assert (twin.digest(), twin.extent(), twin.position()) == before
        assert twin.counters().dead_letters == {}


# stores


async def test_when_the_journal_fails_nothing_is_taken_and_the_batch_may_come_again(tmp_path) -> None:
    batch = living(Wire())
    async with twin_of(folder=tmp_path) as twin:
        await twin.take(batch[:4])
        known = twin.digest(), twin.position(), replace(twin.counters(), nodes={}, journal_retries=1)
        db = twin._journal._db
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
        flood = simulated(until=100 * SECOND)
        with pytest.raises(StoreError, match="full"):
            await twin.take([*batch, *flood])
        counters = twin.counters()
        assert (twin.digest(), twin.position(), replace(counters, nodes={}, journal_trouble="")) == known
        assert "full" in counters.journal_trouble
        assert twin.runs() == ["r1"]
        db.execute("PRAGMA max_page_count = 1000000")
        await twin.take([*batch, *flood])
        assert twin.position() == len(batch) + len(flood)
        assert (twin.counters().gaps, twin.counters().journal_trouble) == (0, "")


async def test_a_take_that_is_cancelled_is_done_all_the_same() -> None:
    batch = simulated(until=60 * SECOND)
    async with twin_of() as twin:
        taking = asyncio.create_task(twin.take(batch))
        await asyncio.sleep(0)
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
        await twin.take(batch[:1])
        assert twin.position() == twin.counters().journaled == len(batch)
        assert twin.counters().duplicates == 1


async def test_runs_live_beside_each_other_and_the_newest_is_the_default(tmp_path) -> None:
    async with twin_of(folder=tmp_path) as twin:
        await twin.take(living(Wire(run="old")))
        await twin.take(living(Wire(run="new")))
        assert twin.runs() == ["old", "new"]
        more = Wire(run="old", session=2).send((A, state(99, "failed")))
        await twin.take(more)
        assert twin.runs() == ["new", "old"]
        digests = {run: twin.digest(run) for run in twin.runs()}
    async with twin_of(folder=tmp_path) as twin:
        assert twin.runs() == ["new", "old"]
        assert twin.state("main/line/A").reported["state"] == "failed"
        await twin.load("new")
        assert {run: twin.digest(run) for run in twin.runs()} == digests
        await twin.take(living(Wire(run="new")))
        assert twin.counters().duplicates == len(living(Wire(run="new")))


async def test_telemetry_goes_to_the_historian_and_moves_no_time(tmp_path) -> None:
    wire = Wire()
    block = Telemetry(ts=START + 90, t=[START + 80, START + 90], v={"power": [1.0, 3.0]})
    async with open_twin(SMALL, tmp_path, durable=False) as twin:
        await twin.take(living(wire))
        deliveries = wire.send((A, block))
        await twin.take([*deliveries, *deliveries])
        assert twin.extent() == (START, START + 40)
        series = await twin.series("main/line/A", "power", START + 80, START + 100, 20)
        assert (series.mean, series.last) == ([2.0], [3.0])
        assert twin.counters().telemetry_values == 2
        assert twin.last("r1").telemetry == {"main/line/A": START + 90}
    async with open_twin(SMALL, tmp_path, durable=False) as twin:
        await twin.take(deliveries)  # sent again after a restart
        series = await twin.series("main/line/A", "power", START + 80, START + 100, 10)
        assert series.mean == [1.0, 3.0]
        known = twin.last("r1")
        assert known.telemetry == {"main/line/A": START + 90}
        assert (known.nodes["main/line/A"].ts, known.nodes["main/line/A"].count) == (START + 40, 3)


# live events


async def gathered(events, count: int):
    found = []
    async for event in events:
        found.append(event)
        if len(found) == count:
            return found
    return found


@given(st.lists(st.integers(0, 120), min_size=1, max_size=5), st.integers(1, 60))
@settings(max_examples=20)
def test_a_reader_that_comes_and_goes_sees_the_journal_once_and_in_order(stops, size) -> None:
    deliveries = simulated(until=60 * SECOND)[:150]

    async def run() -> None:
        async with twin_of() as twin:
            seen = []
            feeding = asyncio.create_task(hear(twin, deliveries, size))
            for stop, following in pairwise([0, *sorted(stops), len(deliveries)]):
                if following == stop:
                    continue
                events = twin.events(after=seen[-1].position if seen else 0)
                seen += await gathered(events, following - stop)
                await events.aclose()
            await feeding
            assert [event.position for event in seen] == list(range(1, len(deliveries) + 1))
            stored = twin._journal.page(0, 1000, upto=1000)
            assert [event.message["ts"] for event in seen] == [json.loads(row.payload)["ts"] for row in stored]
            assert not twin._broadcast.readers

    asyncio.run(run())


async def test_a_slow_reader_is_told_and_holds_up_nobody() -> None:
    wire = Wire()
    async with twin_of() as twin:
        await twin.take(living(wire))
        events = twin.events()
        first = asyncio.create_task(anext(events))
        await asyncio.sleep(0)
        await twin.take(wire.send((A, state(50, "starved"))))
        assert (await first).position == twin.position()
        for _ in range(3):
            await twin.take(wire.send(*((B, part(60, "entered", f"p{i}")) for i in range(5000))))
        told = await anext(events)
        assert (told.kind, told.position) == ("reset", twin.position())
        await twin.take(wire.send((A, state(70, "processing"))))
        assert (await anext(events)).kind == "state"
        assert twin.counters().events_reset == 1
        await events.aclose()


async def test_a_reader_with_a_position_of_another_journal_is_told() -> None:
    async with twin_of() as twin:
        await twin.take(living(Wire()))
        events = twin.events(after=10**6)
        assert (await anext(events)).kind == "reset"
        await events.aclose()


async def test_a_journal_that_cannot_be_opened_is_a_store_error(tmp_path) -> None:
    (tmp_path / "journal.sqlite").write_text("no journal " * 1000)
    with pytest.raises(StoreError):
        async with open_twin(SMALL, tmp_path):
            pass
    Journal(tmp_path / "fine").close()


async def test_the_truth_is_ignored_and_counted_and_missing_waveforms_are_known() -> None:
    wire = Wire()
    truth = Truth(
        ts=START, id="1", layer="process", what="x", path=A.path, t_start=START, severity=1, parameters={},
        affected=Affected(), planned=True,
    )  # fmt: skip
    wave = Waveform(
        ts=START, signal="v", unit="mm/s", begin=START, rate_hz=8000, samples=1, scale=1, offset=0, data="AAA="
    )
    first, second, third = (wire.send((A, wave))[0] for _ in range(3))
    async with twin_of() as twin:
        await hear(twin, wire.send((A, truth)))
        assert twin.runs() == []
        await hear(twin, wire.send((A, state(0, "starved"))))
        await hear(twin, [first, third, *wire.send((A, truth))])
        counters = twin.counters()
        assert (counters.ignored, counters.gaps, counters.dead_letters) == (2, 1, {})
        assert counters.nodes[A.path]["waveform"].received == 2
        assert "truth" not in counters.nodes[A.path]
        assert counters.journaled == 1
        await hear(twin, [second])
        assert twin.counters().gaps == 0
