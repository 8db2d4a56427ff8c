"""Points written to a real InfluxDB, and questions asked of it, without the historian that does both for users."""

import urllib.request
from collections.abc import Iterable, Mapping

import msgspec
from influx_process import Influxd

from twin.influx_answers import Found, frames
from twin.influxql import literal, statements
from twin.line_protocol import point_line
from twin.select import Frame, Scope, Select
from twin.tables import Point, Table

DATABASE = "questions"


def renew(server: Influxd) -> None:
    """An empty database."""
    server.ask(f'DROP DATABASE "{DATABASE}"')
    server.create(DATABASE)


def write(server: Influxd, points: Iterable[Point], tables: Mapping[str, Table]) -> None:
    lines = [line for point in points if (line := point_line(point, tables[point.table])) is not None]
    if lines:
        with urllib.request.urlopen(f"{server.url}/write?db={DATABASE}&precision=u", b"\n".join(lines)) as answer:
            assert answer.status == 204


def answered(server: Influxd, select: Select, table: Table, scope: Scope) -> list[Frame]:
    asked = statements(select, table, literal(scope))
    told = [msgspec.convert(server.ask(one.text, DATABASE), list[Found]) for one in asked]
    return frames(select, table, scope, list(zip(asked, told, strict=True)))
