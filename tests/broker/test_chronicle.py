"""Readings of a machine become states, parts, alarms and samples."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.chronicle import NOT_RECORDED, OVER, Chronicle, alarm_code, chronicle, number
from broker.mapping import Control, tags_of
from broker.shdr import LEVELS, Condition, Notice, Observation, Series
from plant.catalogue import CATALOGUE
from plant.description import Plant
from plant.states import State, legal
from plant.time import SECOND

STATIONS = [{"name": "OP10", "type": "lathe", "cycle_time": "5 s"}]
PLANT = Plant.model_validate({"plant": "p", "lines": [{"name": "l", "stations": STATIONS}]})
STATION = PLANT.lines[0].stations[0]
STATES = [
    {"when": {"avail": "UNAVAILABLE"}, "state": "off"},
    {"when": {"system": "FAULT"}, "state": "failed", "reason": "control"},
    {"when": {"exec": "ACTIVE"}, "state": "processing"},
    {"when": {"exec": ["READY", "DONE"]}, "state": "waiting", "reason": "start"},
    {"when": {"exec": "WAIT", "wait": "IN"}, "state": "starved"},
    {"when": {"exec": "WAIT", "wait": "OUT"}, "state": "blocked"},
]
PARTS = {"count": "count", "ends": {"exec": ["DONE", "READY"]}}


def control(**more) -> Control:
    return Control.model_validate({"name": "c", "states": STATES, "parts": PARTS, **more})


HOLD = {"when": {"exec": "HOLD"}, "state": "waiting"}


def told(*said: tuple, by: Control | None = None) -> Chronicle:
    """A chronicle of (second, item, value) or (second, reading)."""
    readings = []
    for line, (at, *what) in enumerate(said, start=1):
        reading = what[0]
        if isinstance(reading, str):
            reading = Observation(line=line, ts=at * SECOND, device="", item=what[0], value=what[1])
        readings.append((at * SECOND, reading))
    chosen = by or control()
    return chronicle(readings, chosen, tags_of(chosen, PLANT.kind(STATION)))


def states(of: Chronicle) -> list[tuple]:
    return [(one.ts // SECOND, one.state.value, one.reason) for one in of.states]


def finishes(of: Chronicle) -> list[tuple]:
    """When, number, and seconds of the cycle where it is known."""
    return [
        (f.ts // SECOND, f.number, f.cycle.worked // SECOND if f.cycle and f.cycle.known else None) for f in of.finishes
    ]


def starts(of: Chronicle) -> list[tuple]:
    return sorted((cycle.begin // SECOND, cycle.number) for cycle in of.cycles if cycle.seen)


def condition(level: str, code: str = "", text: str = "", item: str = "system") -> Condition:
    return Condition(line=1, ts=0, device="", item=item, level=level, code=code, text=text)


UP = (0, "avail", "AVAILABLE")


def test_the_first_rule_that_fits_counts_and_what_was_never_heard_of_is_unavailable() -> None:
    log = told(UP, (1, "exec", "READY"), (3, "exec", "ACTIVE"), (4, "exec", "ODD"), (6, "avail", None), (9, "x", "1"))
    assert states(log) == [
        (0, "unknown", NOT_RECORDED),
        (1, "waiting", "start"),
        (3, "processing", ""),
        (4, "unknown", NOT_RECORDED),
        (6, "off", ""),
        (9, "unknown", OVER),
    ]


def test_of_one_instant_only_the_last_state_is_said() -> None:
    log = told(UP, (0, "exec", "READY"), (5, "exec", "ACTIVE"), (5, "exec", "READY"), (7, "exec", "READY"))
    assert states(log) == [(0, "waiting", "start"), (7, "unknown", OVER)]


def test_a_step_that_no_machine_can_make_is_unknown_until_it_is_told_anew() -> None:
    log = told(UP, (0, "exec", "WAIT"), (0, "wait", "IN"), (5, "wait", "OUT"), (8, "exec", "READY"), (9, "wait", "x"))
    assert states(log) == [
        (0, "starved", ""), (5, "unknown", "starved before blocked"), (8, "waiting", "start"), (9, "unknown", OVER),
    ]  # fmt: skip


# --- parts ---------------------------------------------------------------------------------------------------------

READY = (UP, (0, "exec", "READY"), (0, "count", "7"))


def test_a_part_is_finished_when_its_cycle_is_over_and_it_is_counted() -> None:
    log = told(*READY, (2, "exec", "ACTIVE"), (12, "exec", "DONE"), (13, "count", "8"), (14, "exec", "READY"))
    assert starts(log) == [(2, 1)]
    assert finishes(log) == [(13, 1, 10)]
    early = told(*READY, (2, "exec", "ACTIVE"), (11, "count", "8"), (12, "exec", "DONE"), (14, "exec", "READY"))
    assert finishes(early) == [(12, 1, 10)]


def test_a_count_may_come_after_the_next_cycle_has_begun() -> None:
    log = told(
        *READY, (2, "exec", "ACTIVE"), (12, "exec", "DONE"), (13, "exec", "ACTIVE"), (14, "count", "8"),
        (20, "exec", "DONE"), (20, "count", "9"),
    )  # fmt: skip
    assert starts(log) == [(2, 1), (13, 2)]
    assert finishes(log) == [(14, 1, 10), (20, 2, 7)]


def test_time_that_a_cycle_is_held_is_no_work() -> None:
    log = told(*READY, (2, "exec", "ACTIVE"), (5, "exec", "HOLD"), (9, "exec", "ACTIVE"), (12, "exec", "DONE"),
               (12, "count", "8"), by=control(states=[*STATES, HOLD]))  # fmt: skip
    assert starts(log) == [(2, 1)]
    assert finishes(log) == [(12, 1, 6)]


def test_a_cycle_that_nobody_saw_whole_has_no_time() -> None:
    begun = told(UP, (0, "exec", "ACTIVE"), (0, "count", "7"), (9, "exec", "DONE"), (9, "count", "8"))
    assert (starts(begun), finishes(begun)) == ([], [(9, 1, None)])
    gap = told(*READY, (2, "exec", "ACTIVE"), (4, "exec", None), (6, "exec", "ACTIVE"), (9, "exec", "DONE"),
               (9, "count", "8"))  # fmt: skip
    assert (starts(gap), finishes(gap)) == ([(2, 1)], [(9, 1, None)])
    nothing = told(*READY, (3, "count", "8"))
    assert (starts(nothing), finishes(nothing)) == ([], [(3, 1, None)])


def test_a_cycle_that_no_count_follows_made_no_part() -> None:
    log = told(*READY, (2, "exec", "ACTIVE"), (3, "exec", "READY"), (5, "exec", "ACTIVE"), (9, "exec", "DONE"),
               (9, "count", "8"))  # fmt: skip
    assert starts(log) == [(5, 1)]
    assert finishes(log) == [(9, 1, 4)]


def test_the_cycle_on_its_way_at_the_end_was_begun() -> None:
    log = told(*READY, (2, "exec", "ACTIVE"), (3, "exec", "DONE"), (3, "count", "8"), (5, "exec", "ACTIVE"),
               (9, "x", "1"))  # fmt: skip
    assert starts(log) == [(2, 1), (5, 2)]
    assert finishes(log) == [(3, 1, 1)]


def test_without_an_end_a_cycle_goes_on_until_it_is_counted() -> None:
    by = control(parts={"count": "count"})
    log = told(*READY, (2, "exec", "ACTIVE"), (5, "count", "8"), (9, "count", "9"), (11, "exec", "READY"), by=by)
    assert starts(log) == [(2, 1), (5, 2), (9, 3)]
    assert finishes(log) == [(5, 1, 3), (9, 2, 4)]


def test_several_parts_at_once_are_the_newest_cycles_and_others_without() -> None:
    log = told(*READY, (2, "exec", "ACTIVE"), (6, "exec", "DONE"), (7, "count", "10"))
    assert finishes(log) == [(7, 1, None), (7, 2, None), (7, 3, 4)]


def test_products_follow_the_program() -> None:
    by = control(parts=PARTS | {"by": "program", "products": {"O1": "gear"}, "product": "shaft"})
    log = told(*READY, (1, "program", "O1"), (2, "exec", "ACTIVE"), (3, "exec", "DONE"), (4, "program", "O2"),
               (4, "count", "8"), (5, "exec", "ACTIVE"), (6, "exec", "DONE"), (6, "count", "9"), by=by)  # fmt: skip
    assert [finish.product for finish in log.finishes] == ["gear", "shaft"]


COUNTS = st.lists(st.one_of(st.integers(0, 40).map(str), st.none(), st.sampled_from(["", "x", "-3", "2.5", "1e30"])))


@given(COUNTS)
def test_parts_are_the_rises_of_the_count_whatever_it_does(counts: list[str | None]) -> None:
    log = told(UP, *((i, "count", count) for i, count in enumerate(counts, start=1)))
    whole = [int(count) for count in counts if count is not None and count.isdigit()]
    assert len(log.finishes) == sum(max(0, after - before) for before, after in pairwise(whole))
    assert log.resets == sum(after < before for before, after in pairwise(whole))
    assert len(log.refused) == sum(count is not None and not count.isdigit() for count in counts)
    assert [finish.number for finish in log.finishes] == list(range(1, len(log.finishes) + 1))


def test_a_count_that_was_set_counts_nothing_and_is_told() -> None:
    log = told(*READY, (1, "count", "90007"), (2, "count", "90008"))
    assert len(log.finishes) == 1
    assert [reason for _, reason in log.refused] == ["a count that rises by 90000 at once was set, and counts nothing"]


SAID = st.tuples(
    st.integers(0, 2),
    st.one_of(
        st.tuples(st.just("exec"), st.sampled_from(["ACTIVE", "READY", "DONE", "WAIT", "ODD", None])),
        st.tuples(st.just("wait"), st.sampled_from(["IN", "OUT"])),
        st.tuples(st.just("avail"), st.sampled_from(["AVAILABLE", None])),
        st.tuples(st.just("count"), st.integers(0, 4).map(str)),
        st.tuples(st.builds(condition, st.sampled_from(LEVELS), st.sampled_from(["", "7"]))),
    ),
)


@given(st.lists(SAID, min_size=1, max_size=40), st.sampled_from([PARTS, {"count": "count"}]))
def test_whatever_is_said_the_chronicle_is_one_of_a_machine(said: list[tuple], parts: dict) -> None:
    at, timed = 0, []
    for step, what in said:
        at += step
        timed.append((at, *what))
    log = told(*timed, by=control(parts=parts, alarms=[{"items": ["system"]}]))
    for before, after in pairwise(log.states):
        assert before.ts < after.ts or after.reason == OVER
        assert before.state is after.state or legal(before.state, after.state)
        assert (before.state, before.reason) != (after.state, after.reason)
    processing = sum(
        after.ts - before.ts for before, after in pairwise(log.states) if before.state is State.PROCESSING
    )
    assert sum(cycle.worked for cycle in log.cycles) <= processing
    numbers = [cycle.number for cycle in log.cycles]
    assert len(set(numbers)) == len(numbers)
    for finish in log.finishes:
        assert finish.cycle is None or finish.cycle.begin + finish.cycle.worked <= finish.ts
    active: set[str] = set()
    for alarm in log.alarms:  # raised and cleared in turn
        assert (alarm.alarm_state == "normal") == (alarm.code in active)
        active ^= {alarm.code}


# --- alarms and samples --------------------------------------------------------------------------------------------


def alarms(of: Chronicle) -> list[tuple]:
    return [
        (a.ts // SECOND, a.code, a.alarm_state == "normal", a.priority, a.since // SECOND, a.count) for a in of.alarms
    ]


def test_conditions_are_alarms_by_their_codes() -> None:
    log = told(
        UP,
        (1, condition("WARNING", "7", "Low")),
        (2, condition("FAULT", "9")),
        (3, condition("FAULT", "7")),
        (4, condition("NORMAL", "9")),
        (5, condition("UNAVAILABLE")),
        (6, condition("FAULT", "7")),
        (7, condition("NORMAL")),
        (8, condition("FAULT", "7")),
        by=control(alarms=[{"items": ["system"], "fault": 1, "warning": 4, "text": "Control"}]),
    )
    assert alarms(log) == [
        (1, "system-7", False, 4, 1, 1),
        (2, "system-9", False, 1, 2, 1),
        (3, "system-7", True, 4, 1, 1),  # a warning that becomes a fault is over
        (3, "system-7", False, 1, 3, 2),
        (4, "system-9", True, 1, 2, 1),
        (7, "system-7", True, 1, 3, 2),  # to be unavailable says nothing about it
        (8, "system-7", False, 1, 8, 3),
    ]
    assert log.alarms[0].text == "Low"
    assert log.alarms[1].text == "Control"
    assert [(at, state) for at, state, _ in states(log)] == [
        (0, "unknown"), (2, "failed"), (5, "unknown"), (6, "failed"), (7, "unknown"), (8, "failed"), (8, "unknown"),
    ]  # fmt: skip


def test_conditions_without_a_rule_are_no_alarms_but_may_be_states() -> None:
    log = told(UP, (1, condition("FAULT")), (2, condition("NORMAL")), by=control(conditions=["system"]))
    assert log.alarms == ()
    assert [state for _, state, _ in states(log)] == ["unknown", "failed", "unknown"]
    warned = told(UP, (1, condition("WARNING")), by=control(alarms=[{"items": ["system"], "warning": 2}]))
    assert [alarm.priority for alarm in warned.alarms] == [2]


@given(st.text(), st.text())
def test_a_code_of_an_alarm_can_be_a_level_of_a_topic(item: str, code: str) -> None:
    assert 1 <= len(alarm_code(item, code)) <= 64
    assert not set(alarm_code(item, code)) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def test_samples_are_multiplied_and_what_is_unavailable_has_no_value() -> None:
    tags = [
        {"tag": "spindle_load", "item": "load"},
        {"tag": "part_count", "item": "count"},
        {"tag": "warm", "item": "load", "unit": "Cel", "factor": 0.5, "offset": 20},
        {"tag": "shake", "item": "vib", "unit": "mm/s"},
    ]
    log = told(
        UP, (1, "load", "40"), (2, "load", None), (3, "load", "much"), (4, "count", "3"), (5, "count", "3.5"),
        (9, Series(line=1, ts=0, device="", item="vib", rate=2, values=(1.0, 2.0, 3.0))),
        (9, Series(line=1, ts=0, device="", item="vib", rate=0, values=(4.0, 5.0))),
        (9, Series(line=1, ts=0, device="", item="vib", rate=0.01, values=(6.0, 7.0))),
        (9, Notice(line=1, ts=0, device="", item="note", code="", text="x")),
        by=control(tags=tags, series=["vib"], messages=["note"]),
    )  # fmt: skip
    assert [(sample.ts / SECOND, sample.tag, sample.value) for sample in log.samples] == [
        (1, "spindle_load", 40), (1, "warm", 40), (2, "spindle_load", None), (2, "warm", None), (4, "part_count", 3),
        (8, "shake", 1), (8.5, "shake", 2), (9, "shake", 3), (9, "shake", 4), (9, "shake", 5), (9, "shake", 6),
        (9, "shake", 7),
    ]  # fmt: skip
    assert [reason for _, reason in log.refused] == [
        "'much' is no number", "count: 3.5 is no whole number, as part_count has them",
    ]  # fmt: skip
    assert isinstance(log.samples[4].value, int)
    assert CATALOGUE["lathe"].told_tags["part_count"].datatype == "int"


@pytest.mark.parametrize("text", ["", "nan", "inf", "1e999", "1,5", "0x10", "1 2 3", "--1", "١"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no number"):
        number(text)


@pytest.mark.parametrize(("text", "value"), [("1", 1), ("-.5", -0.5), ("+3.", 3), ("1e-3", 0.001), ("12:SHIFT", 12)])
def test_numbers_are_read_as_adapters_send_them(text: str, value: float) -> None:
    assert number(text) == value
