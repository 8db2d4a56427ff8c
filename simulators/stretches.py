"""The time of machines as stretches in which nothing of theirs changes in a step: one row of arrays each.

A spell is cut where a phase of the cycle begins, where a machine that waits goes to standby, where a fault begins or
ends, and every ten minutes: slow things are renewed there. The cuts are instants of the run, so the pieces in which a
run is read off leave no trace.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from plant.machine_types import LEVELS, RESTING
from plant.time import MINUTE
from simulators.doings import OPERATION, Doings, Operation, Spell

STANDBY_AFTER = 15 * MINUTE
"""A machine that waits for so long goes to standby."""

RENEWED_EVERY = 10 * MINUTE
"""How often slow things are renewed while nothing happens."""

MILLION = 1_000_000

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Edges = Callable[[int, int], Sequence[int]]
"""Instants strictly between two at which something begins or ends that is no affair of the line model."""

_STANDBY = LEVELS.index("standby")
_RESTS_IN_STANDBY = RESTING.index("standby")


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretches:
    """Stretches of some machines, machine by machine; columns are as long as there are stretches.

    Args:
        first: first row of each machine, and one behind the last.
        machine: whose each is.
        begin, end: µs since the start of the run; the last of a machine ends where it was read off.
        level: energy state, index into `LEVELS`.
        mode: what is done: index into `RESTING`, then the phases.
        work: µs of work done in the operation at its begin.
        phase_begin, phase_span: µs of work in the operation at which the phase begins, and that it takes.
        operations: the operation of each.
        spells: the spell of each.
    """

    first: list[int]
    machine: Ints
    begin: Ints
    end: Ints
    level: Ints
    mode: Ints
    work: Ints
    phase_begin: Ints
    phase_span: Ints
    operations: list[Operation]
    spells: list[Spell]


def stretches(machines: Sequence[Doings], phases: Sequence[int], to: int, edges: Sequence[Edges | None]) -> Stretches:
    """The stretches of machines of one type, from where their physics is known to an instant.

    Args:
        machines: what they did.
        phases: where the phases of their cycle begin, in millionths of it.
        to: the instant, µs since the start of the run.
        edges: of each machine.
    """
    pieces: list[tuple[int, int, int, int, int]] = []  # machine, begin, end, level, doing
    owners: list[Spell] = []
    for machine, (of, more) in enumerate(zip(machines, edges, strict=True)):
        known = of.base.begin
        ends = [*[spell.begin for spell in of.spells[1:]], max(to, of.spells[-1].begin)]
        for spell, end in zip(of.spells, ends, strict=True):
            for begin, cut in _pieces(spell, max(spell.begin, known), end, more):
                stands = spell.waits and begin - spell.begin >= STANDBY_AFTER
                level, doing = (_STANDBY, _RESTS_IN_STANDBY) if stands else (spell.level, spell.doing)
                pieces.append((machine, begin, cut, level, doing))
                owners.append(spell)
    columns = np.array(pieces, dtype=np.int64)
    return _phased(columns, owners, np.array(phases, dtype=np.int64), len(machines))


def _pieces(spell: Spell, begin: int, end: int, edges: Edges | None) -> list[tuple[int, int]]:
    """A spell from some instant on, cut at what is known before anybody looks at the cycle."""
    first = begin // RENEWED_EVERY * RENEWED_EVERY + RENEWED_EVERY
    standby = spell.begin + STANDBY_AFTER if spell.waits else end
    if first >= end and not begin < standby < end and edges is None:
        return [(begin, end)]
    cuts = {*range(first, end, RENEWED_EVERY)}
    if begin < standby < end:
        cuts.add(standby)
    if edges is not None:
        cuts.update(edges(begin, end))
    marks = [begin, *sorted(cuts), end]
    return list(pairwise(marks))


def _phased(columns: Ints, owners: list[Spell], phases: Ints, machines: int) -> Stretches:
    """Pieces cut where the phases of their operations begin."""
    machine, begin, end, level, doing = columns.T
    operations = [spell.operation for spell in owners]
    duration = np.array([operation.duration for operation in operations], dtype=np.int64)
    done = np.array([spell.done for spell in owners], dtype=np.int64)
    since = np.array([spell.begin for spell in owners], dtype=np.int64)
    runs = doing == OPERATION
    work = np.where(runs, done + begin - since, 0)
    starts = phases * duration[:, np.newaxis] // MILLION  # of work, shape (pieces, phases)
    stops = np.append(starts[:, 1:], duration[:, np.newaxis], axis=1)
    low = begin[:, np.newaxis] + np.maximum(starts - work[:, np.newaxis], 0)
    high = begin[:, np.newaxis] + stops - work[:, np.newaxis]
    high[:, -1] = end  # what goes on beyond its time stays in the last phase
    low, high = np.minimum(low, end[:, np.newaxis]), np.minimum(high, end[:, np.newaxis])
    there = (low < high) & runs[:, np.newaxis]
    whole = ~there.any(axis=1)  # pieces that are not cut: all but those of operations, and those without length
    there[whole, 0] = True
    low[whole, 0], high[whole, 0] = begin[whole], end[whole]
    piece, phase = np.nonzero(there)
    cut_runs = runs[piece]
    reached = (starts <= work[:, np.newaxis]).sum(axis=1) - 1
    phase = np.where(whole[piece] & cut_runs, reached[piece], phase)
    kept = piece.tolist()
    begins = low[there]
    return Stretches(
        first=[0, *np.cumsum(np.bincount(machine[piece], minlength=machines)).tolist()],
        machine=machine[piece],
        begin=begins,
        end=high[there],
        level=level[piece],
        mode=np.where(cut_runs, OPERATION + phase, doing[piece]),
        work=np.where(cut_runs, work[piece] + begins - begin[piece], 0),
        phase_begin=np.where(cut_runs, starts[piece, phase], 0),
        phase_span=np.where(cut_runs, stops[piece, phase] - starts[piece, phase], 0),
        operations=[operations[i] for i in kept],
        spells=[owners[i] for i in kept],
    )
