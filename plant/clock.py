"""The clock port: whoever needs the plant's present, or has to wait for an instant, is given a clock."""

import asyncio
import contextlib
import time
from typing import Protocol

from plant.time import SECOND


class Clock(Protocol):
    """Plant time in microseconds UTC."""

    def now(self) -> int:
        """The present of the plant."""
        ...

    async def sleep_until(self, ts: int) -> None:
        """Wait until the plant's present is at least `ts`; always lets others run."""
        ...


class SimulatedClock:
    """A clock that never makes anybody wait: waiting moves it."""

    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> int:
        """The present of the plant."""
        return self._now

    async def sleep_until(self, ts: int) -> None:
        """Be there at once; time never goes back."""
        self._now = max(self._now, ts)
        await asyncio.sleep(0)


class WallClock:
    """Plant time that runs with the wall: `speed` seconds of plant time per second.

    Args:
        epoch: plant time at the moment of creation, microseconds UTC.
        speed: above 0.

    Raises:
        ValueError: the speed is not above 0.
    """

    def __init__(self, epoch: int, speed: float = 1.0) -> None:
        self._epoch = epoch
        self._speed = _positive(speed)
        self._started = time.monotonic_ns()
        self._changed = asyncio.Event()

    @property
    def speed(self) -> float:
        """Seconds of plant time per second of wall time."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        """Change the speed from now on; the present does not jump, and whoever sleeps counts anew."""
        speed = _positive(speed)
        started = time.monotonic_ns()
        self._epoch, self._started, self._speed = self._at(started), started, speed
        self._changed.set()
        self._changed = asyncio.Event()

    def now(self) -> int:
        """The present of the plant."""
        return self._at(time.monotonic_ns())

    def _at(self, monotonic: int) -> int:
        return self._epoch + round((monotonic - self._started) * self._speed / 1000)

    async def sleep_until(self, ts: int) -> None:
        """Wait until the plant's present is at least `ts`; always lets others run."""
        await asyncio.sleep(0)
        while (missing := ts - self.now()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), missing / (SECOND * self._speed))


def _positive(speed: float) -> float:
    if not speed > 0:
        raise ValueError(f"a speed of {speed} would stop the clock")
    return speed
