"""What a machine did for each order or product in a window: time in states, stops and parts that add up to all. Pure.

Time belongs to the order on the unit, and to what that order makes; without an order to the product of the part that
the machine was last told to have. What belongs to none, unknown time too, has a share of its own.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from twin.accounts import STATES, UNKNOWN
from twin.mirror import LineMirror, Machine
from twin.stays import Rows
from twin.stops import Columns, Stopped

By = Literal["order", "product"]
Whose = str | None
"""Name of an order or a product; none: of no order, of no product that is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """A share of a window.

    Args:
        times: microseconds in each state with an order on the unit, by `STATES`.
        bare: the same without one.
        stopped: what of it is of stops, by their class.
        rows: parts that were booked.
    """

    times: list[int]
    bare: list[int]
    stopped: Stopped
    rows: Rows

    @classmethod
    def nothing(cls) -> Self:
        """No time and no part."""
        none = [0] * len(STATES)
        return cls(times=none, bare=none, stopped=Stopped(0, 0, 0, 0), rows=slice(0, 0))


def whole(machine: Machine, line: LineMirror, begin: int, end: int, *, classed: bool) -> Share:
    """All of a window; with or without the classes of its stops."""
    times, bare = machine.states.split(begin, end, line.horizon)
    stopped = Stopped(0, 0, 0, 0)
    if classed:
        stopped = machine.states.stopped(begin, end, line.horizon, line.line.minor_stop)
    return Share(times=times, bare=bare, stopped=stopped, rows=machine.outcomes.rows(begin, end))


def shares(machine: Machine, line: LineMirror, begin: int, end: int, by: By) -> dict[Whose, Share]:
    """The share of each order or product that appears in a window, and of none."""
    states = machine.states
    stretches, begins, ends = states.stretches(begin, end, line.horizon)
    minor, unclassified, heads = states.classes(stretches, line.horizon, line.line.minor_stop)
    columns = states.columns(stretches)
    whose: Sequence[Whose] = [states.orders[row] for row in stretches]
    if by == "product":
        at, begins, ends, whose = _pieces(machine, line, stretches, begins, ends)
        minor, unclassified, columns = minor[at], unclassified[at], columns[at]
    booked = _booked(machine, begin, end, by)
    keys = {name: key for key, name in enumerate(dict.fromkeys([None, *whose, *booked]))}
    key = np.array([keys[name] for name in whose], dtype=np.intp)
    lengths = ends - begins
    time = np.zeros((len(keys), 2 * len(STATES)), dtype=np.int64)
    np.add.at(time, (key, columns), lengths)
    time[0, UNKNOWN] += end - begin - int(lengths.sum())
    stops = np.zeros((len(keys), len(Stopped._fields)), dtype=np.int64)
    np.add.at(stops[:, 0], key, lengths * minor)
    np.add.at(stops[:, 1], key, lengths * unclassified)
    for head in heads[bisect_left(heads, begin) : bisect_left(heads, end)]:  # a stop counts where it began
        stops[key[np.searchsorted(begins, head, "right") - 1], 2] += 1
    nothing = np.empty(0, dtype=np.intp)
    return {
        name: Share(
            times=time[row, : len(STATES)].tolist(),
            bare=time[row, len(STATES) :].tolist(),
            stopped=Stopped(*stops[row].tolist()),
            rows=booked.get(name, nothing),
        )
        for name, row in keys.items()
    }


Spans = Mapping[str, tuple[int, int]]
"""When orders began and ended."""


def spent_on(machine: Machine, line: LineMirror, spans: Spans) -> tuple[list[int], list[int], int]:
    """Microseconds in each state, with and without an order, that orders were on a machine; time unknown meanwhile.

    Args:
        machine: whose time.
        line: its line.
        spans: of the orders.
    """
    begin, end = min(b for b, _ in spans.values()), max(e for _, e in spans.values())
    states = machine.states
    stretches, begins, ends = states.stretches(begin, end, line.horizon)
    nobodys = (end, end)
    span = np.array([spans.get(states.orders[row] or "", nobodys) for row in stretches], dtype=np.int64).reshape(-1, 2)
    lengths = np.clip(ends, span[:, 0], span[:, 1]) - np.clip(begins, span[:, 0], span[:, 1])
    time = np.zeros(2 * len(STATES), dtype=np.int64)
    np.add.at(time, states.columns(stretches), lengths)
    unknown = sum(states.window(b, e, line.horizon)[UNKNOWN] for b, e in spans.values())
    return time[: len(STATES)].tolist(), time[len(STATES) :].tolist(), unknown


def whose_are(names: Sequence[Whose], first: int) -> dict[Whose, NDArray[np.intp]]:
    """Rows of each name, from a first row on."""
    found: dict[Whose, list[int]] = {}
    for row, name in enumerate(names, start=first):
        found.setdefault(name, []).append(row)
    return {name: np.array(rows, dtype=np.intp) for name, rows in found.items()}


def product_of(line: LineMirror) -> dict[Whose, Whose]:
    """What each order makes."""
    return {name: told[-1].product or None for name, told in line.orders.told.items()}


def _booked(machine: Machine, begin: int, end: int, by: By) -> dict[Whose, NDArray[np.intp]]:
    rows = machine.outcomes.rows(begin, end)
    if by == "order":
        return whose_are(machine.outcomes.orders[rows], rows.start)
    products: list[Whose] = [None, *machine.kinds]
    return whose_are([products[kind] for kind in machine.outcomes.kinds(rows).tolist()], rows.start)


def _pieces(
    machine: Machine, line: LineMirror, stretches: range, begins: Columns, ends: Columns
) -> tuple[NDArray[np.intp], Columns, Columns, list[Whose]]:
    """Stretches cut where the product in the machine changes: which stretch each piece is of, and what it is for."""
    states, log = machine.states, machine.log
    makes = product_of(line)
    is_a: dict[str, str] = dict(zip(log.part, log.product, strict=True))
    pieces: list[tuple[int, int, int, Whose]] = []
    for place, row in enumerate(stretches):
        begin, end = int(begins[place]), int(ends[place])
        order, part = states.orders[row], states.parts[row]
        if order is not None:
            pieces.append((place, begin, end, makes.get(order)))
            continue
        for event in range(bisect_right(log.ts, states.begin_of(row)), bisect_left(log.ts, end)):
            now = log.in_machine(event, part)
            if now != part:
                at = max(begin, log.ts[event])
                pieces.append((place, begin, at, part and (is_a.get(part) or None)))
                begin, part = at, now
        pieces.append((place, begin, end, part and (is_a.get(part) or None)))
    places, firsts, lasts, whose = zip(*pieces, strict=True) if pieces else ((), (), (), ())
    columns = (np.array(column, dtype=np.int64) for column in (places, firsts, lasts))
    at_, first, last = columns
    return at_.astype(np.intp), first, last, list(whose)
