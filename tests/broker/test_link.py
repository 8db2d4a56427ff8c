"""What a faulty way does, kind by kind, and that its account is one of effects."""

import json

import pytest

from broker import FaultyBus, Link, MemoryBus, Numbering, UndeliveredError, decode
from plant.description import Plant
from plant.errors import MessageError
from plant.messages import Alarm, Clock, Delivery, Status, Telemetry
from plant.paths import Node
from plant.time import SECOND

START = 1_767_571_200 * SECOND
LINE, A, B = Node("main", "l"), Node("main", "l", "A"), Node("main", "l", "B")


def link(*faults) -> Link:
    stations = [{"name": "A", "cycle_time": "9 s"}, {"name": "B", "cycle_time": "9 s"}]
    tree = {"plant": "p", "lines": [{"name": "l", "stations": stations}], "faults": faults}
    return Link(Plant.model_validate(tree), seed=1, start=START)


class Sender:
    """Numbers messages of the line."""

    def __init__(self) -> None:
        self.numbering = Numbering("local", "p", run="r")

    def block(self, second: int, node: Node = A) -> Delivery:
        ts = START + second * SECOND
        return self.numbering.number(node, Telemetry(ts=ts, t=[ts - SECOND, ts], v={"power": [1.0, 2.0]}))[0]

    def beat(self, second: int) -> Delivery:
        ts = START + second * SECOND
        clock = Clock(ts=ts, now=ts, speed=1, epoch=START, running=True, last=self.numbering.last)
        return self.numbering.number(LINE, clock)[0]

    def alarm(self, second: int, state: str) -> list[Delivery]:
        ts = START + second * SECOND
        return self.numbering.number(
            A, Alarm(ts=ts, code="jam", text="", priority=2, alarm_state=state, since=ts, count=1)
        )


def seqs(deliveries) -> list[int]:
    return [json.loads(one.payload)["seq"] for one in deliveries]


def blocks(sender: Sender, number: int, node: Node = A) -> list[Delivery]:
    return [sender.block(second, node) for second in range(number)]


def effects(way: Link, node: Node = A, kind: str = "telemetry"):
    return way.account[node.path][kind]


def test_losses_are_a_share_of_the_messages_and_all_their_samples() -> None:
    """Binomial, 2000 messages at 10 %: 4 standard deviations are 54."""
    way = link({"transport": "loss", "on": "l", "share": "10 %"})
    arrived = way.carry(blocks(Sender(), 2000))
    told = effects(way)
    assert abs(told.lost - 200) < 54
    assert len(arrived) == told.generated - told.lost == 2000 - told.lost
    assert told.samples_lost == 2 * told.lost
    assert way.befallen == {(0, 0): told.lost}


def test_losses_in_bursts_are_in_a_row() -> None:
    way = link({"transport": "loss", "on": "l", "up": "100 s", "degraded": "10 s", "down": "10 s", "share": 0})
    arrived = seqs(way.carry(blocks(Sender(), 4000)))
    gaps = [b - a - 1 for a, b in zip(arrived, arrived[1:], strict=False) if b - a > 1]
    assert sum(gaps) == effects(way).lost > 0
    assert sum(gaps) / len(gaps) > 4, "a state lasts 10 s on average, a message is sent each second"


def test_copies_come_again_as_often_as_the_geometric_law_says() -> None:
    """Mean p / (1 - p) = 1 a message, variance 2; 4 standard errors of 1000 messages."""
    way = link({"transport": "duplicate", "on": "l/A", "share": "50 %"})
    arrived = way.carry(blocks(Sender(), 1000))
    assert effects(way).duplicated == len(arrived) - 1000
    assert abs(len(arrived) - 2000) < 4 * (2 * 1000) ** 0.5
    assert sorted(set(seqs(arrived))) == list(range(1000))


def test_delays_keep_the_order_and_have_their_quantiles() -> None:
    way = link({"transport": "delay", "on": "l", "median": "2 s", "p99": "20 s"})
    sender = Sender()
    arrived = []
    for second in range(200):
        arrived += way.carry([sender.block(second)])
    assert len(arrived) < 200
    arrived += way.close()
    assert seqs(arrived) == list(range(200))
    told = effects(way)
    assert (told.delayed, told.reordered, told.lost) == (200, 0, 0)


def test_reordered_is_what_another_of_its_topic_overtook() -> None:
    way = link({"transport": "reorder", "on": "l", "share": "30 %", "others": 2})
    arrived = seqs(way.carry(blocks(Sender(), 300)) + way.close())
    assert sorted(arrived) == list(range(300))
    overtaken = sum(seq < max(arrived[: i + 1]) for i, seq in enumerate(arrived))
    told = effects(way)
    assert told.reordered == overtaken > 0
    assert told.delayed < told.reordered


def test_a_held_message_that_nothing_of_its_topic_overtook_is_only_delayed() -> None:
    way = link({"transport": "reorder", "on": "l/A", "share": "100 %", "others": 3})
    sender = Sender()
    assert way.carry([sender.block(1)]) == []
    arrived = way.carry(blocks(sender, 3, B))
    assert A.path in {one.topic.removeprefix("shopfloor/v1/local/p/").rpartition("/")[0] for one in arrived}
    told = effects(way)
    assert (told.delayed, told.reordered) == (1, 0)


def test_after_a_disconnection_all_comes_at_once_and_says_that_it_is_old() -> None:
    way = link({"transport": "disconnect", "on": "l", "at": "10 s", "for": "20 s"})
    sender = Sender()
    deliveries = [one for second in range(40) for one in (sender.block(second), sender.beat(second))]
    before, away, back = (way.carry(deliveries[a:b]) for a, b in ((0, 20), (20, 60), (60, 80)))
    assert (len(before), away) == (20, [])
    assert [one.topic.rpartition("/")[2] for one in back[:22]] == ["telemetry"] * 20 + ["clock", "telemetry"]
    kept = [decode(one.topic, one.payload)[1] for one in back[:20]]
    assert [message.seq for message in kept] == list(range(10, 30))
    assert {message.hist for message in kept} == {True}
    assert json.loads(back[20].payload)["seq"] == 29, "the newest heartbeat"
    assert effects(way).delayed == 20
    assert effects(way).announced == 0


def test_a_connection_that_keeps_nothing_loses_and_a_short_memory_forgets_the_oldest() -> None:
    gone = link({"transport": "disconnect", "on": "l", "at": "10 s", "for": "20 s", "keep": False})
    assert seqs(gone.carry(blocks(Sender(), 40))) == [*range(10), *range(30, 40)]
    assert effects(gone).lost == 20
    short = link({"transport": "disconnect", "on": "l", "at": "10 s", "for": "20 s", "buffer": 5})
    assert seqs(short.carry(blocks(Sender(), 40))) == [*range(10), *range(25, 40)]
    assert effects(short).lost == 15


def test_what_was_kept_may_come_at_a_pace_and_new_messages_wait_for_it() -> None:
    way = link({"transport": "disconnect", "on": "l", "at": "10 s", "for": "10 s", "pace": 2})
    sender = Sender()
    counts = [len(way.carry([sender.block(second)])) for second in range(40)]
    assert counts[:20] == [1] * 10 + [0] * 10
    assert 1 <= max(counts[20:]) <= 3
    assert sum(counts) + len(way.close()) == 40
    assert effects(way).reordered == 0


def test_what_is_malformed_cannot_be_read() -> None:
    way = link({"transport": "malformed", "on": "l", "share": "100 %"})
    arrived = way.carry(blocks(Sender(), 60))
    reasons = set()
    for one in arrived:
        with pytest.raises(MessageError) as caught:
            decode(one.topic, one.payload)
        reasons.add(caught.value.reason)
    assert reasons == {"json", "value", "envelope"}
    assert (effects(way).malformed, effects(way).missing) == (60, 60)


def test_other_places_and_other_times_are_spared() -> None:
    way = link({"transport": "loss", "on": "l/A", "share": "100 %", "at": "10 s", "for": "5 s"})
    sender = Sender()
    arrived = way.carry([one for second in range(30) for one in (sender.block(second), sender.block(second, B))])
    assert effects(way).lost == 5
    assert effects(way, B).lost == 0
    assert len(arrived) == 55


def test_the_clearing_of_an_alarm_goes_with_its_message() -> None:
    way = link({"transport": "delay", "on": "l", "median": "5 s", "p99": "5 s"})
    sender = Sender()
    assert way.carry([*sender.alarm(1, "unacknowledged"), *sender.alarm(2, "normal")]) == []
    raised, normal, cleared = way.close()
    assert [bool(one.payload) for one in (raised, normal, cleared)] == [True, True, False]
    lost = link({"transport": "loss", "on": "l", "share": "100 %"})
    assert lost.carry(sender.alarm(9, "normal")) == []
    healthy = link()
    assert len(healthy.carry(sender.alarm(9, "normal"))) == 2


def test_what_is_sent_again_recovers_what_was_lost_and_is_else_a_copy() -> None:
    way = link({"transport": "loss", "on": "l", "share": "100 %", "at": "5 s", "for": "1 s"})
    sender = Sender()
    sent = blocks(sender, 10)
    assert len(way.carry(sent)) == 9
    assert way.carry([sent[5], sent[9]]) == [sent[5], sent[9]]
    told = effects(way)
    assert (told.lost, told.recovered, told.missing, told.duplicated, told.reordered) == (1, 1, 0, 1, 1)


def test_status_and_heartbeats_wait_for_a_line_and_not_for_a_station() -> None:
    sender = Sender()
    status = sender.numbering.number(LINE, Status(ts=START + 2 * SECOND, online=True, client="c", version="1"))
    station = link({"transport": "disconnect", "on": "l/A", "for": "5 s"})
    assert len(station.carry([*status, sender.beat(3)])) == 2
    line = link({"transport": "disconnect", "on": "l", "for": "5 s"})
    assert line.carry([*status, sender.beat(3), sender.beat(4)]) == []
    assert seqs(line.close()) == [0, 2], "of heartbeats the newest"


class Away(MemoryBus):
    """A bus that takes so many deliveries and is away then."""

    def __init__(self, takes: int) -> None:
        super().__init__()
        self.takes = takes
        self.taken: list[Delivery] = []

    async def publish(self, deliveries) -> None:
        fitting = deliveries[: self.takes]
        self.taken += fitting
        self.takes -= len(fitting)
        if len(fitting) < len(deliveries):
            raise UndeliveredError(len(fitting), "gone")


async def test_nothing_more_is_lost_when_the_bus_goes_away() -> None:
    bus = Away(takes=3)
    way = link({"transport": "loss", "on": "l", "share": "20 %"})
    faulty = FaultyBus(bus, way)
    sent = blocks(Sender(), 20)
    with pytest.raises(UndeliveredError) as caught:
        await faulty.publish(sent[:10])
    assert caught.value.confirmed == 10
    bus.takes = 1000
    await faulty.publish(sent[10:])
    await faulty.close(LINE)
    told = effects(way)
    assert told.lost > 0
    assert len(bus.taken) == 20 - told.lost
    assert seqs(bus.taken) == sorted(seqs(bus.taken))
