"""Rows for a journal, without a plant behind them."""

from plant.messages import Delivery, StateChange
from twin.journal import Journal, Row, Source

SOURCE = Source("r", "shopfloor/v1/e/s/a/l/A/state", "a/l/A", "state")


def row(seq: int, *, run: str = "r", session: int = 1, payload: bytes = b"{}", kind: str = "state") -> Row:
    topic = SOURCE.topic.replace("state", kind)
    message = StateChange(run=run, session=session, seq=seq, n=seq, ts=seq, state="off", reason="", since=0)
    return Source(run, topic, SOURCE.path, kind), message, Delivery(topic=topic, payload=payload)


def everything(journal: Journal) -> list[tuple[int, bytes]]:
    return [(stored.position, stored.payload) for stored in journal.page(0, 10**6, upto=10**9)]
