"""What the points of all tables share: whose they are, and instants that are apart. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from plant.paths import Node
from twin.figures import Window
from twin.mirror import LineMirror, Machine
from twin.tables import FieldValue, Point, machine_label

NOTHING = "none"
"""A label that says nothing: no reason was told, no product, no machine. Empty it may not be: InfluxDB knows none."""

Key = tuple[str, int, tuple[str, ...]]
"""Table, instant and labels: what of points with the same ones is told last holds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """Labels that all points of a run have."""

    plant: str
    run: str

    def line(self, node: Node) -> tuple[str, ...]:
        """Labels of a line, or of the line of what is in it."""
        return self.plant, self.run, node.area, node.line

    def machine(self, node: Node) -> tuple[str, ...]:
        """Labels of a machine; of a station or a line those of no machine."""
        station = node.station or NOTHING
        return (*self.line(node), station, machine_label(node) if node.station else NOTHING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A machine whose points are told, its line, and its labels."""

    machine: Machine
    line: LineMirror
    labels: tuple[str, ...]

    def point(self, table: str, at: int, values: dict[str, FieldValue], *more: str) -> Point:
        """A point of a table that has these labels beside the machine's."""
        return Point(table, at, (*self.labels, *(label or NOTHING for label in more)), values)


def key_of(point: Point) -> Key:
    """What tells a point from others."""
    return point.table, point.at, point.labels


def window(begin: int, end: int) -> Window:
    """The question about a piece of time. What is missing makes bounds, and these do not add up: so it has no say."""
    return Window(begin=begin, end=end, lost=_nothing_lost)


def apart(points: Iterable[Point]) -> Iterator[Point]:
    """Points of things of one instant, each a microsecond behind the other, since a store keeps one for an instant.

    They are in order of time. Which facts there are may grow and never shrinks, so none is left behind.
    """
    last: dict[tuple[str, tuple[str, ...]], int] = {}
    for point in points:
        of = point.table, point.labels
        last[of] = max(point.at, last.get(of, point.at - 1) + 1)
        yield point._replace(at=last[of])


def milliseconds(at: int) -> int:
    """An instant as tables and charts have it: milliseconds since 1970."""
    return at // 1000


def _nothing_lost(_: str, _begin: int, _end: int) -> int:
    return 0
