"""On a full disk the twin takes nothing in, acknowledges nothing, answers as before, and goes on when there is room."""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hearing import SMALL, NoHistorian, simulated, twin_of
from mortal import account

from plant.messages import Delivery
from plant.time import SECOND
from shopfloor import pacing
from shopfloor.pacing import listen
from twin import Journal, Twin

BATCH = 50


class Feed:
    """A subscription that knows how much was acknowledged."""

    def __init__(self, deliveries: list[Delivery]) -> None:
        self._deliveries = deliveries
        self.given = self.acknowledged = 0

    async def batch(self) -> list[Delivery]:
        if self.given == len(self._deliveries):
            await asyncio.Event().wait()
        self.given += BATCH
        return self._deliveries[self.given - BATCH : self.given]

    async def acknowledge(self) -> None:
        self.acknowledged += BATCH


@pytest.fixture
def small_disk(tmp_path) -> Path:
    """A file system of eight megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if not hasattr(os, "geteuid") or os.geteuid() or not shutil.which("mount"):
        pytest.skip("to mount a small file system one has to be root")
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


async def until(condition) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_full_disk_stops_the_intake_only_and_only_until_there_is_room(small_disk, monkeypatch) -> None:
    monkeypatch.setattr(pacing, "LONGEST_WAIT", 0.2)
    stream = simulated(until=1500 * SECOND)
    stream = stream[: len(stream) // BATCH * BATCH]
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(7_800_000))
    feed = Feed(stream)
    async with Twin(SMALL, journal=Journal(small_disk / "journal.sqlite"), historian=NoHistorian()) as twin:
        listening = asyncio.create_task(listen(twin, feed))
        try:
            await until(lambda: twin.counters().journal_retries >= 3)
            counters = twin.counters()
            assert "full" in counters.journal_trouble
            assert 0 < twin.position() == counters.journaled == feed.acknowledged < feed.given
            async with twin_of() as other:
                await other.take(stream[: feed.acknowledged])
                assert account(twin) == account(other)
            past = [event async for event in twin._past(0, twin.position())]
            assert [event.position for event in past] == list(range(1, feed.acknowledged + 1))
            ballast.unlink()
            await until(lambda: feed.acknowledged == len(stream))
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
        assert twin.counters().journal_trouble == ""
        async with twin_of() as other:
            await other.take(stream)
            assert account(twin) == account(other)
