"""Topics of the native profile: ``{prefix}/{enterprise}/{site}/{area}/{line}/{station}[/{machine}]/{kind}``.

Kind names are reserved, so the level of a topic follows from its depth; ``alarm`` alone has one level below it, its
code.
"""

from dataclasses import dataclass
from functools import lru_cache

from plant.errors import MessageError
from plant.messages import KINDS, RESERVED_NAMES
from plant.paths import NAME, Node

PREFIX = "shopfloor/v1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """What a topic says.

    Args:
        enterprise: first ISA-95 level.
        site: second level, the plant.
        kind: kind of message.
        area: third level; none for a topic of the whole plant.
        node: line, station or machine; none for a topic of an area or the plant.
        code: code of an alarm.
    """

    enterprise: str
    site: str
    kind: str
    area: str | None = None
    node: Node | None = None
    code: str | None = None


def build(enterprise: str, site: str, node: Node, kind: str, code: str | None = None, *, prefix: str = PREFIX) -> str:
    """The topic of a node's messages of one kind."""
    topic = f"{prefix}/{enterprise}/{site}/{node.path}/{kind}"
    return topic if code is None else f"{topic}/{code}"


@lru_cache(maxsize=16384)
def parse(topic: str, prefix: str = PREFIX) -> Address:
    """What a topic says.

    Raises:
        MessageError: reason ``topic`` for a malformed topic, ``kind`` for an unknown kind.
    """
    if not topic.startswith(prefix + "/"):
        raise MessageError("topic", f"{topic[:200]!r} does not begin with {prefix}/")
    levels = topic[len(prefix) + 1 :].split("/")
    code = None
    if len(levels) >= 4 and levels[-2] == "alarm":
        code = levels.pop()
        if not NAME.fullmatch(code):
            raise MessageError("topic", f"{topic[:200]!r} has a malformed alarm code")
    *path, kind = levels
    if not 2 <= len(path) <= 6 or not all(map(NAME.fullmatch, path)) or not RESERVED_NAMES.isdisjoint(path):
        raise MessageError("topic", f"{topic[:200]!r} has malformed levels")
    if kind not in KINDS:
        raise MessageError("kind", f"{topic[:200]!r} has the unknown kind {kind[:64]!r}")
    if (kind == "alarm") != (code is not None):
        raise MessageError("topic", f"{topic[:200]!r}: an alarm, and only an alarm, has a code below its kind")
    enterprise, site, *place = path
    return Address(
        enterprise=enterprise,
        site=site,
        kind=kind,
        area=place[0] if place else None,
        node=_node(topic, place) if len(place) >= 2 else None,
        code=code,
    )


def _node(topic: str, place: list[str]) -> Node:
    if len(place) < 4:
        return Node(place[0], place[1], place[2] if len(place) == 3 else None)
    number = place[3]
    if not number.isascii() or not number.isdigit() or number.startswith("0") or len(number) > 4:
        raise MessageError("topic", f"{topic[:200]!r}: {number!r} is not the number of a machine")
    return Node(place[0], place[1], place[2], int(number))
