"""A belt that brings parts to a buffer."""

from collections import deque
from typing import TYPE_CHECKING

from plant import ways
from plant.time import SECOND
from simulators.agenda import Agenda, Timer
from simulators.part import Part

if TYPE_CHECKING:
    from simulators.buffer import Buffer


class Conveyor:
    """A belt. A part takes its length over its speed, and keeps a pitch of length over capacity from the one before.

    Accumulating: a part behind a waiting one closes up; when that has gone it is at the end a pitch later, or as soon
    as it has come all the way. Not accumulating: while a part waits at the end nothing on the belt moves.

    Attributes:
        parts: on the belt, with the instant at which they came onto it, and by the belt's own time.
        waits: whether the first one is at the end and finds no place.
    """

    __slots__ = (
        "_accumulating", "_buffer", "_capacity", "_env", "_head", "_last", "_pitch", "_since", "_stood", "_travel",
        "parts", "waits",
    )  # fmt: skip

    def __init__(self, env: Agenda, buffer: "Buffer", of: ways.Conveyor) -> None:
        self._env = env
        self._buffer = buffer
        self._capacity = of.capacity
        self._accumulating = of.accumulating
        self._travel = max(1, round(of.length / of.speed * SECOND))
        self._pitch = max(1, round(self._travel / of.capacity))
        self.parts: deque[tuple[Part, int]] = deque()
        self._last = -self._pitch  # when the last part came on, in belt time
        self._stood = 0  # how long the belt has stood so far
        self._since = 0  # since when it stands now
        self._head: Timer | None = None
        self.waits = False

    @property
    def _time(self) -> int:
        """Time that the belt has moved."""
        if self.waits and not self._accumulating:
            return self._since - self._stood
        return self._env.time - self._stood

    @property
    def room(self) -> bool:
        """Whether a part can come on."""
        if self.waits and not self._accumulating:
            return False
        return len(self.parts) < self._capacity and self._time - self._last >= self._pitch

    def put(self, part: Part) -> None:
        """A part comes on."""
        self._last = self._time
        self.parts.append((part, self._last))
        if len(self.parts) == 1:
            self._expect(self._travel)
        self._env.after(self._pitch, self._clear)

    def _clear(self, _: Timer) -> None:
        """The beginning of the belt is free again."""
        if self._buffer.givers:
            self._buffer.move_up()

    def _expect(self, time: int) -> None:
        self._head = self._env.after(time, self._at_end)

    def _at_end(self, timer: Timer) -> None:
        if timer is not self._head:
            return
        if self._buffer.place:
            self.release()
            self._buffer.move_up()
        else:
            self.waits = True
            self._since = self._env.time

    def release(self) -> None:
        """The first part leaves the belt for its place in the buffer."""
        now = self._env.time
        was_waiting, self.waits = self.waits, False
        if was_waiting and not self._accumulating:
            self._stood += now - self._since
            self._env.after(max(0, self._last + self._pitch - self._time), self._clear)
        part, _ = self.parts.popleft()
        if self.parts:
            left = self.parts[0][1] + self._travel - self._time
            self._expect(max(left, self._pitch if self._accumulating else 0, 0))
        self._buffer.arrive(part)
