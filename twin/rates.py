"""How many per second of wall time, lately."""

import time
from collections import deque

SPAN = 10.0  # seconds that are looked back


class Rate:
    """A rate over the last seconds."""

    def __init__(self) -> None:
        self._counts: deque[tuple[float, int]] = deque()

    def add(self, count: int) -> None:
        """Note that some more have come."""
        now = time.monotonic()
        if self._counts and now - self._counts[-1][0] < SPAN / 100:
            self._counts[-1] = (self._counts[-1][0], self._counts[-1][1] + count)
        else:
            self._counts.append((now, count))
        self._forget(now)

    def per_second(self) -> float:
        """The mean rate of the last seconds."""
        self._forget(time.monotonic())
        return sum(count for _, count in self._counts) / SPAN

    def _forget(self, now: float) -> None:
        while self._counts and now - self._counts[0][0] > SPAN:
            self._counts.popleft()
