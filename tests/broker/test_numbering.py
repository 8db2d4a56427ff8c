"""Numbers: per topic without holes, per node without holes, and what counts in neither."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from broker import Numbering, decode
from plant.messages import Alarm, Clock, Meta, PartEvent, StateChange, Status
from plant.paths import Node

NODES = [Node("m", "l"), Node("m", "l", "A"), Node("m", "l", "B", 1)]
MAKERS = [
    lambda: StateChange(ts=1, state="starved", reason="", since=1),
    lambda: PartEvent(ts=1, event="left", part="p", product="x"),
    lambda: Status(ts=1, online=True, client="c", version="v"),
    lambda: Clock(ts=1, now=1, speed=1.0, epoch=0, running=True, last={}),
    lambda: Alarm(ts=1, code="c", text="", priority=2, alarm_state="unacknowledged", since=1, count=1),
]


@given(st.lists(st.tuples(st.sampled_from(NODES), st.sampled_from(MAKERS)), max_size=60))
def test_seq_counts_per_topic_and_n_per_node(stream) -> None:
    numbering = Numbering("local", "x", run="r", session=3)
    seqs: dict[str, list[int]] = {}
    ns: dict[Node, list[int]] = {}
    for node, make in stream:
        (delivery,) = numbering.number(node, make())
        address, message = decode(delivery.topic, delivery.payload)
        assert (message.run, message.session) == ("r", 3)
        seqs.setdefault(delivery.topic, []).append(message.seq)
        if address.kind in {"status", "clock"}:
            assert message.n == message.seq
        else:
            ns.setdefault(node, []).append(message.n)
    for numbers in (*seqs.values(), *ns.values()):
        assert numbers == list(range(len(numbers)))
    counted = {
        topic: (3, numbers[-1]) for topic, numbers in seqs.items() if topic.rsplit("/", 1)[1] not in {"status", "clock"}
    }
    assert numbering.last == counted


def test_an_alarm_that_is_over_clears_its_topic() -> None:
    alarm = Alarm(ts=1, code="spindle", text="", priority=2, alarm_state="normal", since=1, count=1)
    told, cleared = Numbering("local", "x", run="r").number(NODES[1], alarm)
    assert told.payload
    assert (cleared.topic, cleared.payload, cleared.retain) == (told.topic, b"", True)


def test_a_birth_tells_the_last_numbers_of_the_session_before() -> None:
    first = Numbering("local", "x", run="r")
    for _ in range(3):
        first.number(NODES[1], MAKERS[0]())
    second = Numbering("local", "x", run="r", session=2, previous=first.last)
    (delivery,) = second.number(NODES[1], Meta(ts=1, schema="1.0", type="machine"))
    assert msgspec.json.decode(delivery.payload)["last"] == {"state": [1, 2]}
