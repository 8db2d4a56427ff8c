"""A twin that lives to be killed: a process with a journal and a connection to a broker, and nothing else.

Its processes are forked from one that has imported everything, so that a restart costs milliseconds and a test can
afford hundreds. It does what `shopfloor run` does with what it hears: the same twin, the same `listen`.
"""

import asyncio
import contextlib
import json
import multiprocessing
import os
import sys
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from hearing import SMALL, NoHistorian

from broker import MqttBus
from shopfloor.pacing import listen
from twin import Journal, Twin
from twin.recovery import Pace

PATHS = ("main/line", "main/line/A", "main/line/B", "main/line/B/1", "main/line/B/2", "main/line/C")
TICK = 0.002
RESTLESS = Pace(messages=7, seconds=0.05)
"""Snapshots so often that kills hit them, and what merges them."""


def account(twin: Twin) -> dict[str, Any]:
    """What a twin has made of its journal: its position, the hash of its state, the parts of its KPIs."""
    begin, end = twin.extent() if twin.runs() else (0, 0)
    kpis = {path: twin.kpis(path, begin, end) for path in PATHS} if end > begin else {}
    parts = {path: {name: dict(kpi.parts) for name, kpi in of.items()} for path, of in kpis.items()}
    digest = twin.digest() if twin.runs() else ""
    return {"position": twin.position(), "digest": digest, "extent": [begin, end], "parts": parts}


async def _live(url: str, file: Path, report: Connection) -> None:
    async with Twin(SMALL, journal=Journal(file), historian=NoHistorian(), pace=RESTLESS) as twin:
        report.send_bytes(json.dumps(account(twin)).encode())
        bus = MqttBus(url, identifier="mortal", persistent=True)
        async with bus, bus.subscribe("shopfloor/v1/#") as subscription:
            listening = asyncio.create_task(listen(twin, subscription))
            await bus.wait_connected(20)
            told = -1
            while not listening.done():
                if told != twin.position():
                    told = twin.position()
                    report.send_bytes(b"%d" % told)
                await asyncio.sleep(TICK)
            await listening


def live(url: str, file: Path, report: Connection) -> None:
    """Live until killed: tell the account of the restart, then each new position once listening."""
    asyncio.run(_live(url, file, report))


@cache
def forks():
    """Where processes come from: one that has imported all that they need."""
    from multiprocessing.forkserver import ensure_running  # not on Windows

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mortal"])
    with pytest.MonkeyPatch.context() as patch:  # it is given our path, and before Python 3.14 it does not use it
        patch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
        ensure_running()
    return context


class Mortal:
    """One life of the process, seen from outside.

    Attributes:
        account: what it made of the journal when it started; none while it has not got so far.
        position: how far its journal is, as far as it told.
        listening: whether it is connected and reads.
    """

    def __init__(self, url: str, file: Path) -> None:
        context = forks()
        self._ours, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=live, args=(url, file, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.account: dict[str, Any] | None = None
        self.position = 0
        self.listening = False

    def hear(self) -> None:
        """Take in what it told."""
        with contextlib.suppress(EOFError, OSError):  # killed while it spoke
            while self._ours.poll():
                told = json.loads(self._ours.recv_bytes())
                if isinstance(told, dict):
                    self.account, told = told, told["position"]
                else:
                    self.listening = True
                self.position = told

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.is_alive()

    def kill(self) -> None:
        """End it as a power cut of the process would: it gets no chance to do anything more."""
        self._process.kill()
        self._process.join()
        self.hear()
        self._ours.close()
