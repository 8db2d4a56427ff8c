"""Going on with a run leaves out exactly what is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant.description import Plant
from plant.errors import StoreError
from plant.messages import Affected, StateChange, Telemetry, Truth
from plant.paths import Node
from shopfloor.continuation import Resumption, RunBook, RunRecord, Session

PLANT = Plant.model_validate({"plant": "p", "lines": [{"name": "l", "stations": [{"name": "A", "cycle_time": 1}]}]})
A = Node("main", "l", "A")


def state(ts: int) -> StateChange:
    return StateChange(ts=ts, state="processing", reason="", since=ts)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3)), max_size=6), st.integers(0, 40))
def test_any_chain_of_crashes_delivers_every_message_once(crashes: list[tuple[int, int]], rest: int) -> None:
    """Each session delivers a few births and some more of the stream, then dies; together they are the stream."""
    stream = [(A, state(i)) for i in range(sum(count for count, _ in crashes) + rest)]
    record = RunRecord(run="r", seed=1, start=0)
    last: dict[str, tuple[int, int]] = {}
    delivered = []
    for number, (count, births) in enumerate([*crashes, (rest, 2)], start=1):
        consumed = record.consumed(last)
        births = 0 if number == 1 else births  # noqa: PLW2901 the first session repeats nothing
        session = Session(number=number, base=dict(consumed), births={A.path: births})
        record = RunRecord(run="r", seed=1, start=0, sessions=[*record.sessions, session])
        fresh = Resumption(consumed=consumed, stored={}).fresh(stream)[:count]
        delivered += fresh
        if births + len(fresh):
            last[A.path] = (number, births + len(fresh) - 1)
    assert delivered == stream


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=6), st.integers(0, 40))
def test_no_crash_loses_a_message_when_telemetry_is_sent_again(crashes: list[tuple[int, int]], rest: int) -> None:
    """Every third message is telemetry, which the store may lack although the journal knows what came after it."""
    total = sum(count for count, _ in crashes) + rest
    stream = [(A, Telemetry(ts=i, t=[i], v={}) if i % 3 == 0 else state(i)) for i in range(1, total + 1)]
    record = RunRecord(run="r", seed=1, start=0)
    last: dict[str, tuple[int, int]] = {}
    journal: list[int] = []
    store: set[int] = set()
    for number, (count, lost) in enumerate([*crashes, (rest, 0)], start=1):
        consumed = record.consumed(last)
        resumption = Resumption(consumed=consumed, stored={A.path: max(store, default=0)})
        fresh = resumption.fresh(stream)
        births = resumption.again[A.path] + (2 if number > 1 else 0)
        session = Session(number=number, base=dict(consumed), births={A.path: births})
        record = RunRecord(run="r", seed=1, start=0, sessions=[*record.sessions, session])
        sent = fresh[: resumption.again[A.path] + count]
        blocks = [message.ts for _, message in sent if isinstance(message, Telemetry)]
        store |= set(blocks[: max(0, len(blocks) - lost)])
        journal += [message.ts for _, message in sent if not isinstance(message, Telemetry)]
        heard = [i for i, (_, message) in enumerate(sent) if not isinstance(message, Telemetry)]
        n = max([*(births - resumption.again[A.path] + i for i in heard), 1 if number > 1 else -1])
        if n >= 0:
            last[A.path] = (number, n)
    states = [message.ts for _, message in stream if not isinstance(message, Telemetry)]
    assert journal == states[: len(journal)]


def truth(ts: int) -> Truth:
    return Truth(
        ts=ts, id=str(ts), layer="process", what="wear", path=A.path, t_start=ts, severity=1.0, parameters={},
        affected=Affected(), planned=True,
    )  # fmt: skip


@given(st.lists(st.booleans(), max_size=40), st.lists(st.integers(0, 12), max_size=6))
def test_messages_without_a_number_of_their_node_hide_nothing_and_are_not_lost(kinds, crashes) -> None:
    """The truth is not counted in ``n``: what is counted is delivered once all the same, each truth at least once."""
    stream = [(A, truth(ts) if uncounted else state(ts)) for ts, uncounted in enumerate(kinds)]
    record = RunRecord(run="r", seed=1, start=0)
    last: dict[str, tuple[int, int]] = {}
    delivered: list[object] = []
    for number, count in enumerate([*crashes, len(stream)], start=1):
        consumed = record.consumed(last)
        record = RunRecord(
            run="r", seed=1, start=0, sessions=[*record.sessions, Session(number=number, base=dict(consumed))]
        )
        sent = [message for _, message in Resumption(consumed=consumed, stored={}).fresh(stream)[:count]]
        delivered += sent
        counted = sum(isinstance(message, StateChange) for message in sent)
        if counted:
            last[A.path] = (number, counted - 1)
    states = [message for message in delivered if isinstance(message, StateChange)]
    assert states == [message for _, message in stream if isinstance(message, StateChange)]
    assert {m.id for m in delivered if isinstance(m, Truth)} == {m.id for _, m in stream if isinstance(m, Truth)}
    rest = Resumption(consumed=record.consumed(last), stored={}).fresh(stream)
    newest = max((at for at, uncounted in enumerate(kinds) if not uncounted), default=-1)
    assert rest == stream[newest + 1 :], "only truths behind the last number are told again"


def test_telemetry_that_never_reached_the_store_is_sent_again() -> None:
    blocks = [(A, Telemetry(ts=ts, t=[ts], v={})) for ts in (10, 20, 30)]
    assert Resumption(consumed={A.path: 3}, stored={A.path: 10}).fresh(blocks) == blocks[1:]
    assert Resumption(consumed={A.path: 3}, stored={A.path: 30}).fresh(blocks) == []


def test_the_book_finds_the_newest_run_of_plant_and_seed(tmp_path) -> None:
    book = RunBook.open(tmp_path)
    for start in (0, 5_000_000):
        record = RunRecord(run=PLANT.run_id(1, start), seed=1, start=start)
        book = book.begin(record, Session(number=1))
    book = RunBook.open(tmp_path)
    assert (found := book.find(PLANT, 1, None)) is not None and found.start == 5_000_000
    assert (found := book.find(PLANT, 1, 0)) is not None and found.start == 0
    assert book.find(PLANT, 2, None) is None


def test_a_broken_book_is_a_store_error(tmp_path) -> None:
    (tmp_path / "runs.json").write_text("{")
    with pytest.raises(StoreError, match="runs.json"):
        RunBook.open(tmp_path)
