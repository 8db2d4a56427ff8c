"""What people said about one node of a line, in the order in which they said it. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, TypeVar

import msgspec

from plant.messages import Remark
from plant.remarks import About, Recoded
from plant.states import State
from twin.partition import Reason, partition
from twin.stays import Canonical
from twin.values import Interval

UNTOUCHED = frozenset({State.PROCESSING.value, State.UNKNOWN.value})
"""States that need no reason: nobody can give them another one."""

Of = TypeVar("Of", bound=About)


class Remarks:
    """Remarks about one node: they come from the twin alone, so one after the other."""

    __slots__ = ("told",)

    def __init__(self) -> None:
        self.told: list[Remark] = []

    def extend(self, messages: Sequence[Remark]) -> None:
        """Take in remarks."""
        self.told.extend(messages)

    def about(self, kind: type[Of]) -> list[tuple[Remark, Of]]:
        """Remarks of one kind, the one that counts last, with what they say."""
        return [(m, m.about) for m in self.told if isinstance(m.about, kind)]

    def recoded(self, intervals: Iterable[Interval]) -> list[Interval]:
        """Stretches of a machine with the reasons that were said of them since; of several the last word counts."""
        said = [
            Reason(begin=about.begin, end=about.end, name=about.reason, priority=word)
            for word, (_, about) in enumerate(self.about(Recoded))
        ]
        return list(chain.from_iterable(_pieces(told, said) for told in intervals)) if said else list(intervals)

    @property
    def canonical(self) -> Canonical:
        """The same for the same remarks."""
        return [msgspec.to_builtins(m) for m in self.told]


def _pieces(told: Interval, said: Sequence[Reason]) -> Iterator[Interval]:
    """A stretch, cut where reasons were said of it."""
    if told.state in UNTOUCHED or all(one.end <= told.begin or one.begin >= told.end for one in said):
        yield told
        return
    for piece in partition(said, told.begin, told.end):
        changes: dict[str, Any] = {"begin": piece.begin, "end": piece.end}
        if piece.reason is not None and piece.reason.name != told.reason:
            changes |= {"reason": piece.reason.name, "recorded": told.reason}
        yield msgspec.structs.replace(told, **changes)
