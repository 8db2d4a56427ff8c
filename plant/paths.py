"""How things of a plant are addressed: ``area/line/station[/machine]``, the same in topics, streams and the API."""

import re
from dataclasses import dataclass

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
NAME_ALLOWED = "a name: letters, digits, - and _, beginning with a letter or digit, at most 64 characters"


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """A thing that has messages: a line, a station or one of its machines.

    Args:
        area: ISA-95 area.
        line: name of the line.
        station: name of the station, none for the line itself.
        machine: number from 1 where the station has several machines, else none.
    """

    area: str
    line: str
    station: str | None = None
    machine: int | None = None

    @property
    def path(self) -> str:
        """Address in topics and in the API: ``machining/block-line/OP10`` or ``machining/block-line/OP10/2``."""
        parts = (self.area, self.line, self.station, None if self.machine is None else str(self.machine))
        return "/".join(part for part in parts if part is not None)

    @property
    def parent(self) -> "Node":
        """The line of a station or machine; a line is its own parent."""
        return self if self.station is None else Node(self.area, self.line)

    def __str__(self) -> str:
        """Its path."""
        return self.path


def parse_node(path: str) -> Node:
    """The node at ``area/line[/station[/machine]]``.

    Raises:
        ValueError: the path has another form.
    """
    parts = path.strip("/").split("/")
    well_formed = 2 <= len(parts) <= 4 and all(map(NAME.fullmatch, parts))
    if not well_formed or (len(parts) == 4 and not parts[3].isdigit()):
        raise ValueError(f"{path!r} is not a path such as area/line/station or area/line/station/2")
    return Node(parts[0], parts[1], parts[2] if len(parts) > 2 else None, int(parts[3]) if len(parts) > 3 else None)
