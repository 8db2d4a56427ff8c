"""The life of an alarm by ISA-18.2: raised, acknowledged, shelved, cleared, whatever the order of arrival."""

import asyncio
from itertools import product
from typing import get_args

import pytest
from hearing import LINE, START, A, Wire, twin_of
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.description import Plant
from plant.messages import Alarm, AlarmState, Remark
from plant.remarks import Acknowledged, Shelved
from plant.time import SECOND
from twin.alarm_states import LIVES, AlarmEvent, Cover, Life, alarm_now, occurrences, shown
from twin.mirror import Thing

PATH = "m/l/A"
STATES = get_args(AlarmState)
BITS = {
    "normal": (False, True),
    "unacknowledged": (True, False),
    "acknowledged": (True, True),
    "returned-unacknowledged": (False, False),
}
"""Of each state but ``latched``: whether the condition stands, and whether nobody needs to be told any more."""


def transition(ts: int, state: str, since: int, *, n: int = 0, by: str | None = None) -> Alarm:
    return Alarm(n=n, ts=ts, code="jam", text="Jam", priority=2, alarm_state=state, since=since, ack_by=by, count=1)


def acknowledge(ts: int, by: str = "anna", code: str = "jam") -> Remark:
    return Remark(ts=ts, by=by, about=Acknowledged(code=code))


def shelve(ts: int, until: int, by: str = "ben", code: str = "jam") -> Remark:
    return Remark(ts=ts, by=by, about=Shelved(code=code, until=until))


@pytest.mark.parametrize(("life", "event"), list(product(get_args(Life), get_args(AlarmEvent))))
def test_each_event_does_to_each_state_what_the_standard_says(life, event) -> None:
    after = LIVES[life][event]
    if life == "latched" or event == "latch":
        assert after == {"raise": "unacknowledged", "reset": "normal"}.get(event, "latched")
        return
    stands, known = BITS[life]
    expected = {
        "raise": (True, False),
        "acknowledge": (stands, True),
        "return": (False, known),
        "reset": (False, True),
    }
    assert BITS[after] == expected[event]


@pytest.mark.parametrize(
    ("life", "told", "shelved"), list(product(get_args(Life), get_args(Cover), (False, True)))
)
def test_what_covers_an_alarm_is_seen_first(life, told, shelved) -> None:
    hidden = {"out-of-service", "suppressed-by-design"}
    assert shown(life, told, shelved=shelved) == (
        told if told in hidden else "shelved" if shelved or told else life
    )


@st.composite
def stories(draw):
    """Transitions in order, a few at equal instants, and remarks of two alarms in the order in which they were made."""
    instants = sorted(draw(st.lists(st.integers(0, 40), max_size=12)))
    told = [
        transition(
            ts,
            draw(st.sampled_from(["unacknowledged", "normal", *STATES])),
            draw(st.integers(0, ts)),
            n=n,
            by=draw(st.sampled_from([None, None, None, "plc"])),
        )
        for n, ts in enumerate(instants)
    ]
    said = []
    for ts in sorted(draw(st.lists(st.integers(0, 45), max_size=6))):
        code = draw(st.sampled_from(["jam", "jam", "other"]))
        until = draw(st.none() | st.integers(0, 60))
        said.append(acknowledge(ts, code=code) if until is None else shelve(ts, until, code=code))
    return told, said


@given(story=stories(), at=st.integers(0, 50))
def test_only_the_last_occurrence_makes_an_alarm_what_it_is(story, at) -> None:
    told, said = story
    now = alarm_now(PATH, told, said, at)
    known = occurrences(PATH, [m for m in told if m.ts <= at], [m for m in said if m.ts <= at])
    if not known:
        assert now is None
        return
    last = known[-1]
    assert (now.since, now.active, now.cleared) == (last.raised, last.active, last.cleared)
    assert (now.acknowledged, now.acknowledged_by) == (last.acknowledged, last.acknowledged_by)
    shelves = [m.about.until for m in said if m.ts <= at and isinstance(m.about, Shelved) and m.about.code == "jam"]
    assert now.shelved_until == (shelves[-1] if shelves and at < shelves[-1] else None)


@given(story=stories())
def test_lives_are_told_without_contradiction(story) -> None:
    told, said = story
    known = occurrences(PATH, told, said)
    assert sum(o.active for o in known) <= 1
    assert all(not o.active for o in known[:-1])
    for at in range(50):
        now = alarm_now(PATH, told, said, at)
        if now is None:
            continue
        assert now.active == (now.active and now.cleared is None)
        bits = BITS.get(now.state)
        if bits is not None and now.state != "normal":
            assert bits == (now.active, now.acknowledged is not None)
        assert now.open or not now.active
        assert (now.shelved_until is None) or at < now.shelved_until


@given(story=stories(), data=st.data())
@settings(max_examples=200)
def test_the_order_of_arrival_around_the_remarks_makes_no_difference(story, data) -> None:
    told, said = story
    in_order, mixed = Thing(A), Thing(A)
    if told:
        in_order.alarm(told)
    in_order.remarks.extend(said)
    waiting = list(data.draw(st.permutations(told)))
    left = list(said)
    while waiting or left:  # remarks come from the twin alone, so one after the other
        if left and (not waiting or data.draw(st.booleans())):
            mixed.remarks.extend([left.pop(0)])
        else:
            size = data.draw(st.integers(1, 3))
            mixed.alarm(waiting[:size])
            del waiting[:size]
    for at in range(50):
        assert mixed.alarms_at(at) == in_order.alarms_at(at)
    assert mixed.canonical == in_order.canonical


def test_an_acknowledgement_counts_for_what_stands_or_went_away_unacknowledged() -> None:
    told = [
        transition(10, "unacknowledged", 10),
        transition(20, "normal", 10),
        transition(30, "unacknowledged", 30),
        transition(50, "normal", 30),
        transition(60, "unacknowledged", 60),
    ]
    said = [acknowledge(5), acknowledge(25, "ben"), acknowledge(40, "eve"), acknowledge(45), acknowledge(55)]
    assert [(o.acknowledged, o.acknowledged_by) for o in occurrences(PATH, told, said)] == [
        (25, "ben"),
        (40, "eve"),
        (None, None),
    ]
    states = {at: alarm_now(PATH, told, said, at).state for at in (10, 20, 25, 30, 40, 50, 60)}
    assert states == {
        10: "unacknowledged",
        20: "returned-unacknowledged",
        25: "normal",
        30: "unacknowledged",
        40: "acknowledged",
        50: "normal",
        60: "unacknowledged",
    }


def test_a_birth_does_not_take_an_acknowledgement_back() -> None:
    told = [transition(10, "unacknowledged", 10), transition(30, "unacknowledged", 10, n=1)]
    assert alarm_now(PATH, told, [acknowledge(20)], 40).state == "acknowledged"


def test_a_plant_that_knows_of_acknowledgements_says_so_itself() -> None:
    told = [
        transition(10, "unacknowledged", 10),
        transition(20, "returned-unacknowledged", 10, n=1),
        transition(30, "normal", 10, n=2, by="plc"),
    ]
    (one,) = occurrences(PATH, told)
    assert (one.cleared, one.acknowledged, one.acknowledged_by) == (20, 30, "plc")
    assert [alarm_now(PATH, told, [], at).state for at in (10, 20, 30)] == [
        "unacknowledged",
        "returned-unacknowledged",
        "normal",
    ]


def test_a_shelf_ends_by_plant_time_or_early() -> None:
    told = [transition(10, "unacknowledged", 10)]
    said = [shelve(20, 40), shelve(50, 90), shelve(60, 60)]
    states = [alarm_now(PATH, told, said, at).state for at in (19, 20, 39, 40, 50, 59, 60)]
    assert states == ["unacknowledged", "shelved", "shelved", "unacknowledged", "shelved", "shelved", "unacknowledged"]


def test_a_shelved_alarm_does_not_stand_but_is_counted(tmp_path) -> None:
    raised = Alarm(
        ts=START + SECOND, code="jam", text="Jam", priority=2, alarm_state="unacknowledged",
        since=START + SECOND, count=1,
    )  # fmt: skip

    async def scenario() -> None:
        async with twin_of(folder=tmp_path) as twin:
            wire = Wire()
            await twin.take([*wire.send((A, raised)), *wire.heartbeat(START + 2 * SECOND)])
            window = (START, START + 60 * SECOND)
            assert twin.alarm_report(LINE.path, *window).standing == 1
            await twin.remark(A.path, Acknowledged(code="jam"), by="anna")
            (alarm,) = twin.state(A.path).reported["alarms"]
            assert (alarm["state"], alarm["acknowledged_by"]) == ("acknowledged", "anna")
            assert alarm["id"] == "main.line.A.jam"
            await twin.remark(A.path, Shelved(code="jam", until=START + 5 * SECOND), by="ben")
            told = twin.digest()
        async with twin_of(folder=tmp_path) as twin:
            assert twin.digest() == told
            assert twin.alarm(A.path, "jam").state == "shelved"
            reported = twin.state(A.path).reported
            assert (reported["alarms"], reported["alarms_shelved"]) == ([], 1)
            report = twin.alarm_report(LINE.path, *window)
            assert (report.standing, report.count, [a.shelved_by for a in report.shelved]) == (0, 1, ["ben"])
            await twin.take(wire.heartbeat(START + 6 * SECOND))
            assert twin.alarm(A.path, "jam").state == "acknowledged"
            assert twin.alarm_report(LINE.path, *window).standing == 1
            with pytest.raises(ValueError, match="has raised no alarm 'heat'"):
                twin.alarm(A.path, "heat")

    asyncio.run(scenario())


def test_stations_of_several_machines_have_the_alarms_of_their_machines() -> None:
    plant = Plant.model_validate(
        {"plant": "site", "lines": [{"name": "line", "stations": [{"name": "A", "cycle_time": "5 s", "machines": 2}]}]}
    )
    second = A.__class__(A.area, A.line, A.station, 2)

    async def scenario() -> None:
        async with twin_of(plant) as twin:
            wire = Wire(plant)
            await twin.take(wire.send((second, transition(START, "unacknowledged", START))))
            await twin.remark(second.path, Acknowledged(code="jam"), by="anna")
            assert twin.alarm(second.path, "jam").state == "acknowledged"
            with pytest.raises(ValueError, match="no alarm"):
                twin.alarm(A.path, "jam")

    asyncio.run(scenario())
