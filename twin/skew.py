"""How far the clock of a publisher is from the twin's own, from its heartbeats as they arrive. Pure, for people only.

Plant time and the wall's can be compared only where the plant runs at speed 1. What a heartbeat says is then late by
the offset of the clocks and by its way, and the way is never negative: so the least of many is nearest to the offset,
and a delay alone can only make a value larger. Nothing here enters the fold, or any figure.
"""

from collections import deque

import msgspec

from plant.messages import Clock
from plant.time import MINUTE, SECOND

WINDOW = 10 * MINUTE
MOST = 600  # heartbeats in the window
STEP = 5 * SECOND
"""A clock that is off by more at once was set; by less it may be a delay."""
SETTLED = 3  # heartbeats before a clock can be said to have been set
PATIENCE = MINUTE  # so long a delay lasts at the most
SPAN = 2 * MINUTE  # heartbeats of a shorter time say nothing about a drift
AT_PACE = SECOND // 2
"""Live heartbeats are a second apart at least; what comes faster comes from a past."""

Beat = tuple[int, int]  # wall time, and by how much plant time is behind it


class SourceClock(msgspec.Struct, frozen=True, kw_only=True):
    """The clock of a line's publisher beside the twin's.

    Args:
        session: which start of the publisher it is about.
        offset_us: by how much its plant time is behind the twin's wall time, the least of the last ten minutes.
        spread_us: how much more the latest of them was.
        drift_ppm: how fast that grows, microseconds per second; positive: its clock is slow.
        steps_forward: how often it was set forward, since the twin began.
        steps_back: how often it was set back.
        reason: why there is no offset; empty where there is one.
    """

    session: int | None = None
    offset_us: int | None = None
    spread_us: int | None = None
    drift_ppm: float | None = None
    steps_forward: int = 0
    steps_back: int = 0
    reason: str = ""


class Skew:
    """Heartbeats of one line."""

    __slots__ = (
        "_beats", "_early", "_falls", "_late", "_now", "_reason", "_seq", "_session", "_wall", "at_pace",
        "steps_back", "steps_forward",
    )  # fmt: skip

    def __init__(self) -> None:
        self._session, self._seq, self._now, self._wall = 0, -1, 0, 0
        self._reason = "no heartbeat was heard yet"
        self.at_pace = False  # whether heartbeats come as a live plant sends them
        self.steps_forward = self.steps_back = 0
        self._beats: deque[Beat] = deque(maxlen=MOST)
        self._early: list[Beat] = []
        self._late: list[Beat] = []
        self._falls = 0  # how often in a row plant time was further ahead than before

    def hear(self, clock: Clock, wall: int) -> None:
        """A heartbeat arrived live, at a wall time in microseconds UTC."""
        if (clock.session, clock.seq) <= (self._session, self._seq):
            return  # it was overtaken on its way
        if clock.session != self._session:
            self._forget()
            self._now = 0
        self.at_pace = wall - self._wall >= AT_PACE and clock.session == self._session
        back = clock.now < self._now
        self._session, self._seq, self._now, self._wall = clock.session, clock.seq, clock.now, wall
        if clock.speed != 1:
            self._reason = f"the plant runs at {clock.speed:g} times the wall clock"
        elif not clock.running:
            self._reason = "the plant is stopped"
        else:
            self._reason = ""
        if self._reason:
            self._forget()
        else:
            self._compare((wall, wall - clock.now), back=back)

    @property
    def view(self) -> SourceClock:
        """What is known of the clock."""
        told = SourceClock(
            session=self._session or None,
            steps_forward=self.steps_forward,
            steps_back=self.steps_back,
            reason=self._reason,
        )
        if not self._beats:
            return told
        offsets = [offset for _, offset in self._beats]
        return msgspec.structs.replace(
            told, offset_us=min(offsets), spread_us=max(offsets) - min(offsets), drift_ppm=self._drift()
        )

    def _compare(self, beat: Beat, *, back: bool) -> None:
        wall, offset = beat
        least = min((one for _, one in self._beats), default=offset)
        if back:  # no delay makes plant time run backwards
            self.steps_back += 1
            self._restart([beat])
        elif offset < least - STEP:
            self._ahead(beat)
        elif offset > least + STEP:
            self._behind(beat)
        else:
            self._beats.append(beat)
            self._early.clear()
            self._late.clear()
            while self._beats[0][0] < wall - WINDOW:
                self._beats.popleft()

    def _ahead(self, beat: Beat) -> None:
        """Plant time is too far ahead: it was set forward, or it catches up after a while, in many steps."""
        if not self._early or beat[1] < self._early[-1][1] - STEP:
            self._falls = self._falls + 1 if self._early else 1
            self._early = [beat]
            return
        if self._falls == 1 and len(self._beats) >= SETTLED:
            self.steps_forward += 1
        self._restart([*self._early, beat])

    def _behind(self, beat: Beat) -> None:
        """Plant time is too far behind: it was set back, or the heartbeat was held up."""
        self._late.append(beat)
        if len(self._late) >= SETTLED and beat[0] - self._late[0][0] >= PATIENCE:
            offsets = [offset for _, offset in self._late]
            if max(offsets) - min(offsets) <= STEP and len(self._beats) >= SETTLED:
                self.steps_back += 1
            self._restart(self._late)

    def _drift(self) -> float | None:
        """Slope between the least offsets of the older and the newer half of the window."""
        beats = list(self._beats)
        half = len(beats) // 2
        if beats[-1][0] - beats[0][0] < SPAN:
            return None
        older, newer = (min(offset for _, offset in part) for part in (beats[:half], beats[half:]))
        return (newer - older) / (beats[half][0] - beats[0][0]) * 1e6

    def _restart(self, beats: list[Beat]) -> None:
        self._forget()
        self._beats.extend(beats)

    def _forget(self) -> None:
        self._beats.clear()
        self._early, self._late, self._falls = [], [], 0
