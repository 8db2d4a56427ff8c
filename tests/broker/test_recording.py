"""Recorded logs of real lines: what they tell becomes messages, and what they do not tell is said to be unknown."""

import csv
import itertools
import statistics
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker import Numbering, Recording, decode, read_recording
from broker.recording import Recorded
from plant.description import Plant
from plant.errors import RecordingError
from plant.messages import Meta, PartEvent, StateChange
from plant.paths import Node

STATIONS = [{"name": name, "cycle_time": "5 s"} for name in ("S1", "S2")]
PLANT = Plant.model_validate({"plant": "lab", "lines": [{"name": "l", "area": "hall", "stations": STATIONS}]})
LINE = PLANT.lines[0]
HEADER = "time_ns,station,part,event\n"


def written(folder: Path, rows: str) -> Path:
    file = folder / "log.csv"
    file.write_text(HEADER + rows)
    return file


def told(recording: Recording, station: str) -> list[tuple]:
    """The states and part events of a station after its birth, in short."""
    found = []
    for node, message in recording.emissions():
        if node.station == station and isinstance(message, StateChange):
            found.append((message.ts, message.state, message.part))
        elif node.station == station and isinstance(message, PartEvent):
            found.append((message.ts, message.event, message.part, message.cycle_us))
    return found[1:]


def test_work_is_processing_and_the_time_between_is_unknown(tmp_path) -> None:
    log = written(tmp_path, "2000000,1,7,start\n5000000,1,7,finish\n9000000,S1,8,start\n9500000,2,1,finish\n")
    recording = read_recording(log, PLANT)
    assert (recording.begin, recording.end) == (2000, 9500)
    assert told(recording, "S1") == [
        (2000, "started", "l-7", None),
        (2000, "processing", "l-7"),
        (5000, "finished", "l-7", 3000),
        (5000, "unknown", None),
        (9000, "started", "l-8", None),
        (9000, "processing", "l-8"),  # the log ends in the middle of it
    ]
    assert told(recording, "S2") == [(9500, "finished", "l-1", None)]


def test_a_start_that_is_not_finished_says_nothing_about_what_followed(tmp_path) -> None:
    log = written(tmp_path, "1000,1,7,start\n9000,1,7,start\n12000,1,7,finish\n15000,1,8,start\n19000,1,9,finish\n")
    assert told(read_recording(log, PLANT), "S1") == [
        (1, "started", "l-7", None),
        (9, "started", "l-7", None),
        (9, "processing", "l-7"),
        (12, "finished", "l-7", 3),
        (12, "unknown", None),
        (15, "started", "l-8", None),
        (19, "finished", "l-9", None),
    ]


def test_of_one_instant_only_the_last_state_is_said(tmp_path) -> None:
    log = written(tmp_path, "1000,1,7,start\n5000,1,7,finish\n5000,1,8,start\n8000,1,8,finish\n")
    assert told(read_recording(log, PLANT), "S1")[2:] == [
        (5, "finished", "l-7", 4),
        (5, "started", "l-8", None),
        (8, "finished", "l-8", 3),
        (8, "unknown", None),
    ]


def test_births_come_first_and_the_run_follows_from_the_bytes_and_the_plant(tmp_path) -> None:
    log = written(tmp_path, "1000,1,7,start\n")
    recording = read_recording(log, PLANT)
    first = list(itertools.islice(recording.emissions(), 5))
    assert [(node.station, type(message)) for node, message in first] == [
        (None, Meta),
        ("S1", Meta),
        ("S2", Meta),
        ("S1", StateChange),
        ("S2", StateChange),
    ]
    assert read_recording(log, PLANT).run == recording.run
    longer = PLANT.model_copy(update={"plant": "other"})
    assert read_recording(log, longer).run != recording.run
    assert read_recording(written(tmp_path, "1000,1,8,start\n"), PLANT).run != recording.run


EVENTS = st.lists(
    st.builds(
        lambda ts, station, part, event: Recorded(ts=ts, station=station, part=part, event=event),
        st.integers(0, 12),
        st.sampled_from(["S1", "S2"]),
        st.sampled_from(["1", "2", "3"]),
        st.sampled_from(["start", "finish"]),
    ),
    min_size=1,
    max_size=20,
)


@given(EVENTS)
def test_any_log_becomes_valid_messages_in_order_and_every_stretch_has_a_length(events: list[Recorded]) -> None:
    recording = Recording(run="r", plant=PLANT, line=LINE, events=tuple(sorted(events, key=lambda event: event.ts)))
    numbering = Numbering("local", "lab", run="r")
    emissions = list(recording.emissions())
    for node, message in emissions:
        for delivery in numbering.number(node, message):
            decode(delivery.topic, delivery.payload)
    assert [m.ts for _, m in emissions] == sorted(m.ts for _, m in emissions)
    for name in ("S1", "S2"):
        node = Node("hall", "l", name)
        states = [m for n, m in emissions if n == node and isinstance(m, StateChange)]
        for before, after in itertools.pairwise(states):
            assert before.state != after.state
            assert before.ts < after.ts or after is states[1]  # only the birth's state may last no time
        parts = [m for n, m in emissions if n == node and isinstance(m, PartEvent)]
        assert len(parts) == sum(event.station == name for event in events)
        known = sum(m.cycle_us or 0 for m in parts)
        ends = [s.ts for s in states[1:]] + [recording.end]
        working = sum(end - s.ts for s, end in zip(states, ends, strict=True) if s.state == "processing")
        assert working >= known  # all work of known length, and what was going on at the end


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("", "holds no events"),
        ("x,1,1,start\n", r"log\.csv:2: time_ns: found 'x'"),
        ("-1,1,1,start\n", r"log\.csv:2: time_ns"),
        ("9999999999999999999,1,1,start\n", r"log\.csv:2: time_ns"),
        ("1,1,1,start\n1,3,1,start\n", r"log\.csv:3: station: found '3'; allowed is one of 1, 2, S1, S2"),
        ("1,1,1,stop\n", r"log\.csv:2: event: found 'stop'"),
        ("1,1,,start\n", r"log\.csv:2: part: found ''"),
        ("1,1,a/b,start\n", r"log\.csv:2: part"),
        ("1,1\n", r"log\.csv:2: "),
        (f"1,1,{'9' * 200_000},start\n", r"log\.csv:2: is not CSV"),
    ],
)
def test_a_wrong_row_is_named_by_file_and_line(rows: str, message: str, tmp_path) -> None:
    with pytest.raises(RecordingError, match=message):
        read_recording(written(tmp_path, rows), PLANT)


def test_a_wrong_file_is_named(tmp_path) -> None:
    with pytest.raises(RecordingError, match="cannot be read"):
        read_recording(tmp_path / "none.csv", PLANT)
    file = tmp_path / "log.csv"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecordingError, match="not UTF-8"):
        read_recording(file, PLANT)
    file.write_text("time,station,event\n1,1,start\n")
    with pytest.raises(RecordingError, match=r"log\.csv:1: lacks the column time_ns, part"):
        read_recording(file, PLANT)


def test_a_plant_that_cannot_be_meant_is_refused(tmp_path) -> None:
    log = written(tmp_path, "1000,1,7,start\n")
    two = {"plant": "lab", "lines": [{"name": name, "stations": STATIONS} for name in ("a", "b")]}
    with pytest.raises(RecordingError, match="belongs to one line"):
        read_recording(log, Plant.model_validate(two))
    wide = [{"name": "S1", "cycle_time": "5 s", "machines": 2}]
    with pytest.raises(RecordingError, match="S1 has several machines"):
        read_recording(log, Plant.model_validate({"plant": "lab", "lines": [{"name": "l", "stations": wide}]}))


PUBLISHED = {  # starts, finishes, pairs, mean and standard deviation of finish - start in seconds, as published
    ("stationary-a", "1"): (308, 308, 308, 9.67, 1.25),
    ("stationary-a", "2"): (306, 305, 305, 9.64, 1.25),
    ("stationary-b", "1"): (259, 259, 258, 9.53, 1.17),
    ("stationary-b", "2"): (257, 257, 257, 6.98, 1.14),
    ("shift-c", "1"): (127, 128, 127, 9.80, 1.08),
    ("shift-c", "2"): (118, 117, 117, 10.53, 3.92),
}


@pytest.mark.parametrize(("name", "station"), sorted(PUBLISHED))
def test_a_physical_line_gives_the_figures_known_of_it(name: str, station: str, recordings: Path) -> None:
    log = recordings / "lab-line" / f"{name}.csv"
    events = [m for n, m in read_recording(log, PLANT).emissions() if n.station == f"S{station}"]
    parts = [m for m in events if isinstance(m, PartEvent)]
    cycles = [m.cycle_us / 1e6 for m in parts if m.cycle_us is not None]
    starts, finishes, pairs, mean, deviation = PUBLISHED[name, station]
    assert sum(m.event == "started" for m in parts) == starts
    assert sum(m.event == "finished" for m in parts) == finishes
    assert len(cycles) == pairs
    assert statistics.fmean(cycles) == pytest.approx(mean, abs=0.005)
    assert statistics.stdev(cycles) == pytest.approx(deviation, abs=0.005)
    rows = list(csv.DictReader(log.read_text().splitlines()))
    assert len(parts) == sum(row["station"] == station for row in rows)
    assert msgspec.json.encode(parts)  # all of it can be sent
