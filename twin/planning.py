"""What people said afterwards about the plan: which pieces of a window were for work, a planned stop, or nothing. Pure.

A piece that was planned otherwise is counted by a profile of its own: by the plan alone where nothing was to be
produced, whatever the machine did; and where there was to be work, a machine that was off or paused was idle.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import cast

from plant.remarks import Planned, Replanned
from plant.states import State
from twin.mirror import LineMirror, Machine
from twin.partition import Reason, partition
from twin.profile import Profile

IDLE = (State.OFF, State.PAUSE)

_COUNTS: Mapping[Planned, Mapping[State, str]] = {
    "work": dict.fromkeys(IDLE, "idle"),
    "pause": dict.fromkeys(State, "pause"),
    "off": dict.fromkeys(State, "not_scheduled"),
}
_COUNTS_BARE: Mapping[Planned, Mapping[State, str]] = {**_COUNTS, "work": dict.fromkeys(IDLE, "no_order")}


def pieces(
    machine: Machine, line: LineMirror, begin: int, end: int
) -> Iterator[tuple[tuple[int, int], Planned | None]]:
    """Pieces of a window and what somebody said that they were planned for; none: nobody said anything.

    Of what was said about a line, a station and a machine the last word counts; at one instant of plant time what is
    said of the smaller thing.
    """
    place = line.by_name[machine.station.name]
    things = {id(thing): thing for thing in (line, place, machine)}
    if not any(thing.remarks.told for thing in things.values()):
        yield (begin, end), None
        return
    told = [
        (m.ts, depth, m.seq, about)
        for depth, thing in enumerate(things.values())
        for m, about in thing.remarks.about(Replanned)
    ]
    said = [
        Reason(begin=about.begin, end=about.end, name=about.planned, priority=word)
        for word, (*_, about) in enumerate(sorted(told, key=lambda one: one[:3]))
    ]
    for piece in partition(said, begin, end):
        plan = cast("Planned", piece.reason.name) if piece.reason else None
        yield (piece.begin, piece.end), plan


def counted_by(profile: Profile, plan: Planned | None) -> Profile:
    """The profile by which a piece of time is counted."""
    if plan is None:
        return profile
    spent, bare = {**profile.spent, **_COUNTS[plan]}, {**profile.bare, **_COUNTS_BARE[plan]}
    return replace(profile, spent=spent, bare=bare)
