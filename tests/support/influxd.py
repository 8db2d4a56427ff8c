"""A real influxd 1.6.7 on a free loopback port, points written to it, and its answers as frames."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from twin.influxql import Statement
from twin.select import Frame, Scope, Select
from twin.tables import Point, Table

DATABASE = "plant"

_CONFIG = """
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
bind-address = "127.0.0.1:{http}"
log-enabled = false
[logging]
level = "error"
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def influxd(program: str, folder: Path) -> Iterator[str]:
    """A server with its files in a folder; gives its address, and stops it."""
    http = _free_port()
    config = folder / "influxdb.conf"
    config.write_text(_CONFIG.format(folder=folder, http=http, rpc=_free_port()), encoding="utf-8")
    url = f"http://127.0.0.1:{http}"
    with (folder / "influxd.log").open("wb") as log:
        process = subprocess.Popen([program, "-config", str(config)], stdout=log, stderr=log)
    try:
        _wait(url, process, folder / "influxd.log")
        yield url
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(url: str, process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text(errors="replace")
        try:
            with urllib.request.urlopen(f"{url}/ping", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise AssertionError(f"influxd does not answer: {log.read_text(errors='replace')}")


def create(url: str, database: str = DATABASE) -> None:
    """Make a database, empty if it is there."""
    for statement in (f'DROP DATABASE "{database}"', f'CREATE DATABASE "{database}"'):
        body = urllib.parse.urlencode({"q": statement}).encode()
        with urllib.request.urlopen(f"{url}/query", body, timeout=30) as answer:
            assert "error" not in answer.read().decode()


def write(url: str, points: Iterable[Point], tables: Mapping[str, Table], database: str = DATABASE) -> None:
    """Write points in line protocol, in microseconds."""
    lines = [line for point in points if (line := line_of(point, tables[point.table]))]
    if lines:
        body = "\n".join(lines).encode()
        with urllib.request.urlopen(f"{url}/write?db={database}&precision=u", body, timeout=30) as answer:
            assert answer.status == 204


def line_of(point: Point, table: Table) -> str:
    """A point as a line; nothing of one without fields."""
    tags = "".join(
        f",{_key(label)}={_key(value)}" for label, value in zip(table.labels, point.labels, strict=True) if value
    )
    fields = []
    for name, value in point.values.items():
        match table.fields[name].datatype:
            case "int":
                told = f"{value}i"
            case "float":
                told = repr(float(value))
            case _:
                escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
                told = f'"{escaped}"'
        fields.append(f"{_key(name)}={told}")
    measurement = table.name.replace(",", "\\,").replace(" ", "\\ ")
    return f"{measurement}{tags} {','.join(fields)} {point.at}" if fields else ""


def _key(text: str) -> str:
    return text.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")


def answered(url: str, statements: Iterable[Statement], select: Select, scope: Scope, database: str = DATABASE):
    """The answers to the statements of a question, put together."""
    cells: dict[tuple[str, ...], dict[object, dict[str, object]]] = {}
    for statement in statements:
        query = urllib.parse.urlencode({"db": database, "epoch": "u", "q": statement.text})
        with urllib.request.urlopen(f"{url}/query?{query}", timeout=60) as answer:
            told = json.load(answer)
        (result,) = told["results"]
        assert "error" not in result, (statement.text, result)
        for series in result.get("series", ()):
            tags = series.get("tags", {})
            key = tuple(tags.get(label, "") for label in select.by)
            names = series["columns"]
            assert names[0] == "time" and tuple(names[1:]) == statement.columns, (names, statement)
            for n, (t, *values) in enumerate(series["values"]):
                at = scope.begin if select.bucket == "window" and not select.raw else t
                place = (t, -n) if select.raw else at  # rows of raw questions come newest first, several at an instant
                cells.setdefault(key, {}).setdefault(place, {"t": at}).update(zip(names[1:], values, strict=True))
    frames = []
    for key, rows in sorted(cells.items()):
        kept = [
            row
            for _, row in sorted(rows.items())
            if any(row.get(column.name) is not None for column in select.columns)
        ]
        if kept:
            values = {column.name: [row.get(column.name) for row in kept] for column in select.columns}
            labels = dict(zip(select.by, key, strict=True))
            frames.append(Frame(labels=labels, t=[row["t"] for row in kept], values=values))
    return frames


def found() -> str:
    """Path of an installed influxd; without one the test is skipped, and in CI it fails."""
    path = shutil.which("influxd", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/bin"]))
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have influxd")
        pytest.skip("influxd is not installed")
    return path
