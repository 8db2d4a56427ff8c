"""The chain of snapshots of a run: its links as they are stored, whether they are sound, and which become one. Pure.

A link holds what has changed between two positions of the journal. Neighbours of one weight become one in the manner of
a counter with the base `FAN`, so that a chain stays short. One that is damaged or missing ends the chain.
"""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

import msgspec

FAN = 8  # links of one weight that become one
REACH = 250_000  # positions that a link holds at most: the way on from where one ends is no longer

class Span(NamedTuple):
    """What a link holds: the messages with after < position <= position, in so many snapshots as they were taken."""

    after: int
    position: int
    weight: int = 1


class Link(NamedTuple):
    """A link as the journal has it."""

    span: Span
    version: str
    checksum: bytes
    state: bytes


def closed(span: Span, version: str, state: Mapping[str, bytes]) -> Link:
    """A link that says this of each object."""
    packed = zlib.compress(msgspec.msgpack.encode(state), 1)
    return Link(span, version, _checksum(span, version, packed), packed)


def opened(link: Link) -> dict[str, bytes]:
    """What a link says of each object.

    Raises:
        ValueError: it is damaged.
    """
    if _checksum(link.span, link.version, link.state) != link.checksum:
        raise ValueError("its checksum is wrong")
    try:
        state: dict[str, bytes] = _STATES.decode(zlib.decompress(link.state))
    except (zlib.error, msgspec.MsgspecError) as error:
        raise ValueError(str(error)) from None
    return state


def crowded(spans: Sequence[Span]) -> Sequence[Span]:
    """The last links of a chain that should become one; none: there are not too many."""
    last = spans[-FAN:]
    alike = len(last) == FAN and len({span.weight for span in last}) == 1
    return last if alike and last[-1].position - last[0].after <= REACH else ()


def sound(links: Iterable[Link], version: str) -> list[Link]:
    """The links from which a run can be made: each goes on where the one before ends, all are of one version."""
    found: list[Link] = []
    for link in links:
        if link.version != version or link.span.after != (found[-1].span.position if found else 0):
            break
        found.append(link)
    return found


_STATES = msgspec.msgpack.Decoder(dict[str, bytes])


def _checksum(span: Span, version: str, state: bytes) -> bytes:
    found = blake2b(f"{span.after}\0{span.position}\0{span.weight}\0{version}\0".encode(), digest_size=16)
    found.update(state)
    return found.digest()
