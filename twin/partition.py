"""Overlapping reasons for one time, turned into a partition before anything is summed. Pure.

Reasons overlap in life: a fault that a machine reports, what somebody types, a maintenance ticket. Added up as they
are, they make more time than there is. Here each instant belongs to one of them, and what the others claimed is kept
as evidence.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """A claim to the time [begin, end), in microseconds UTC.

    Args:
        begin: its true start, also where a window cuts it.
        end: first instant that it does not claim.
        name: what it is.
        priority: the higher one wins.
        id: of its event; tells apart reasons that agree in all else.
    """

    begin: int
    end: int
    name: str
    priority: int = 0
    id: int = 0

    @property
    def rank(self) -> tuple[int, int, int, str, int]:
        """Who wins: priority, then the later start, then the higher event id; the rest makes any order total."""
        return self.priority, self.begin, self.id, self.name, self.end


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch [begin, end) of a partition.

    Args:
        begin: first instant, microseconds UTC.
        end: first instant that is out.
        reason: to which it belongs; none: nobody claims it.
        overridden: the other claims to it, best first.
    """

    begin: int
    end: int
    reason: Reason | None
    overridden: tuple[Reason, ...] = ()


def partition(reasons: Iterable[Reason], begin: int, end: int) -> list[Piece]:
    """The window [begin, end) cut into pieces that belong to one reason each; their lengths add up to it.

    Highest priority wins, then the later start, then the higher event id, whatever the order in which they are given.
    """
    inside = [reason for reason in set(reasons) if max(reason.begin, begin) < min(reason.end, end)]
    waiting = sorted(inside, key=lambda reason: reason.begin, reverse=True)
    edges = {edge for reason in inside for edge in (reason.begin, reason.end) if begin < edge < end}
    pieces: list[Piece] = []
    claims: list[Reason] = []
    for first, last in pairwise(sorted({begin, end} | edges)):
        while waiting and waiting[-1].begin <= first:
            claims.append(waiting.pop())
        claims = sorted((claim for claim in claims if claim.end > first), key=lambda claim: claim.rank, reverse=True)
        winner, overridden = (claims[0], tuple(claims[1:])) if claims else (None, ())
        if pieces and (pieces[-1].reason, pieces[-1].overridden) == (winner, overridden):
            first = pieces.pop().begin  # noqa: PLW2901 it goes on
        pieces.append(Piece(begin=first, end=last, reason=winner, overridden=overridden))
    return pieces


def time_of(pieces: Iterable[Piece]) -> dict[str, int]:
    """Microseconds of each reason's name in a partition; unclaimed time is in none."""
    total: dict[str, int] = {}
    for piece in pieces:
        if piece.reason is not None:
            total[piece.reason.name] = total.get(piece.reason.name, 0) + piece.end - piece.begin
    return total
