"""A real VictoriaMetrics of one's own: it has the write API of InfluxDB 2 itself, so what it takes proves the writer.

It has no InfluxQL (it answers any with the same words), keeps texts as 0, times as milliseconds, and no buckets.
"""

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from influx_process import Child, free_port


class Victoria(Child):
    """VictoriaMetrics, read by its export."""

    def series(self, match: str) -> list[dict]:
        """Series that match: ``metric``, ``values`` and ``timestamps`` in milliseconds."""
        with urllib.request.urlopen(f"{self.url}/internal/force_flush", timeout=20):
            pass
        query = urllib.parse.urlencode({"match[]": match, "start": 1})  # else the last minutes only
        with urllib.request.urlopen(f"{self.url}/api/v1/export?{query}", timeout=60) as answer:
            return [json.loads(line) for line in answer.read().splitlines()]


@contextmanager
def victoria(program: str, folder: Path) -> Iterator[Victoria]:
    """A VictoriaMetrics, stopped at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [
        program, f"-storageDataPath={folder}/data", f"-httpListenAddr=127.0.0.1:{port}", "-search.latencyOffset=0s",
        "-retentionPeriod=100y", "-loggerLevel=ERROR",
    ]  # fmt: skip
    server = Victoria(command, f"http://127.0.0.1:{port}", "/health", folder / "victoria.log")
    try:
        server.start()
        yield server
    finally:
        server.stop()
