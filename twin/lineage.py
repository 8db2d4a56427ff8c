"""Genealogy: which parts were made of which, forward and backward. Pure."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from twin.kept import Kept, Stored
from twin.stays import Canonical


class Link(NamedTuple):
    """A part went into another one, or came out of one: when, and at which machine."""

    ts: int
    path: str
    part: str


class Links(Kept):
    """Links of one kind, to be followed both ways: from a piece to its whole, and from a whole to its pieces."""

    __slots__ = ("pieces", "whole")
    stored = Stored(tables={"whole": dict[str, Link], "pieces": dict[str, set[Link]]})

    def __init__(self) -> None:
        super().__init__()
        self.whole: dict[str, Link] = {}
        self.pieces: dict[str, set[Link]] = {}

    def add(self, piece: str, whole: str, ts: int, path: str) -> None:
        """Note a link; of several wholes of one piece, which cannot be, the last one counts."""
        link = Link(ts, path, whole)
        self.whole[piece] = max(link, self.whole.get(piece, link))
        self.pieces.setdefault(whole, set()).add(Link(ts, path, piece))
        self.dirty["whole"].add(piece)
        self.dirty["pieces"].add(whole)

    def of(self, whole: str) -> list[Link]:
        """Pieces of a part, in order of time."""
        return sorted(self.pieces.get(whole, ()))

    @property
    def canonical(self) -> Canonical:
        """The same for the same links."""
        return [sorted(self.whole.items()), [(name, sorted(links)) for name, links in sorted(self.pieces.items())]]


class Lineage(Kept):
    """What was built into what, and what came out of what, in one line."""

    __slots__ = ("built", "taken")
    stored = Stored(parts=("built", "taken"))

    def __init__(self) -> None:
        super().__init__()
        self.built = Links()
        self.taken = Links()

    def made_of(self, part: str) -> list[tuple[Link, str]]:
        """All that is in a part, each piece with what it was built into: its own pieces first, then theirs."""
        seen, found = {part}, []
        todo = deque([part])
        while todo:
            whole = todo.popleft()
            for link in self.built.of(whole):
                if link.part not in seen:
                    seen.add(link.part)
                    found.append((link, whole))
                    todo.append(link.part)
        return found

    def built_into(self, part: str) -> list[Link]:
        """Where a part has gone: what it was built into, what that was built into, and so on."""
        return list(_followed(part, self.built.whole))

    def came_out_of(self, part: str) -> list[Link]:
        """Where a part comes from: what it came out of, what that came out of, and so on."""
        return list(_followed(part, self.taken.whole))

    @property
    def canonical(self) -> Canonical:
        """The same for the same messages."""
        return [self.built.canonical, self.taken.canonical]


def _followed(part: str, whole: dict[str, Link]) -> Iterator[Link]:
    seen = {part}
    while (link := whole.get(part)) is not None and link.part not in seen:
        seen.add(part := link.part)
        yield link
