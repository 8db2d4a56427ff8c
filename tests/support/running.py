"""Running the command line as people do."""

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "200", "PYTHONWARNINGS": "default"}


def shopfloor(*arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-m", "shopfloor", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, env=ENVIRONMENT, cwd=ROOT, check=False
    )


@dataclass
class Running:
    """A `shopfloor run` or `demo` in a process of its own."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)
    page: str = ""
    broker: str = ""

    async def read(self) -> None:
        async for raw in self.process.stdout:
            line = raw.decode()
            self.lines.append(line)
            if found := re.search(r"http://\S+/", line):
                self.page = found[0]
            if found := re.search(r"mqtts?://\S+", line):
                self.broker = found[0]

    async def until(self, condition, patience: float = 60.0) -> None:
        async with asyncio.timeout(patience):
            while not condition():
                assert self.process.returncode is None, "".join(self.lines)
                await asyncio.sleep(0.02)

    async def live(self) -> None:
        await self.until(lambda: any("live" in line for line in self.lines))

    async def ask(self, resource: str) -> Any:
        return await asyncio.to_thread(self._ask, resource)

    def _ask(self, resource: str) -> Any:
        with urllib.request.urlopen(f"{self.page}api/v1/{resource}", timeout=20) as answer:
            return json.load(answer)


@asynccontextmanager
async def running(*arguments: str, **environment: str) -> AsyncIterator[Running]:
    """A live plant; stopped at the end whatever happens."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "shopfloor",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**ENVIRONMENT, **environment},
        cwd=ROOT,
    )
    run = Running(process)
    reading = asyncio.create_task(run.read())
    try:
        yield run
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(20):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        await reading
