"""Whatever arrives, the codec answers with a message or with the word under which it is counted."""

import json
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker import Numbering, build, decode, decode_all, encode, parse
from plant import messages as m
from plant.errors import MessageError
from plant.messages import KINDS, RESERVED_NAMES
from plant.paths import Node
from plant.remarks import About, Acknowledged, Alerted, Disposed, Recoded, Replanned, Shelved

GOLDEN = Path(__file__).parents[1] / "golden" / "wire"
LINE, OP10, OP20 = (
    Node("machining", "block-line"),
    Node("machining", "block-line", "OP10"),
    Node("machining", "block-line", "OP20", 2),
)
TS = 1_790_000_002_000_000
ENVELOPE = {"run": "r1", "session": 1, "seq": 17, "n": 41, "ts": TS}

SAMPLES: dict[str, tuple[Node, m.Message]] = {
    "meta": (
        OP10,
        m.Meta(
            ts=TS,
            schema="1.0",
            type="machining-center",
            tags={"power": m.Tag(unit="kW", min=0, max=40)},
            ideal_cycle_us=90_000_000,
            machines=1,
            buffer=6,
        ),
    ),
    "state": (OP20, m.StateChange(ts=TS, state="failed", reason="spindle", since=TS, part="block-line-7")),
    "telemetry": (
        OP10,
        m.Telemetry(ts=TS, t=[TS - 1_000_000, TS], v={"spindle_load": [42, 43], "temperature": [None, 31.4]}),
    ),
    "part": (
        OP10,
        m.PartEvent(ts=TS, event="finished", part="block-line-7", product="block-line", cycle_us=91_234_567),
    ),
    "quality": (
        OP10,
        m.Quality(
            ts=TS,
            part="block-line-7",
            product="block-A",
            values={"bore": m.Measured(v=82.001, unit="mm", lsl=81.985, usl=82.015, ok=True)},
        ),
    ),
    "alarm": (
        OP10,
        m.Alarm(
            ts=TS, code="spindle", text="Failure: spindle", priority=2, alarm_state="unacknowledged", since=TS, count=3
        ),
    ),
    "energy": (LINE, m.Energy(ts=TS, kwh=12.5, by={"processing": 10.0, "ready": 2.5}, kw=48.25)),
    "order": (LINE, m.Order(ts=TS, order="A-1", product="block-A", quantity=10, good=3, scrap=0, event="progress")),
    "kpi": (
        LINE,
        m.Kpi(
            ts=TS,
            kpi={"oee": m.KpiFigure(value=0.75, lower=0.75, upper=0.75, coverage=1.0, unit="1")},
            from_=TS - 3_600_000_000,
            to=TS,
            profile="iso22400-2:2014",
            revision=1,
        ),
    ),
    "cmd": (LINE, m.Command(ts=TS, id="c1", name="speed", args={"value": 2.0}, expires=TS + 10_000_000, by="anna")),
    "ack": (LINE, m.Ack(ts=TS, id="c1", status="accepted")),
    "status": (LINE, m.Status(ts=TS, online=True, client="shopfloor-r1", version="0.1.0", speed=1.0)),
    "clock": (
        LINE,
        m.Clock(
            ts=TS,
            now=TS,
            speed=1.0,
            epoch=0,
            running=True,
            last={"shopfloor/v1/local/x/machining/block-line/meta": (1, 0)},
        ),
    ),
    "waveform": (
        OP10,
        m.Waveform(
            ts=TS,
            signal="spindle_vibration",
            unit="m/s2",
            begin=TS - 500,
            rate_hz=8000,
            samples=3,
            scale=0.01,
            offset=-1.5,
            data="AAABAP9/",
            bands={"bpfo": 0.25},
            part="block-line-7",
        ),
    ),
    "truth": (
        OP10,
        m.Truth(
            ts=TS,
            id="0-1",
            layer="sensor",
            what="drift",
            path="machining/block-line/OP10",
            tag="temperature",
            t_start=TS - 9_000_000,
            t_end=TS,
            severity=1.0,
            parameters={"rate": 0.5},
            affected=m.Affected(tags=["temperature"]),
            planned=True,
        ),
    ),
    "remark": (OP10, m.Remark(ts=TS, by="anna", about=Recoded(begin=TS - 9, end=TS, reason="no-coolant"), note="seen")),
}


ABOUTS = {
    "acknowledge": Acknowledged(code="spindle"),
    "alert": Alerted(
        name="OEE below target",
        status="resolved",
        fingerprint="c6eadffa33fcdf37",
        labels={"path": "machining/block-line"},
        annotations={"summary": "OEE is 41 %"},
        starts=TS - 9,
        ends=TS,
    ),
    "calendar": Replanned(begin=TS - 9, end=TS, planned="off"),
    "disposition": Disposed(part="A-1", at=TS - 9, verdict="scrap"),
    "reason": Recoded(begin=TS - 9, end=TS, reason="no-coolant"),
    "shelve": Shelved(code="spindle", until=TS + 9),
}


def test_every_kind_has_a_sample() -> None:
    assert set(SAMPLES) == set(KINDS)
    assert {type(about) for about in ABOUTS.values()} == set(get_args(About))


@pytest.mark.parametrize("what", sorted(ABOUTS))
def test_what_is_said_goes_through_bytes_and_back(what: str, request) -> None:
    delivery = Numbering("local", "engine-works", run="r1").number(
        OP10, m.Remark(ts=TS, by="anna", about=ABOUTS[what])
    )[0]
    file = GOLDEN / f"remark-{what}.json"
    if request.config.getoption("--renew-golden"):
        file.write_bytes(delivery.payload + b"\n")
    assert file.read_bytes() == delivery.payload + b"\n"
    _, decoded = decode(delivery.topic, delivery.payload)
    assert isinstance(decoded, m.Remark)
    assert decoded.about == ABOUTS[what]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": "n" * 501},
        {"fingerprint": ""},
        {"fingerprint": "f" * 501},
        {"labels": {str(i): "" for i in range(65)}},
        {"annotations": {str(i): "" for i in range(65)}},
        {"labels": {"k": "v" * 501}},
        {"annotations": {"k" * 501: "v"}},
        {"starts": -1},
        {"ends": 1 << 53},
    ],
)
def test_an_alert_has_bounds(changes) -> None:
    about = msgspec.structs.replace(ABOUTS["alert"], **changes)
    delivery = Numbering("local", "x", run="r1").number(OP10, m.Remark(ts=TS, by="anna", about=about))[0]
    with pytest.raises(MessageError, match="value"):
        decode(delivery.topic, delivery.payload)


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_the_bytes_on_the_wire_do_not_change_by_accident(kind: str, request) -> None:
    """Renew with ``pytest tests/broker/test_codec.py --renew-golden`` and read the difference."""
    node, message = SAMPLES[kind]
    numbering = Numbering("local", "engine-works", run="r1", session=1)
    delivery = numbering.number(node, message)[0]
    text = (
        json.dumps(
            {
                "topic": delivery.topic,
                "qos": delivery.qos,
                "retain": delivery.retain,
                "payload": delivery.payload.decode(),
            },
            indent=1,
        )
        + "\n"
    )
    file = GOLDEN / f"{kind}.json"
    if request.config.getoption("--renew-golden"):
        file.write_text(text)
    assert file.read_text() == text
    address, decoded = decode(delivery.topic, delivery.payload)
    assert (address.node, address.kind) == (node, kind)
    assert decoded is not None
    assert json.loads(encode(decoded)) == json.loads(delivery.payload)


TOPIC = build("local", "x", OP10, "state")
STATE = {**ENVELOPE, "state": "failed", "reason": "", "since": TS}


WAVEFORM = {
    "signal": "v", "unit": "mm/s", "begin": TS, "rate_hz": 8000, "samples": 2, "scale": 1, "offset": 0,
    "data": "AAABAA==",
}  # fmt: skip
TRUTH = {
    "id": "1", "layer": "process", "what": "x", "path": "m/l/A", "t_start": TS, "severity": 1, "parameters": {},
    "affected": {}, "planned": True,
}  # fmt: skip
ENERGY = {"kwh": 1.0, "by": {}, "kw": 0.0, "air_m3": 1.0}
ORDER = {"order": "A-1", "product": "p", "quantity": 1, "good": 0, "scrap": 0, "event": "started"}
COMMAND = {"id": "c", "name": "speed", "expires": TS, "by": "anna"}


@pytest.mark.parametrize(
    ("reason", "topic", "payload"),
    [
        ("topic", "other/v1/a", b"{}"),
        ("topic", "shopfloor/v1/local/x/y/state/extra/more/levels/state", b"{}"),
        ("topic", "shopfloor/v1/local/x/m/l/OP10/state/7/state", b"{}"),
        ("topic", "shopfloor/v1/local/x/m/state/state", b"{}"),
        ("topic", "shopfloor/v1/local/x/m/l/OP10/0/state", b"{}"),
        ("topic", "shopfloor/v1/local/x/m/l/OP10/two/state", b"{}"),
        ("topic", "shopfloor/v1/local/x/m/l/OP 10/state", b"{}"),
        ("topic", "shopfloor/v1/local/x/m/l/OP10/state/7", b"{}"),
        ("kind", "shopfloor/v1/local/x/m/l/OP10/waffle", b"{}"),
        ("topic", "shopfloor/v1/local/x/m/l/OP10/alarm", b"{}"),
        ("json", TOPIC, b""),
        ("json", TOPIC, b"\xff\xfe"),
        ("json", TOPIC, b"{"),
        ("json", TOPIC, b'{"x":' + b"[" * 100_000),
        ("json", TOPIC, b'{"run": NaN}'),
        ("value", TOPIC, b"[]"),
        ("value", TOPIC, json.dumps({**STATE, "ts": "now"}).encode()),
        ("value", TOPIC, json.dumps({**STATE, "ts": 1.5}).encode()),
        ("value", TOPIC, json.dumps({**STATE, "state": "dancing"}).encode()),
        ("value", TOPIC, json.dumps({**STATE, "since": TS + 1}).encode()),
        ("envelope", TOPIC, json.dumps({k: v for k, v in STATE.items() if k != "run"}).encode()),
        ("envelope", TOPIC, json.dumps({k: v for k, v in STATE.items() if k != "seq"}).encode()),
        ("envelope", TOPIC, json.dumps({**STATE, "session": 0}).encode()),
        ("envelope", TOPIC, json.dumps({**STATE, "n": -1}).encode()),
        ("envelope", TOPIC, json.dumps({**STATE, "ts": 2**53, "since": 0}).encode()),
        ("envelope", TOPIC, b'{"run":"a","run":"b",' + json.dumps(STATE).encode()[1:]),
        ("envelope", TOPIC, b'{"r\\u0075n":"a",' + json.dumps(STATE).encode()[1:]),
        ("json", TOPIC, b"\xef\xbb\xbf" + json.dumps(STATE).encode()),
        ("json", TOPIC, json.dumps(STATE).encode() + b"{}"),
        ("value", TOPIC, json.dumps({**STATE, "seq": "1"}).encode()),
        ("value", TOPIC, json.dumps({**STATE, "since": -1}).encode()),
        *(
            ("value", build("local", "x", OP10, "waveform"), json.dumps({**ENVELOPE, **WAVEFORM, **wrong}).encode())
            for wrong in (
                {"samples": 3},
                {"samples": -1},
                {"data": "AAB?"},
                {"rate_hz": 0},
                {"begin": TS + 1},
                {"axis": {"signal": "way", "unit": "mm", "scale": 1, "offset": 0, "data": "AA=="}},
            )
        ),
        *(
            ("value", build("local", "x", OP10, "truth"), json.dumps({**ENVELOPE, **TRUTH, **wrong}).encode())
            for wrong in ({"id": ""}, {"t_end": TS - 10}, {"t_start": -1}, {"layer": "people"})
        ),
        ("value", build("local", "x", LINE, "energy"), json.dumps({**ENVELOPE, **ENERGY, "kwh": -1}).encode()),
        ("value", build("local", "x", LINE, "energy"), json.dumps({**ENVELOPE, **ENERGY, "air_m3": -1}).encode()),
        ("value", build("local", "x", LINE, "order"), json.dumps({**ENVELOPE, **ORDER, "good": -1}).encode()),
        ("value", build("local", "x", LINE, "order"), json.dumps({**ENVELOPE, **ORDER, "due": 2**53}).encode()),
        ("value", build("local", "x", LINE, "cmd"), json.dumps({**ENVELOPE, **COMMAND, "expires": -1}).encode()),
        ("value", build("local", "x", LINE, "cmd"), json.dumps({**ENVELOPE, **COMMAND, "id": ""}).encode()),
        (
            "value",
            build("local", "x", OP10, "meta"),
            json.dumps({**ENVELOPE, "schema": "1.0", "type": "x", "machines": -1}).encode(),
        ),
        (
            "value",
            build("local", "x", OP10, "part"),
            json.dumps({**ENVELOPE, "event": "finished", "part": "p", "product": "x", "cycle_us": -1}).encode(),
        ),
        (
            "value",
            build("local", "x", OP10, "telemetry"),
            json.dumps({**ENVELOPE, "t": [1, 2], "v": {"a": [1, 2]}, "q": {"a": [0]}}).encode(),
        ),
        (
            "value",
            build("local", "x", OP10, "telemetry"),
            json.dumps({**ENVELOPE, "t": [1, 2], "v": {"a": [1, 2]}, "q": {"a": -1}}).encode(),
        ),
        ("size", TOPIC, b" " * (1 << 21)),
        (
            "value",
            build("local", "x", OP10, "telemetry"),
            json.dumps({**ENVELOPE, "t": [1, 2], "v": {"a": [1]}}).encode(),
        ),
        (
            "value",
            build("local", "x", OP10, "telemetry"),
            json.dumps({**ENVELOPE, "t": [TS + 86_400_000_001], "v": {"a": [1]}}).encode(),
        ),
        (
            "json",
            build("local", "x", OP10, "telemetry"),
            json.dumps({**ENVELOPE, "t": [1], "v": {"a": [float("nan")]}}).encode(),
        ),
        ("value", build("local", "x", OP10, "meta"), json.dumps({**ENVELOPE, "schema": "2.0", "type": "x"}).encode()),
        (
            "value",
            build("local", "x", OP10, "alarm", "spindle"),
            json.dumps(
                {
                    **ENVELOPE,
                    "code": "other",
                    "text": "",
                    "priority": 2,
                    "alarm_state": "normal",
                    "since": 0,
                    "count": 1,
                }
            ).encode(),
        ),
    ],
)
def test_each_kind_of_garbage_has_its_word(reason: str, topic: str, payload: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        decode(topic, payload)
    assert caught.value.reason == reason


def test_an_empty_payload_clears_an_alarm_and_nothing_else() -> None:
    assert decode(build("local", "x", OP10, "alarm", "spindle"), b"")[1] is None


def test_unknown_keys_are_ignored() -> None:
    assert decode(TOPIC, json.dumps({**STATE, "colour": "blue"}).encode())[1] is not None


TOPICS = st.one_of(
    st.text(max_size=80),
    st.sampled_from([build("local", "x", OP10, kind) for kind in KINDS if kind != "alarm"]),
    st.just(build("local", "x", OP10, "alarm", "spindle")),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
FIELDS = sorted({field for row in KINDS.values() for field in row.type.__struct_encode_fields__})


@given(
    TOPICS,
    st.one_of(
        st.binary(max_size=200),
        st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=12).map(lambda tree: json.dumps(tree).encode()),
    ),
)
def test_nothing_but_a_message_error_ever_comes_out(topic: str, payload: bytes) -> None:
    try:
        decode(topic, payload)
    except MessageError as error:
        assert error.reason in {"topic", "kind", "size", "json", "envelope", "value"}


@given(st.sampled_from(sorted(set(KINDS) - {"cmd"})), st.data())
def test_one_changed_byte_of_a_real_message_is_taken_or_refused_but_never_more(kind: str, data) -> None:
    """Garbage near to the truth gets further than random bytes."""
    node, message = SAMPLES[kind]
    delivery = Numbering("local", "x", run="r1").number(node, message)[0]
    at = data.draw(st.integers(0, len(delivery.payload) - 1))
    pieces = [b"", b"9", b"-", b"e9", b'"', b"\\", b"{", b"]", b"null", b"\xff", b"1e999", b"9" * 20]
    piece = data.draw(st.sampled_from(pieces))
    payload = delivery.payload[:at] + piece + delivery.payload[at + 1 :]
    try:
        _, decoded = decode(delivery.topic, payload)
    except MessageError as error:
        assert error.reason in {"size", "json", "envelope", "value"}
    else:
        assert decoded is not None
        assert decode(delivery.topic, encode(decoded))[1] == decoded


@given(st.sampled_from(sorted(set(KINDS) - {"cmd"})), st.data())
def test_many_messages_are_read_as_each_alone_or_not_at_all(kind: str, data) -> None:
    """Also where some are cut, joined or changed so that all of them together look right."""
    node, message = SAMPLES[kind]
    numbering = Numbering("local", "x", run="r1")
    deliveries = [numbering.number(node, message)[0] for _ in range(3)]
    topic, told = deliveries[0].topic, [decode(one.topic, one.payload)[1] for one in deliveries]
    payloads = [encode(one) for one in told if one is not None]  # with 0.0 where a sample has 0
    assert decode_all(topic, payloads) == [decode(topic, payload)[1] for payload in payloads]
    together = data.draw(st.sampled_from([b"", b",", b"\n", b"\n\n"])).join(payloads)
    at = data.draw(st.integers(0, len(together)))
    pieces = [b"", b"\n", b"\r\n", b",", b" ", b"9", b'"', b"\\", b"{", b"}", b"\xff"]
    piece = data.draw(st.sampled_from(pieces))
    together = together[:at] + piece + together[at + data.draw(st.integers(0, 1)) :]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(together)) | st.just(at), max_size=3)))
    payloads = [together[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(together)], strict=True)]
    if (messages := decode_all(topic, payloads)) is not None:
        assert messages == [decode(topic, payload)[1] for payload in payloads]


def test_many_are_read_alone_where_one_is_wrong_for_its_topic() -> None:
    good = encode(msgspec.convert({**STATE}, m.StateChange))
    late = encode(msgspec.convert({**STATE, "since": TS + 1}, m.StateChange))
    assert decode_all(TOPIC, [good, good]) == [decode(TOPIC, good)[1]] * 2
    assert decode_all(TOPIC, [good, late]) is None
    assert decode_all("elsewhere", [good]) is None


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,10}", fullmatch=True).filter(lambda name: name not in RESERVED_NAMES)
NODES = st.one_of(
    st.builds(Node, NAMES, NAMES),
    st.builds(Node, NAMES, NAMES, NAMES),
    st.builds(Node, NAMES, NAMES, NAMES, st.integers(1, 999)),
)


@given(NODES, st.sampled_from(sorted(KINDS)))
def test_a_topic_says_what_it_was_built_from(node: Node, kind: str) -> None:
    code = "c-1" if kind == "alarm" else None
    address = parse(build("local", "site", node, kind, code))
    assert (address.node, address.kind, address.code, address.site) == (node, kind, code, "site")


def test_the_samples_of_those_tests_are_right_but_for_one_thing() -> None:
    for kind, body in (("waveform", WAVEFORM), ("truth", TRUTH)):
        assert decode(build("local", "x", OP10, kind), json.dumps({**ENVELOPE, **body}).encode())[1] is not None
