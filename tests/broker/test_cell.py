"""Logs of several machines become one stream of messages, in the order of what happened."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker import CellRecording, Numbering, decode, read_cell
from broker.cell import BAD_NO_COMMUNICATION, blocks
from broker.chronicle import Sample
from plant.description import Plant
from plant.errors import PlantError, RecordingError
from plant.messages import Alarm, Meta, PartEvent, StateChange, Telemetry
from plant.time import SECOND

STATIONS = [
    {"name": "OP10", "type": "lathe", "cycle_time": "5 s"},
    {"name": "OP20", "cycle_time": "5 s", "machines": 2},
    {"name": "OP30", "cycle_time": "5 s"},
]
PLANT = Plant.model_validate({"plant": "p", "lines": [{"name": "l", "area": "hall", "stations": STATIONS}]})
MAPPING = """\
machines:
  - {station: OP10, log: a.shdr, control: c}
  - {station: OP20, machine: 1, log: "b*.shdr", device: left, control: c}
  - {station: OP20, machine: 2, log: "b*.shdr", device: right, control: c}
controls:
  - name: c
    states:
      - {when: {exec: ACTIVE}, state: processing}
      - {when: {exec: READY}, state: waiting, reason: start}
    parts: {count: count, ends: {exec: READY}}
    tags: [{tag: part_count, item: count}, {tag: load, item: load, unit: "%"}]
    alarms: [{items: [system]}]
"""


def stamp(at: float) -> str:
    return f"2022-08-08T13:{int(at) // 60:02}:{at % 60:09.6f}Z"


def cell(folder: Path, mapping: str = MAPPING, **logs: list[tuple]) -> CellRecording:
    """Logs by their names, each of (second, rest of the line)."""
    (folder / "map.yaml").write_text(mapping)
    files = []
    for name, lines in logs.items():
        files.append(folder / f"{name}.shdr")
        files[-1].write_text("".join(f"{stamp(at)}|{rest}\n" for at, rest in lines))
    return read_cell(files, PLANT, folder / "map.yaml")


def heard(recording: CellRecording) -> dict[str, list]:
    """Messages by path, births of machines left out."""
    found: dict[str, list] = {}
    for node, message in recording.emissions():
        if not isinstance(message, Meta):
            found.setdefault(node.path, []).append(message)
    return found


def test_logs_of_several_machines_are_one_stream(tmp_path: Path) -> None:
    recording = cell(
        tmp_path,
        a=[(0, "exec|READY|count|4"), (2, "exec|ACTIVE"), (8, "exec|READY"), (8.5, "count|5")],
        b1=[(1, "left:exec|ACTIVE|right:exec|READY|left:count|0"), (5, "left:exec|READY|left:count|1")],
        b2=[(7, "right:exec|ACTIVE"), (7.5, "right:system|FAULT|7|||Low"), (9, "right:system|NORMAL||||")],
    )
    assert (recording.end - recording.begin) / SECOND == 9
    told = heard(recording)
    begin = recording.begin
    states = {
        path: [((m.ts - begin) / SECOND, m.state, m.reason, m.part) for m in messages if isinstance(m, StateChange)]
        for path, messages in told.items()
    }
    unknown = (0, "unknown", "not recorded", None)
    assert states == {
        "hall/l/OP10": [
            unknown, (0, "waiting", "start", None), (2, "processing", "", "l-1"), (8, "waiting", "start", None),
            (8.5, "unknown", "log is over", None),
        ],
        "hall/l/OP20/1": [
            unknown, (1, "processing", "", "l-1-1"), (5, "waiting", "start", None), (5, "unknown", "log is over", None),
        ],
        "hall/l/OP20/2": [
            unknown, (1, "waiting", "start", None), (7, "processing", "", "l-2-1"), (9, "unknown", "log is over", None),
        ],
        "hall/l/OP30": [unknown],
    }  # fmt: skip
    parts = [
        ((m.ts - begin) / SECOND, m.event, m.part, m.product, m.cycle_us)
        for messages in told.values()
        for m in messages
        if isinstance(m, PartEvent)
    ]
    assert sorted(parts) == [
        (2, "started", "l-1", "l", None),
        (5, "finished", "l-1-1", "l", None),  # its begin was not seen
        (7, "started", "l-2-1", "l", None),
        (8.5, "finished", "l-1", "l", 6 * SECOND),
    ]
    alarms = [(m.code, m.alarm_state) for m in told["hall/l/OP20/2"] if isinstance(m, Alarm)]
    assert alarms == [("system-7", "unacknowledged"), ("system-7", "normal")]


def test_births_tell_the_signals_that_the_mapping_adds(tmp_path: Path) -> None:
    recording = cell(tmp_path, a=[(0, "exec|READY")])
    metas = {node.path: m for node, m in recording.emissions() if isinstance(m, Meta)}
    assert list(metas) == ["hall/l", "hall/l/OP10", "hall/l/OP20", "hall/l/OP20/1", "hall/l/OP20/2", "hall/l/OP30"]
    assert (metas["hall/l/OP10"].type, metas["hall/l/OP10"].tags["load"].unit) == ("lathe", "%")
    assert (metas["hall/l/OP20"].machines, metas["hall/l/OP20"].tags) == (2, {})
    assert metas["hall/l/OP20/1"].machines is None
    assert "load" not in metas["hall/l/OP30"].tags


def test_what_cannot_be_used_and_what_nobody_asked_for_is_counted(tmp_path: Path) -> None:
    recording = cell(
        tmp_path,
        a=[(0, "exec|READY|other|1"), (3, "exec|ACTIVE"), (2.9, "load|much"), (4, "x"), (4, "other|2"),
           (4, "@ASSET@|T|x|y")],
        b=[(0, "left:exec|READY|exec|READY")],
    )  # fmt: skip
    first, second = recording.logs
    assert Path(first.file).name == "a.shdr"
    assert [str(one).rpartition("/")[2] for one in first.unreadable] == [
        "a.shdr:3: load: 'much' is no number", "a.shdr:4: the item 'x' has no value",
    ]  # fmt: skip
    assert (first.steps.back, first.steps.largest, first.steps.lines) == (1, 100_000, 4)
    assert (first.readings, first.assets, first.unmapped) == (5, 1, {"other": 2})
    assert first.unheard == ("count", "system")
    assert second.strange == {"": 1}


def test_the_run_follows_from_plant_mapping_and_logs(tmp_path: Path) -> None:
    lines = [(0, "exec|READY")]
    run = cell(tmp_path, a=lines, b=[(0, "left:exec|READY")]).run
    assert cell(tmp_path, b=[(0, "left:exec|READY")], a=lines).run == run
    assert cell(tmp_path, a=lines).run != run
    assert cell(tmp_path, MAPPING.replace("start", "go"), a=lines, b=[(0, "left:exec|READY")]).run != run


BOTH = "left:count|1|left:load|3"
SAID = st.tuples(
    st.integers(0, 30).map(lambda tenths: tenths / 10),
    st.sampled_from([
        "exec|ACTIVE", "exec|READY", "exec|", "exec|UNAVAILABLE", "count|1", "count|2", "count|0", "load|7", "load|8",
        "load|x", "load|1e400", "load|UNAVAILABLE", "system|FAULT|7|||", "system|NORMAL||||", "nothing",
        "left:exec|ACTIVE", BOTH, "@REMOVE_ASSET@|x",
    ]),
)  # fmt: skip


@given(a=st.lists(SAID, max_size=25), b=st.lists(SAID, max_size=25))
def test_any_logs_are_valid_messages_in_order(a: list[tuple], b: list[tuple], tmp_path_factory) -> None:
    folder = tmp_path_factory.getbasetemp()
    recording = cell(folder, a=[(0, "exec|READY"), *a], b=b)
    numbering = Numbering("local", "p", run="r")
    emissions = list(recording.emissions())
    for node, message in emissions:
        for delivery in numbering.number(node, message):
            decode(delivery.topic, delivery.payload)
        assert recording.begin <= message.ts <= recording.end
    assert [m.ts for _, m in emissions] == sorted(m.ts for _, m in emissions)
    accounted = sum(log.steps.lines + log.assets + len(log.unreadable) for log in recording.logs)
    strange = sum(count for log in recording.logs for count in log.strange.values())
    refused = sum(what in {"load|x", "load|1e400"} for _, what in a)  # counted as lines, and as what cannot be used
    assert accounted + strange == 1 + len(a) + len(b) + refused
    loads = [value for node, m in emissions if isinstance(m, Telemetry) and node.station == "OP10"
             for value in m.v.get("load", ()) if value is not None]  # fmt: skip
    assert sorted(loads) == sorted(float(what[-1]) for _, what in a if what in {"load|7", "load|8", BOTH})


TIMED = st.lists(
    st.tuples(st.integers(1, 40), st.sampled_from("ab"), st.one_of(st.none(), st.integers(0, 9))), max_size=40
)


@given(TIMED)
def test_samples_are_sent_in_blocks_and_none_is_lost(said: list[tuple]) -> None:
    samples = [Sample(*one) for one in sorted(said, key=lambda one: one[0])]
    found: list[Sample] = []
    sent = list(blocks(samples, 10, 33))
    for message in sent:
        assert message.ts % 10 == 0 or message.ts == 33
        assert message.t == sorted(message.t)
        for tag, column in message.v.items():
            codes = (message.q or {}).get(tag, [0] * len(column))
            for t, value, code in zip(message.t, column, codes, strict=True):
                assert min(message.ts, 33) - 10 < t or message.ts == 33
                if value is not None or code == BAD_NO_COMMUNICATION:
                    found.append(Sample(t, tag, value))
    assert sorted(found, key=str) == sorted(samples, key=str)
    assert [m.ts for m in sent] == sorted(m.ts for m in sent)


def test_a_block_of_very_many_samples_is_several_messages() -> None:
    samples = [Sample(i, "a", 1.5) for i in range(1, 40_001)]
    sent = list(blocks(samples, SECOND, 2 * SECOND))
    assert [m.ts for m in sent] == [SECOND] * len(sent)
    assert list(itertools.chain.from_iterable(m.t for m in sent)) == list(range(1, 40_001))
    assert len(sent) > 1


@pytest.mark.parametrize(
    ("logs", "words"),
    [
        ({"c": [(0, "exec|READY")]}, r"c\.shdr: the mapping has no machine with such a log; it has a\.shdr, b\*\.shdr"),
        ({"a": []}, r"a\.shdr: nothing about a machine of the mapping"),
        ({"a": [(0, "nonsense")]}, r"a\.shdr: nothing about"),
        ({"b": [(0, "exec|READY")]}, r"b\.shdr: nothing about"),
    ],
)
def test_logs_that_tell_nothing_are_refused(logs: dict, words: str, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=words):
        cell(tmp_path, **logs)


def test_a_log_must_say_of_which_machine_it_speaks(tmp_path: Path) -> None:
    both = [(0, "left:exec|READY|right:exec|READY")]
    with pytest.raises(RecordingError, match=r"a\.shdr: it speaks of the devices left, right; .* device: which of"):
        cell(tmp_path, a=both)
    mapping = MAPPING.replace('"b*.shdr", device: right', '"*1.shdr"').replace('"b*.shdr", device: left', '"b?.shdr"')
    with pytest.raises(RecordingError, match=r"b1\.shdr: by the mapping it is the log of OP20 and of OP20; their log"):
        cell(tmp_path, mapping, b1=[(0, "exec|READY")])
    one = MAPPING.replace("log: a.shdr, control", 'log: "*.shdr", control')  # who names the device goes first
    told = cell(tmp_path, one, b=[*both, (1, "exec|READY")])
    assert [m.chronicle is not None for m in told.machines] == [True, True, True, False]


@given(a=st.binary(), b=st.binary())
def test_whatever_stands_in_a_log_is_messages_or_a_reason(a: bytes, b: bytes, tmp_path_factory) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "map.yaml").write_text(MAPPING)
    (folder / "a.shdr").write_bytes(f"{stamp(0)}|exec|READY\n".encode() + a)
    (folder / "b.shdr").write_bytes(b)
    recording = read_cell([folder / "a.shdr", folder / "b.shdr"], PLANT, folder / "map.yaml")
    assert len(list(recording.emissions())) >= 10


def test_files_that_cannot_be_meant_are_named(tmp_path: Path) -> None:
    mapping = tmp_path / "map.yaml"
    mapping.write_text(MAPPING)
    log = tmp_path / "a.shdr"
    with pytest.raises(RecordingError, match=r"a\.shdr: cannot be read: No such file"):
        read_cell([log], PLANT, mapping)
    log.write_text(f"{stamp(0)}|exec|READY\n")
    with pytest.raises(RecordingError, match=r"a\.shdr: is given twice"):
        read_cell([log, log], PLANT, mapping)
    with pytest.raises(PlantError, match=r"none\.yaml: cannot be read"):
        read_cell([log], PLANT, tmp_path / "none.yaml")
    two = [{"name": name, "stations": STATIONS} for name in ("a", "b")]
    with pytest.raises(RecordingError, match="belongs to one line"):
        read_cell([log], Plant.model_validate({"plant": "p", "lines": two}), mapping)
    other = tmp_path / "b.shdr"
    other.write_text("2012-08-08T13:37:18Z|left:exec|READY\n")
    with pytest.raises(RecordingError, match="36.. days lie between them"):
        read_cell([log, other], PLANT, mapping)
