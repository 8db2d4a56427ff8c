"""A graph of records in one flat array, as compiled code sees it."""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulators.compiler.kinds import BOOL, FLOAT, INT, WORD, Kind, layout
from simulators.compiler.language import MASK, Record

NEXT, LIMIT, FULL, FREE = 1, 2, 3, 4
"""Words of the head: first free byte, end of the room, whether it ran out, and from there on free records by class."""

CAPACITY = 1 << 26
"""Bytes of room, unless told otherwise. Nothing is taken from the machine before it is used."""

SPARE = 4
"""So many times the room is reserved: a row that grows when room has run out still finds its place."""


class Memory:
    """Records and rows, laid out from byte 0 of an array on; place 0 is none.

    Args:
        root: from which everything else is reached.
        classes: those that compiled code makes or drops, in the order in which it numbers them.
        capacity: bytes of room.

    Attributes:
        words: the array.
        root: place of the root.
    """

    def __init__(self, root: Record, classes: tuple[type[Record], ...], capacity: int = CAPACITY) -> None:
        self._places: dict[int, int] = {}
        self._keep: list[Any] = []  # so that no other thing gets the identity of one that was laid out
        self._end = WORD * (FREE + len(classes))
        self._todo: list[tuple[Any, Kind, int]] = []
        image: list[tuple[int, list[int]]] = []
        self.root = self._place(root, Kind("record", type(root)))
        while self._todo:
            thing, kind, place = self._todo.pop()
            image.append((place // WORD, self._words(thing, kind)))
        size = max(capacity, 2 * self._end)
        self.words: NDArray[np.int64] = np.zeros(size * SPARE // WORD, dtype=np.int64)
        for at, words in image:
            self.words[at : at + len(words)] = words
        self.words[[NEXT, LIMIT]] = self._end, size
        self._image = self.words[: self._end // WORD].copy()

    def reset(self) -> None:
        """Make it as it was at first."""
        self.words[: len(self._image)] = self._image

    @property
    def full(self) -> bool:
        """Whether room has run out."""
        return bool(self.words[FULL])

    def place(self, thing: Record) -> int:
        """Where a record lies that was laid out at first; 0: nobody refers to it."""
        return self._places.get(id(thing), 0)

    # --- laying out ----------------------------------------------------------------------------------------------

    def _place(self, thing: Any, kind: Kind) -> int:
        if thing is None:
            return 0
        found = self._places.get(id(thing))
        if found is None:
            found = self._places[id(thing)] = self._end
            self._keep.append(thing)
            self._end += layout(kind.of).size if kind.of is not None else WORD * (1 + len(thing))
            self._todo.append((thing, kind, found))
        return found

    def _words(self, thing: Any, kind: Kind) -> list[int]:
        if kind.of is not None:
            return [self._word(getattr(thing, name, None), of) for name, (of, _) in layout(kind.of).fields.items()]
        item = kind.item or INT
        if item == INT:
            return [len(thing), *map(_signed, thing)]
        return [len(thing), *(self._word(one, item) for one in thing)]

    def _word(self, value: Any, kind: Kind) -> int:
        if kind.refers:
            return self._place(value, kind)
        if kind == FLOAT:
            return int(struct.unpack("<q", struct.pack("<d", value or 0.0))[0])
        return _signed(int(value or 0))

    # --- reading -------------------------------------------------------------------------------------------------

    def read(self, place: int, of: type[Record], field: str) -> Any:
        """The value of a field: a number, a truth, or a place."""
        kind, offset = layout(of).fields[field]
        word = self.words[(place + offset) // WORD]
        if kind == FLOAT:
            return float(word.view(np.float64))
        return bool(word) if kind == BOOL else int(word)

    def set(self, place: int, words: Sequence[int]) -> None:
        """Set the first fields of a record, which are whole numbers or words."""
        at = place // WORD
        self.words[at : at + len(words)] = [_signed(word) for word in words]

    def row(self, place: int) -> NDArray[np.int64]:
        """The items of a row, no copy. Shape (n,)."""
        at = place // WORD
        return self.words[at + 1 : at + 1 + int(self.words[at])]


def _signed(value: int) -> int:
    value &= MASK
    return value - (1 << 64) if value >> 63 else value
