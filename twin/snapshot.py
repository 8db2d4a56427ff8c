"""Snapshots of a run as a chain of changes, and the run again out of it. Pure.

A link of the chain holds what has changed between two positions of the journal, so that its cost is that of what
happened there, however long the history: see `twin.chain`. One that was made by other code is not looked at.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

import msgspec

from broker import parse
from plant.description import Plant
from twin.chain import Link, Span, closed, opened
from twin.intake import Run
from twin.kept import Change, Kept, changed, joined, read, restore, settled, walk

FOLDING = (
    "broker.codec",
    "broker.topics",
    "plant.messages",
    "plant.paths",
    "plant.remarks",
    "plant.states",
    "twin.accounts",
    "twin.chain",
    "twin.intake",
    "twin.kept",
    "twin.lineage",
    "twin.measurements",
    "twin.meter",
    "twin.mirror",
    "twin.orders",
    "twin.plan",
    "twin.remarks",
    "twin.sequence",
    "twin.snapshot",
    "twin.stays",
)
"""Modules that say what messages mean; a snapshot that was made by other ones is not looked at."""


class Recorder:
    """Takes snapshots of a run.

    Args:
        run: of this run.
        position: of the last snapshot that it is made from; 0 if it is made from messages alone.
    """

    def __init__(self, run: Run, position: int = 0) -> None:
        self._run = run
        self._fixed = list(walk("", run))
        self.position = position

    def changes(self) -> dict[str, Change]:
        """What has changed in each object since the last snapshot."""
        found = {name: change for name, kept in self._fixed if (change := changed(kept)) is not None}
        for topic, sink in self._run.sinks.items():
            for session in sink.topic.settle():
                if (change := changed(sink.topic.trackers[session])) is not None:
                    found[f"{topic} {session}"] = change
        return found


def linked(span: Span, version: str, changes: Mapping[str, Change]) -> Link:
    """A link of what has changed."""
    encode = msgspec.msgpack.Encoder().encode
    return closed(span, version, {name: encode(change) for name, change in changes.items()})


def merged(links: Sequence[Link]) -> Link:
    """Neighbours of a chain as one link.

    Raises:
        ValueError: one of them is damaged.
    """
    first, last = links[0].span, links[-1].span
    state = reduce(_both, map(opened, links))
    if not first.after:
        state = {name: msgspec.msgpack.encode(settled(msgspec.msgpack.decode(told))) for name, told in state.items()}
    weight = sum(link.span.weight for link in links)
    return closed(Span(first.after, last.position, weight), links[0].version, state)


def unfold(run: Run, state: Mapping[str, bytes]) -> None:
    """Take a link into a run that is made from those before it.

    Raises:
        MessageError: it speaks of a topic that the plant does not have.
        ValueError: it says what cannot be.
    """
    fixed: dict[str, Kept] = dict(walk("", run))
    if "" in state:
        restore(run, read(run, state[""]))
        new = run.topics[len(run.sinks) :]
        del run.topics[len(run.sinks) :]
        for topic in new:
            run.sink(topic, parse(topic, run.prefix))
    for name, told in state.items():
        if name:
            kept = fixed[name] if name in fixed else _tracker(run, name)
            restore(kept, read(kept, told))
    for sink in run.sinks.values():
        sink.topic.settle()


def version(plant: Plant, prefix: str, modules: Iterable[str] = FOLDING) -> str:
    """Name of what folds: the modules that say what messages mean, the plant, and how this machine writes numbers."""
    found = blake2b(f"{sys.byteorder}\0{prefix}\0{plant.run_id(0, 0)}".encode(), digest_size=16)
    for name in modules:
        spec = find_spec(name)
        assert spec is not None and spec.origin is not None  # noqa: S101, PT018 they are ours
        found.update(name.encode() + blake2b(Path(spec.origin).read_bytes()).digest())
    return found.hexdigest()


def _both(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> dict[str, bytes]:
    decode, encode = msgspec.msgpack.decode, msgspec.msgpack.encode
    again = {name: encode(joined(decode(one[name]), decode(told))) for name, told in other.items() if name in one}
    return {**one, **other, **again}


def _tracker(run: Run, name: str) -> Kept:
    topic, _, session = name.rpartition(" ")
    return run.sinks[topic].topic.tracker(int(session))
