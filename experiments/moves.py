"""Moves: points next to a point, for searches that go step by step.

Where a limit binds, a step must be paid for: one place more here is one place less there, and one machine more may be
many places less everywhere. So there are moves of one variable, of two, and of one with all that come in smaller steps.
"""

from functools import partial

from experiments.space import Point, Space, Variable
from plant.draws import Stream


def moves(space: Space, point: Point) -> list[Point]:
    """Points next to a point, inside the limits, in a fixed order.

    An ordered variable goes one choice up or down, another one to any other choice. With that, another variable goes
    one choice the other way, or as far as the limits need or leave room for; or all variables with more choices, which
    come in smaller steps, give way or fill up evenly.
    """
    found: dict[Point, None] = {}
    for i, of in enumerate(space.variables):
        for choice in _steps(of, point[i]):
            moved = _with(point, i, choice)
            if space.allows(moved):
                found[moved] = None
                around = _filled(space, moved, i)
            else:
                around = _paid(space, moved, i)
            if of.ordered:
                around += _swapped(space, moved, i, point[i] - choice)
            found |= dict.fromkeys(around)
    found.pop(point, None)
    return list(found)


def kicked(space: Space, point: Point, stream: Stream, k: int) -> Point | None:
    """A point some way off: a third of the variables, two at least, at random choices."""
    width = len(space.variables)
    count = min(width, max(2, width // 3))
    order = sorted(range(width), key=lambda i: stream.word(k, i))
    for i in order[:count]:
        point = _with(point, i, stream.word(k, width + i) % len(space.variables[i].choices))
    return space.nearest(point)


def _steps(of: Variable, here: int) -> list[int]:
    if of.ordered:
        return [choice for choice in (here - 1, here + 1) if 0 <= choice < len(of.choices)]
    return [choice for choice in range(len(of.choices)) if choice != here]


def _with(point: Point, i: int, choice: int) -> Point:
    return (*point[:i], choice, *point[i + 1 :])


def _apart(here: int, there: int) -> int:
    return abs(there - here)


def _swapped(space: Space, moved: Point, i: int, step: int) -> list[Point]:
    """One other variable goes one choice the other way."""
    others = [j for j, of in enumerate(space.variables) if j != i and of.ordered]
    inside = [j for j in others if 0 <= moved[j] + step < len(space.variables[j].choices)]
    return [both for j in inside if space.allows(both := _with(moved, j, moved[j] + step))]


def _finer(space: Space, i: int) -> list[int]:
    """Variables that come in smaller steps."""
    width = len(space.variables[i].choices)
    return [j for j, of in enumerate(space.variables) if j != i and of.ordered and len(of.choices) > width]


def _filled(space: Space, moved: Point, i: int) -> list[Point]:
    """What fills the room that a step leaves: one other variable as far as it goes, or those with smaller steps."""
    if not space.limits:
        return []
    found = []
    for j, of in enumerate(space.variables):
        if j != i and of.ordered:
            found.append(_raised(space, moved, [j]))
    if finer := _finer(space, i):
        found.append(_raised(space, moved, finer))
    return [point for point in found if point != moved]


def _raised(space: Space, point: Point, others: list[int]) -> Point:
    """Others one choice up in turn, as long as the limits allow it."""
    before: Point = ()
    while point != before:
        before = point
        for j in others:
            if point[j] + 1 < len(space.variables[j].choices) and space.allows(more := _with(point, j, point[j] + 1)):
                point = more
    return point


def _paid(space: Space, moved: Point, i: int) -> list[Point]:
    """What keeps the limits: one other variable gives way as little as will do, or all with smaller steps evenly."""
    found = []
    for j, other in enumerate(space.variables):
        if j == i:
            continue
        here = moved[j]
        around = sorted((choice for choice in range(len(other.choices)) if choice != here), key=partial(_apart, here))
        fitting = (_with(moved, j, choice) for choice in around)
        found += [point for point in fitting if space.allows(point)][:1]
    if finer := _finer(space, i):
        even = space.balanced(moved, [j for j in range(len(moved)) if j not in finer])
        found += [even] if even is not None else []
    return found
