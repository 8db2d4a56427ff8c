"""A real InfluxDB 1.6.7 of one's own: loopback, a free port, nothing reported home; killed and started at will."""

import json
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_CONFIG = """\
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
[subscriber]
  enabled = false
[continuous_queries]
  enabled = false
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


@dataclass
class Child:
    """A server in a process of its own, on a folder and a port that stay the same when it is started again."""

    command: list[str]
    url: str
    ping: str
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(self.command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not answers(self.url + self.ping):
            ended = self.process.poll() is not None
            assert not ended and time.monotonic() < deadline, self.log.read_text(errors="replace")[-3000:]
            time.sleep(0.02)

    def kill(self) -> None:
        """At once, as a loss of power would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
            self.process = None


class Influxd(Child):
    """InfluxDB, asked over its own HTTP API, past all that is ours."""

    def ask(self, statement: str, db: str = "") -> list[dict]:
        """The series of a statement; times in microseconds."""
        form = urllib.parse.urlencode({"q": statement, "db": db, "epoch": "u"}).encode()
        with urllib.request.urlopen(f"{self.url}/query", form, timeout=60) as answer:
            (result,) = json.load(answer)["results"]
        assert "error" not in result, result["error"]
        return result.get("series", [])

    def rows(self, table: str, db: str = "shopfloor") -> list[dict]:
        """All rows of a measurement by time, tags as columns."""
        found = self.ask(f'SELECT * FROM "{table}" ORDER BY time', db)  # noqa: S608 ours
        return [dict(zip(series["columns"], row, strict=True)) for series in found for row in series["values"]]

    def create(self, *names: str) -> None:
        for name in names:
            self.ask(f'CREATE DATABASE "{name}"')


@contextmanager
def influxd(program: str, folder: Path, *databases: str) -> Iterator[Influxd]:
    """An InfluxDB with some databases, stopped at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = folder / "influxdb.conf"
    config.write_text(_CONFIG.format(folder=folder, port=port, rpc=free_port()))
    server = Influxd([program, "-config", str(config)], f"http://127.0.0.1:{port}", "/ping", folder / "influxd.log")
    try:
        server.start()
        server.create(*databases)
        yield server
    finally:
        server.stop()
