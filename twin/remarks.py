"""What people said about one node of a line, in the order in which they said it. Pure."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from plant.messages import Remark
from plant.remarks import About
from twin.stays import Canonical

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

    @property
    def canonical(self) -> Canonical:
        """The same for the same remarks."""
        return [msgspec.to_builtins(m) for m in self.told]
