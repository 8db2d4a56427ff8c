"""Exact time accounting of one machine: state messages in columns, time in state over any window.

A row is a state message. It holds from its begin until the next row's begin if the two are linked, that is if no state
message between them can have been lost; else until the last instant at which a heartbeat confirmed it, and the time
up to the next row is `unknown`. Windows are half-open; all sums are integers. Time without an order on the unit is
summed apart: a column of each state for it, as soon as there is some.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from sys import intern

import numpy as np
from numpy.typing import NDArray

from plant.messages import StateChange
from plant.states import State, number
from twin.kept import Kept, Stored
from twin.stays import Canonical, in_order, view
from twin.stops import Columns, Failures, Stopped, Stops
from twin.values import Interval

STATES = tuple(State)
CODES = {state.value: number(state) for state in STATES}
UNKNOWN = CODES[State.UNKNOWN]
FAILED = CODES[State.FAILED]
AWAY = [CODES[State.OFF], CODES[State.PAUSE]]
_LASTING = {FAILED, *AWAY}
WAITING = CODES[State.WAITING]
FOR_ORDER = "order"
"""Reason of `waiting` that means that there is no order, whatever the line."""

UNPLANNED = [*AWAY, CODES[State.MAINTENANCE]]
"""States outside planned busy time."""

ACTIVE = np.array([state in {"processing", "setup", "failed", "maintenance"} for state in STATES])
"""States of an active period (Roser, Nakano, Tanaka 2002): the machine, not its neighbours, limits the flow."""

PENDING = 10_000  # confirmations of messages that never came, at most


class StateAccount(Kept):
    """What one machine did, from its state messages, in any order of arrival.

    Args:
        booked: whether its line works to orders; else it always counts as having one.
    """

    stored = Stored(
        columns=(
            {
                "ts": int,
                "session": int,
                "n": int,
                "seq": int,
                "since": int,
                "confirmed": int,
                "code": int,
                "reasons": str,
                "parts": str | None,
                "orders": str | None,
            },
        ),
        values={"_claimed": tuple[int, int]},
        tables={"_finals": set[tuple[int, int]], "_pending": dict[tuple[int, int], int]},
    )

    def __init__(self, *, booked: bool = False) -> None:
        super().__init__()
        self.booked = booked
        self.ts = array("q")
        self.session = array("q")
        self.n = array("q")
        self.seq = array("q")
        self.since = array("q")
        self.confirmed = array("q")  # last instant at which the row was surely in force
        self.code = bytearray()
        self.reasons: list[str] = []
        self.parts: list[str | None] = []
        self.orders: list[str | None] = []
        self._claimed = (0, -1)  # newest (session, seq) that a heartbeat spoke of
        self._finals: set[tuple[int, int]] = set()  # last of a session, by a birth of the next
        self._pending: dict[tuple[int, int], int] = {}
        self._begins = array("q")
        self._known = array("q")  # end of what is known of each row but the last
        self._sums = np.zeros((16, len(STATES)), dtype=np.int64)  # time in state before each row
        self._settled = 0  # rows whose derived columns stand
        self._failures: Failures | None = None
        self._stops: dict[tuple[int, bool], Stops] = {}

    def __len__(self) -> int:
        """Number of state messages."""
        return len(self.ts)

    def extend(self, messages: Sequence[StateChange]) -> None:
        """Take in state messages of one session."""
        ts, n = [m.ts for m in messages], [m.n for m in messages]
        session = messages[0].session
        last = (self.ts[-1], self.session[-1], self.n[-1]) if self.ts else (-1, -1, -1)
        if not self._pending and in_order(last, ts, session, n):
            instants = array("q", ts)  # an array takes another one several times as fast as a list
            self.ts.extend(instants)
            self.confirmed.extend(instants)
            self.session.extend(array("q", [session]) * len(ts))
            self.n.extend(array("q", n))
            self.seq.extend(array("q", [m.seq for m in messages]))
            self.since.extend(array("q", [m.since for m in messages]))
            self.code.extend(bytes([CODES[m.state] for m in messages]))
            self.reasons.extend([intern(m.reason) for m in messages])
            self.parts.extend([m.part and intern(m.part) for m in messages])
            self.orders.extend([m.order and intern(m.order) for m in messages])
            return
        for m in messages:
            self._insert(m)

    def confirm(self, session: int, seq: int, now: int) -> None:
        """A heartbeat at `now` says that (session, seq) was the last state message: it was in force then."""
        self._claimed = max(self._claimed, (session, seq))
        if (row := self._row(session, seq, now)) >= 0:
            if now > self.confirmed[row]:
                self.confirmed[row] = now
                self.moved(row)
                if row < self._settled:
                    self._forget(row)
        elif len(self._pending) < PENDING:
            self._pending[session, seq] = max(now, self._pending.get((session, seq), 0))
            self.dirty["_pending"].add((session, seq))

    def finish(self, session: int, seq: int) -> None:
        """A later birth says that (session, seq) was the last state message of its session."""
        self._claimed = max(self._claimed, (session, seq))
        self._finals.add((session, seq))
        self.dirty["_finals"].add((session, seq))
        self._forget(0)

    def window(self, begin: int, end: int, horizon: int) -> list[int]:
        """Microseconds in each state (by `CODES`) in [begin, end); what nobody can tell is unknown."""
        return [time + bare for time, bare in zip(*self.split(begin, end, horizon), strict=True)]

    def split(self, begin: int, end: int, horizon: int) -> tuple[list[int], list[int]]:
        """The same with an order on the unit, and without; unknown time is with the first."""
        self._settle()
        times, bare = [0] * len(STATES), [0] * len(STATES)
        first = max(begin, self._begins[0]) if self._begins else end
        last = max(first, min(end, horizon))
        if last > first:
            before, until = self._until(first), self._until(last)
            times = [b - a for a, b in zip(before[: len(STATES)], until[: len(STATES)], strict=True)]
            if len(until) > len(STATES):
                bare = [b - a for a, b in zip(before[len(STATES) :], until[len(STATES) :], strict=True)]
        times[UNKNOWN] += (end - begin) - (last - first)
        return times, bare

    def at(self, at: int, horizon: int) -> Interval | None:
        """The stretch in force at an instant, as far as it is known; none before the first."""
        self._settle()
        row = bisect_right(self._begins, at) - 1
        if row < 0:
            return None
        end = self._end(row, horizon)
        followed = row + 1 < len(self.ts) or self._claimed > (self.session[row], self.seq[row])
        if at > horizon or at > end or (at == end and followed):
            return Interval(state="unknown", reason="", begin=min(end, horizon), end=at)
        first = row
        while first and self._joins(first):
            first -= 1
        begin = self._begins[first]
        return Interval(
            state=STATES[self.code[row]].value, reason=self.reasons[row], begin=begin, end=at, part=self.parts[row]
        )

    def part_at(self, at: int) -> tuple[int, str | None]:
        """Instant of the state message in force, and the part it names."""
        row = bisect_right(self.ts, at) - 1
        return (self.ts[row], self.parts[row]) if row >= 0 else (-1, None)

    def order_at(self, at: int) -> str | None:
        """The order that the state message in force at an instant names."""
        row = bisect_right(self.ts, at) - 1
        return self.orders[row] if row >= 0 else None

    def minor_stops(self, begin: int, end: int, limit: int) -> frozenset[int]:
        """When the minor stops began that did in [begin, end)."""
        return self._stops_of(limit).minor_begins(begin, end)

    def reasons_told(self) -> set[tuple[str, str]]:
        """All states with their reasons that messages told."""
        return {(STATES[code].value, reason) for code, reason in set(zip(self.code, self.reasons, strict=True))}

    def told_at(self, begin: int, end: int) -> set[int]:
        """Instants in [begin, end) at which messages and heartbeats spoke of the state: all that may be a border."""
        self._settle()
        columns = (self.ts, self.since, self.confirmed, self._begins)
        return {at for column in columns for at in column if begin <= at < end}

    def intervals(self, begin: int, end: int, horizon: int) -> list[Interval]:
        """What the machine did in [begin, end): no gaps, equal neighbours joined, the unknown filled in."""
        joined: list[Interval] = []
        for state, reason, a, b, part in self._stretches(begin, end, horizon):
            if b <= a:
                continue
            if joined and joined[-1].state == state and joined[-1].reason == reason:
                last = joined[-1]
                joined[-1] = Interval(state=state, reason=reason, begin=last.begin, end=b, part=last.part)
            else:
                joined.append(Interval(state=state, reason=reason, begin=a, end=b, part=part))
        return joined

    def stretches(self, begin: int, end: int, horizon: int) -> tuple[range, Columns, Columns]:
        """Rows that may have a share in [begin, end), and what of it each is known to have: begins and ends."""
        self._settle()
        stop = min(end, horizon)
        first, last = max(0, bisect_right(self._begins, begin) - 1), bisect_left(self._begins, stop)
        if last <= first:
            return range(0), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        ends = np.append(view(self._known)[first : last - 1], self._end(last - 1, stop))
        return range(first, last), np.clip(view(self._begins)[first:last], begin, stop), np.clip(ends, begin, stop)

    def columns(self, rows: range) -> NDArray[np.intp]:
        """State of each of some rows by `CODES`, that many more where no order is on the unit."""
        codes = np.frombuffer(self.code, dtype=np.uint8)[rows.start : rows.stop].astype(np.intp)
        return codes + len(STATES) * self._bare(rows.start)[: len(rows)]

    def classes(self, rows: range, horizon: int, limit: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_], list[int]]:
        """Whether each of some rows is of a minor stop, or of one without a class; begins of minor stops.

        Rows without an order on the unit are of none.
        """
        until = self._end(len(self.ts) - 1, horizon) if self.ts else 0
        return self._stops_of(limit).classes(view(self._begins)[rows.start : rows.stop], until)

    def away(self, instants: Columns) -> NDArray[np.bool_]:
        """Whether the machine was off or in a planned stop up to some instants; never where nobody can tell."""
        rows = self._rows_before(instants)
        codes = np.append(np.frombuffer(self.code, dtype=np.uint8), np.uint8(UNKNOWN))
        away: NDArray[np.bool_] = np.isin(codes[rows], UNPLANNED)
        return away

    def vouched(self, instants: Columns) -> bool:
        """Whether the state up to each of some instants is known."""
        return bool((self._rows_before(instants) >= 0).all())

    def _rows_before(self, instants: Columns) -> NDArray[np.intp]:
        """The row that is known to be in force up to each of some instants; -1 where nobody can tell.

        At the very first instant of a machine that is its first row, if none before it can be lost.
        """
        self._settle()
        rows = np.searchsorted(view(self._begins), instants) - 1
        if self.seq and self.seq[0] == 0:
            rows[instants == self._begins[0]] = 0
        ends = np.append(view(self._known), np.iinfo(np.int64).max)
        return np.where((rows >= 0) & (instants <= ends[rows]), rows, -1)

    def begin_of(self, row: int) -> int:
        """Since when a row is in force."""
        self._settle()
        return self._begins[row]

    def active_periods(self, begin: int, end: int, horizon: int) -> tuple[Columns, Columns]:
        """Begins and ends of the active periods that touch [begin, end), each as long as it is known to be."""
        self._settle()
        rows = bisect_left(self._begins, horizon)
        if not rows:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        begins = view(self._begins)[:rows]
        ends = np.append(view(self._known)[: rows - 1], self._end(rows - 1, horizon)).clip(begins, horizon)
        kept = ends > begins
        active = ACTIVE[np.frombuffer(self.code, dtype=np.uint8)[:rows]][kept]
        begins, ends = begins[kept], ends[kept]
        goes_on = active[:-1] & active[1:] & (begins[1:] == ends[:-1])
        first = begins[active & ~np.append(False, goes_on)[: len(active)]]
        last = ends[active & ~np.append(goes_on, False)[: len(active)]]
        inside = (first < end) & (last > begin)
        return first[inside], last[inside]

    def around(self, begin: int, end: int, horizon: int) -> tuple[int, int]:
        """A window that has the stops of [begin, end) whole, and what follows on the last of them."""
        self._settle()
        begins, rows = self._begins, len(self._begins)
        row = bisect_right(begins, begin) - 1
        code = self.code[row] if row >= 0 else UNKNOWN
        while row > 0 and (begins[row - 1] == begins[row] or _goes_on(self.code[row - 1], code)):
            row -= 1
            code = code if begins[row] == begins[row + 1] else self.code[row]
        first = min(begin, begins[row]) if row >= 0 else begin
        row = bisect_left(begins, end) - 1
        code = self.code[row] if row >= 0 else UNKNOWN
        while 0 <= row < rows - 1:
            row += 1
            if row < rows - 1 and begins[row] == begins[row + 1]:
                continue
            if not _goes_on(code, self.code[row]):
                break
            code = self.code[row]
        last = begins[row + 1] if 0 <= row < rows - 1 else horizon
        return first, max(end, last)

    def failures(self) -> Failures:
        """All failures so far."""
        self._settle()
        if self._failures is None:
            begins, rows, failed, before = self._present()
            first, last = rows[failed & ~before], rows[~failed & before]
            down = self._sums[:, FAILED :: len(STATES)].sum(axis=1)
            lengths = down[last] - down[first[: len(last)]]
            unknown = self._sums[:, UNKNOWN]
            since = np.maximum(first - 1, 0)
            unsure_begins = begins[first][unknown[first] > unknown[since]]
            unsure_ends = begins[last][unknown[last] > unknown[since[: len(last)]]]
            doubts = np.sort(np.concatenate((unsure_begins, unsure_ends)))
            self._failures = Failures(begins[first], begins[last], lengths, doubts)
        return self._failures

    def stopped(self, begin: int, end: int, horizon: int, limit: int) -> Stopped:
        """What of [begin, end) belongs to stops shorter than `limit`, by the whole length of each."""
        stops = self._stops_of(limit)
        until = self._end(len(self.ts) - 1, horizon) if self.ts else begin
        return stops.window(begin, end, until)

    def _stops_of(self, limit: int) -> Stops:
        self._settle()
        key = limit, self._hollow_end
        if (stops := self._stops.get(key)) is None:
            stops = self._stops[key] = self._classed(limit)
        return stops

    @property
    def _hollow_end(self) -> bool:
        """Whether a message after the last row is lost that may be of the very instant at which it begins."""
        if not self.ts or self._claimed <= (self.session[-1], self.seq[-1]):
            return False
        return self.confirmed[-1] <= self._begins[-1]

    @property
    def first(self) -> int | None:
        """Begin of what is known."""
        self._settle()
        return self._begins[0] if self._begins else None

    @property
    def canonical(self) -> Canonical:
        """The same for the same messages."""
        self._settle()
        return [
            *(list(column) for column in (self.ts, self.session, self.n, self.seq, self.since, self.code)),
            list(self._begins),
            list(self._known),
            self.reasons,
            self.parts,
            self.orders,
            [self.confirmed[-1] if self._claimed > (self.session[-1], self.seq[-1]) else None] if self.ts else [],
        ]

    def _present(self) -> tuple[Columns, Columns, NDArray[np.bool_], NDArray[np.bool_]]:
        """Begins of all rows; those that took time, the machine not away; whether each, and the one before, failed."""
        begins = view(self._begins)
        codes = np.frombuffer(self.code, dtype=np.uint8)
        took_time = np.append(begins[1:] > begins[:-1], True)[: len(begins)]
        rows = np.flatnonzero(took_time & ~np.isin(codes, AWAY))
        failed = codes[rows] == FAILED
        return begins, rows, failed, np.append(False, failed[:-1])[: len(failed)]

    def _classed(self, limit: int) -> Stops:
        """Stops, each cut where time inside it is unknown: then nobody saw whether it went on."""
        begins, rows, failed, before = self._present()
        gap = np.diff(self._sums[rows, UNKNOWN], prepend=0) > 0  # before each row, back to the one before
        heads, stretches = failed & (~before | gap), rows[failed]
        unseen_next = np.append(gap[1:] | (np.frombuffer(self.code, dtype=np.uint8)[rows[1:]] == UNKNOWN), True)
        lasts = view(self._known) > begins[:-1]  # else what was lost after a row may have come in its very instant
        hollow = ~np.append(lasts, not self._hollow_end)[: len(begins)][rows]
        unseen_next[: max(len(rows) - 1, 0)] |= hollow[1:]
        tails = failed & np.append(heads[1:] | ~failed[1:], True)
        seen = ~gap[heads] & ~unseen_next[: len(rows)][tails]
        ends = np.append(view(self._known), begins[-1:])[stretches]
        still = bool(len(stretches)) and int(stretches[-1]) == len(begins) - 1
        return Stops(begins[stretches], ends, heads[failed], seen, limit, open=still, bare=self._bare(0)[stretches])

    def _bare(self, start: int) -> NDArray[np.bool_]:
        """Whether no order is on the unit in each row from one on; never where nobody can tell the state."""
        codes = np.frombuffer(self.code, dtype=np.uint8)[start:]
        bare = np.zeros(len(codes), dtype=np.bool_)
        if self.booked:
            bare |= np.array([order is None for order in self.orders[start:]], dtype=np.bool_)
        for row in np.flatnonzero(codes == WAITING).tolist():
            bare[row] |= self.reasons[start + row] == FOR_ORDER
        bare &= codes != UNKNOWN
        return bare

    def _insert(self, m: StateChange) -> None:
        """Put a late message in its place."""
        row = bisect_left(self.ts, m.ts)
        while row < len(self.ts) and (self.ts[row], self.session[row], self.n[row]) < (m.ts, m.session, m.n):
            row += 1
        self.ts.insert(row, m.ts)
        self.session.insert(row, m.session)
        self.n.insert(row, m.n)
        self.seq.insert(row, m.seq)
        self.since.insert(row, m.since)
        self.code.insert(row, CODES[m.state])
        self.reasons.insert(row, intern(m.reason))
        self.parts.insert(row, m.part)
        self.orders.insert(row, m.order)
        self.confirmed.insert(row, self._pending.pop((m.session, m.seq), m.ts))
        self.dirty["_pending"].add((m.session, m.seq))
        self.moved(row)
        self._forget(row - 1)

    def _row(self, session: int, seq: int, now: int) -> int:
        """The row of a message that was sent by `now`; -1: it has not come."""
        row = len(self.ts) - 1
        if row < 0:
            return -1
        if self.session[row] == session and 0 <= (guess := row - self.seq[row] + seq) <= row:
            row = guess  # as if none were missing
        if self.seq[row] != seq or self.session[row] != session:
            row = bisect_right(self.ts, now) - 1
            while row >= 0 and self.session[row] == session and self.seq[row] > seq:
                row -= 1  # what was sent later in the same instant
        return row if row >= 0 and self.seq[row] == seq and self.session[row] == session else -1

    def _forget(self, row: int) -> None:
        self._settled = max(0, min(self._settled, row))
        self._failures = None
        self._stops.clear()

    def _joins(self, row: int) -> bool:
        """Whether a row goes on with the stretch of the one before, without a gap."""
        return (
            self._known[row - 1] == self._begins[row]
            and self.code[row - 1] == self.code[row]
            and self.reasons[row - 1] == self.reasons[row]
        )

    def _part(self, row: int) -> str | None:
        """The part with which a stretch began: a birth repeats a state with the part that is there by then."""
        while row and self._begins[row - 1] == self._begins[row] and self._joins(row):
            row -= 1
        return self.parts[row]

    def _end(self, row: int, horizon: int) -> int:
        """Until when a row is known to be in force."""
        if row < len(self._known):
            return self._known[row]
        if self._claimed > (self.session[row], self.seq[row]):  # a later message is lost
            return min(horizon, self.confirmed[row])
        return horizon

    def _until(self, at: int) -> list[int]:
        """Time in state from the first begin up to an instant not before it."""
        row = bisect_right(self._begins, at) - 1
        sums: list[int] = self._sums[row].tolist()
        begin = self._begins[row]
        known = max(begin, min(at, self._end(row, at)))
        column = self.code[row] + len(STATES) * int(self._bare(row)[0])
        sums += [0] * (column + 1 - len(sums))
        sums[column] += known - begin
        sums[UNKNOWN] += at - known
        return sums

    def _stretches(self, begin: int, end: int, horizon: int) -> Iterator[tuple[str, str, int, int, str | None]]:
        self._settle()
        stop = min(end, horizon)
        at = begin
        for row in range(max(0, bisect_right(self._begins, begin) - 1), bisect_left(self._begins, stop)):
            start = max(begin, self._begins[row])
            known = max(start, min(stop, self._end(row, stop)))
            yield "unknown", "", at, start, None
            yield STATES[self.code[row]].value, self.reasons[row], start, known, self._part(row)
            at = known
        yield "unknown", "", at, end, None

    def _settle(self) -> None:
        """Bring the derived columns up to date, from the first row that changed."""
        rows = len(self.ts)
        if self._settled >= rows - 1 and len(self._begins) == rows:
            return
        self._failures = None
        self._stops.clear()
        start = min(self._settled, max(0, len(self._begins) - 1))
        del self._begins[start:]
        del self._known[start:]
        begins = self._begin_of(start)
        self._begins.frombytes(begins.tobytes())
        confirmed = np.clip(view(self.confirmed)[start:-1], begins[:-1], begins[1:])
        known = np.where(self._linked(start), begins[1:], confirmed)
        self._known.frombytes(known.tobytes())
        self._accumulate(start, begins, known)
        self._settled = rows - 1

    def _begin_of(self, start: int) -> Columns:
        """Begin of each row: `since` where no known row contradicts it, else the message's own instant."""
        ts, since = view(self.ts)[start:], view(self.since)[start:]
        before = view(self.ts)[start - 1 : -1] if start else np.append(np.iinfo(np.int64).min, ts[:-1])
        return np.where(since >= before, since, ts)

    def _linked(self, start: int) -> NDArray[np.bool_]:
        """Whether no state message can be missing between each row and the next."""
        session, seq = view(self.session)[start:], view(self.seq)[start:]
        same = session[1:] == session[:-1]
        linked: NDArray[np.bool_] = same & (seq[1:] == seq[:-1] + 1)
        for i in np.flatnonzero(~linked).tolist():
            row = start + i
            stretch = self.code[row] == self.code[row + 1] and self.reasons[row] == self.reasons[row + 1]
            ended = not same[i] and (self.session[row], self.seq[row]) in self._finals
            linked[i] = ended or (stretch and self.since[row] == self.since[row + 1])
        return linked

    def _accumulate(self, start: int, begins: Columns, known: Columns) -> None:
        rows = len(self.ts)
        bare = self._bare(start)
        width = 2 * len(STATES) if bare.any() else self._sums.shape[1]
        if rows > len(self._sums) or width > self._sums.shape[1]:
            grown = np.zeros((2 * rows, width), dtype=np.int64)
            grown[: start + 1, : self._sums.shape[1]] = self._sums[: start + 1]
            self._sums = grown
        if rows - start < 2:  # nothing but the open row
            return
        each = np.zeros((rows - 1 - start, width), dtype=np.int64)
        columns = np.frombuffer(self.code, dtype=np.uint8)[start:-1] + len(STATES) * bare[:-1]
        each[np.arange(len(each)), columns] = known - begins[:-1]
        each[:, UNKNOWN] += begins[1:] - known
        self._sums[start + 1 : rows] = self._sums[start] + np.cumsum(each, axis=0)


def _goes_on(before: int, after: int) -> bool:
    """Whether a stop may go on from one state to the next: a break does not end that of a failed machine."""
    return before == after or (before in _LASTING and after in _LASTING)
