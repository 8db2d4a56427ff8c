"""What the readings of one machine say in the words of a plant: states, parts, alarms, samples. Pure.

Readings are taken instant by instant, each with all that was stamped with it, so that no state lasts no time. A part is
finished when its cycle is over and it is counted, whichever comes last; since a count may come late, also after the
next cycle has begun, all cycles are known before parts get their numbers. A cycle that no count follows made no part.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import msgspec

from broker.mapping import Alarming, Control, Counting, Signal, When
from broker.shdr import UNAVAILABLE, Condition, Observation, Reading, Series
from plant.messages import Alarm, Tag
from plant.states import State, legal
from plant.time import SECOND

NOT_RECORDED = "not recorded"
OVER = "log is over"
MOST_AT_ONCE = 1000
"""Parts by which a count rises at once; one that rises by more was set."""
LARGEST_COUNT = 1 << 53
BLIND = {State.UNKNOWN, State.OFF}
"""States in which a machine may have done more than anybody heard of."""

Timed = tuple[int, Reading]


class Sample(NamedTuple):
    """A value of a signal; none: the item was unavailable."""

    ts: int
    tag: str
    value: float | int | None


class Told(NamedTuple):
    """A state with its reason, from an instant on, and the cycle that is on its way then."""

    ts: int
    state: State
    reason: str
    cycle: "Cycle | None"


@dataclass(kw_only=True, slots=True, eq=False)
class Cycle:
    """Work on one part.

    Args:
        begin: when it began.
        seen: whether its begin was: the state before was known.
        worked: microseconds of work so far.
        known: whether all of that is known: nor was there time in between in which nobody knew the state.
        counted: whether its part is counted before it is over.
        number: of its part, from 1; 0: it made none.
        product: what it makes.
    """

    begin: int
    seen: bool = True
    worked: int = 0
    known: bool = True
    counted: bool = False
    number: int = 0
    product: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finish:
    """A part is finished: when, which in the order of this log, in which cycle if that is known."""

    ts: int
    number: int
    cycle: Cycle | None
    product: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Chronicle:
    """What happened at one machine, each in order of time.

    Args:
        begin: first instant of its logs.
        end: last instant of them.
        states: states; the last is that its log is over.
        cycles: cycles that made a part or are on their way at the end.
        finishes: finished parts.
        alarms: transitions of alarms.
        samples: values of signals.
        resets: how often the count of parts stepped back.
        refused: readings that could not be used, with reasons.
    """

    begin: int
    end: int
    states: tuple[Told, ...]
    cycles: tuple[Cycle, ...]
    finishes: tuple[Finish, ...]
    alarms: tuple[Alarm, ...]
    samples: tuple[Sample, ...]
    resets: int
    refused: tuple[tuple[Reading, str], ...]


def chronicle(readings: Sequence[Timed], control: Control, tags: Mapping[str, Tag]) -> Chronicle:
    """What the readings of one machine say.

    Args:
        readings: in order of plant time; at least one.
        control: what its items mean.
        tags: its signals.
    """
    scribe = _Scribe(control, tags, readings[0][0])
    for ts, group in groupby(readings, key=_ts):
        scribe.instant(ts, [reading for _, reading in group])
    return scribe.close(readings[-1][0])


def _ts(timed: Timed) -> int:
    return timed[0]


class _Scribe:
    """Notes down what an instant after the other says."""

    def __init__(self, control: Control, tags: Mapping[str, Tag], begin: int) -> None:
        self._control = control
        self._tags = tags
        self._begin = self._now = begin
        self._values: dict[str, str] = {}  # of items that are available
        self._alarms = _Alarms(control.alarms)
        self._work = None if control.parts is None else _Work(control.parts)
        self._signals: dict[str, list[Signal]] = {}
        for signal in control.tags:
            self._signals.setdefault(signal.item, []).append(signal)
        self._sampled: dict[str, int] = {}  # instant of the last sample of each signal
        self._chosen: tuple[State, str] | None = None
        self._states: list[Told] = []
        self._samples: list[Sample] = []
        self._refused: list[tuple[Reading, str]] = []

    def instant(self, ts: int, readings: Iterable[Reading]) -> None:
        """Take what was stamped with one instant."""
        state = self._states[-1].state if self._states else State.UNKNOWN
        if self._work is not None:
            self._work.pass_time(ts - self._now, state)
        self._now = ts
        for reading in readings:
            try:
                self._take(ts, reading)
            except ValueError as error:
                self._refused.append((reading, str(error)))
        chosen = self._choose()
        cycle = None
        if self._work is not None:
            self._work.settle(ts, self._values, before=state, now=chosen[0])
            cycle = self._work.open
        if chosen != self._chosen:
            self._chosen = chosen
            self._change(ts, *chosen, cycle)

    def close(self, end: int) -> Chronicle:
        """The log is over: nobody knows what the machine did then."""
        work = self._work or _Work(None)
        work.close(end)
        if self._states[-1].state is not State.UNKNOWN:
            self._states.append(Told(end, State.UNKNOWN, OVER, None))
        return Chronicle(
            begin=self._begin,
            end=end,
            states=tuple(self._states),
            cycles=tuple(work.made),
            finishes=tuple(work.finishes),
            alarms=tuple(self._alarms.transitions),
            samples=tuple(sorted(self._samples, key=lambda sample: sample.ts)),
            resets=work.resets,
            refused=tuple(self._refused),
        )

    def _take(self, ts: int, reading: Reading) -> None:
        item = reading.item
        match reading:
            case Observation(value=value):
                self._hold(item, value)
                for signal in self._signals.get(item, ()):
                    self._sample(ts, signal, None if value is None else number(value))
                if self._work is not None and item == self._work.item:
                    self._work.count(value)
            case Condition():
                self._hold(item, self._alarms.take(ts, reading))
            case Series(rate=rate, values=values):
                for signal in self._signals.get(item, ()):
                    if not values:
                        self._sample(ts, signal, None)
                    for back, sample in zip(range(len(values) - 1, -1, -1), values, strict=True):
                        self._sample(ts - (round(back * SECOND / rate) if rate else 0), signal, sample)
            case _:
                self._hold(item, reading.text)

    def _hold(self, item: str, value: str | None) -> None:
        if value is None:
            self._values.pop(item, None)
        else:
            self._values[item] = value

    def _sample(self, ts: int, signal: Signal, value: float | None) -> None:
        """A sample; those of one signal never step back, and none is older than the log."""
        ts = max(ts, self._sampled.get(signal.tag, self._begin))
        told: float | int | None = value
        if value is not None and (signal.factor != 1 or signal.offset):
            told = value * signal.factor + signal.offset
        if told is not None and not math.isfinite(told):
            raise ValueError(f"{signal.item}: {told} is no number that can be sent")
        if told is not None and self._tags[signal.tag].datatype == "int":
            if told != int(told):
                raise ValueError(f"{signal.item}: {told} is no whole number, as {signal.tag} has them")
            told = int(told)
        self._sampled[signal.tag] = ts
        self._samples.append(Sample(ts, signal.tag, told))

    def _choose(self) -> tuple[State, str]:
        for rule in self._control.states:
            if fits(rule.when, self._values):
                return State(rule.state), rule.reason
        return State.UNKNOWN, NOT_RECORDED

    def _change(self, ts: int, state: State, reason: str, cycle: Cycle | None) -> None:
        before = self._states[-1] if self._states else None
        if before is not None and before.state is not state and not legal(before.state, state):
            state, reason = State.UNKNOWN, f"{before.state} before {state}"
        if before is None or (before.state, before.reason) != (state, reason):
            self._states.append(Told(ts, state, reason, cycle))


def fits(when: When, values: Mapping[str, str]) -> bool:
    """Whether all items have one of their values; one that was never heard of is unavailable."""
    return all(values.get(item, UNAVAILABLE) in allowed for item, allowed in when.items())


_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?::\w*)?", re.ASCII)


def number(text: str) -> float:
    """A number as adapters send it; what resets a count may stand behind it: ``0:DAY``.

    Raises:
        ValueError: it is none, or none that can be sent.
    """
    match = _NUMBER.fullmatch(text)
    value = float(match[1]) if match else math.nan
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]!r} is no number")
    return value


# --- parts ---------------------------------------------------------------------------------------------------------


class _Work:
    """Cycles and parts of a machine."""

    def __init__(self, counting: Counting | None) -> None:
        self._counting = counting
        self.item = None if counting is None else counting.count
        self.open: Cycle | None = None
        self.made: list[Cycle] = []
        self.finishes: list[Finish] = []
        self.resets = 0
        self._over: list[Cycle] = []  # and not counted yet
        self._last: int | None = None
        self._risen = 0

    def pass_time(self, micros: int, state: State) -> None:
        """Time has passed in a state."""
        if self.open is None:
            return
        if state is State.PROCESSING:
            self.open.worked += micros
        elif state in BLIND:
            self.open.known = False

    def count(self, text: str | None) -> None:
        """The count of parts was sent; its first value counts nothing, and one that steps back begins anew.

        Raises:
            ValueError: it is no count.
        """
        if text is None:
            return
        value = number(text)
        if value != int(value) or not 0 <= value < LARGEST_COUNT:
            raise ValueError(f"{text[:40]!r} is no count of parts")
        before, self._last = self._last, int(value)
        if before is None:
            return
        if self._last < before:
            self.resets += 1
        elif self._last - before > MOST_AT_ONCE:
            raise ValueError(f"a count that rises by {self._last - before} at once was set, and counts nothing")
        else:
            self._risen += self._last - before

    def settle(self, ts: int, values: Mapping[str, str], *, before: State, now: State) -> None:
        """The instant is complete: cycles end, parts are finished, cycles begin.

        Args:
            ts: the instant.
            values: of the items.
            before: state up to it.
            now: state from it on.
        """
        counting = self._counting
        if counting is None:
            return
        product = self._product(values)
        over = bool(counting.ends) and fits(counting.ends, values)
        if self.open is not None and over:
            self._end(ts, product)
        if self._risen:
            self._book(ts, self._risen, product)
            self._risen = 0
        begins = fits(counting.begins, values) if counting.begins else now is State.PROCESSING
        if begins and not over and self.open is None:
            seen = before is not State.UNKNOWN
            self.open = Cycle(begin=ts, seen=seen, known=seen, product=product)

    def close(self, ts: int) -> None:
        """The log is over: a part that is counted is finished, and what is on its way was begun."""
        cycle = self.open or next(reversed(self._over), None)
        if cycle is not None and cycle.counted:
            self._finish(ts, None, cycle.product, cycle)
        elif cycle is not None:
            self._number(cycle)

    def _end(self, ts: int, product: str | None) -> None:
        cycle, self.open = self.open, None
        if cycle is None:
            return
        if cycle.counted:
            self._finish(ts, cycle, product, cycle)
        else:
            self._over.append(cycle)

    def _book(self, ts: int, parts: int, product: str | None) -> None:
        """So many parts are counted: those of the newest cycles, since older ones without a count made none."""
        newest = self._over[-parts:]
        self._over.clear()
        spare = parts - len(newest)
        running = self.open if spare and self.open is not None and not self.open.counted else None
        wait = running is not None and bool(self._counting and self._counting.ends)
        for _ in range(spare - (running is not None)):
            self._finish(ts, None, product, None)
        for cycle in newest:
            self._finish(ts, cycle, cycle.product, cycle)
        if running is not None and wait:
            running.counted = True
        elif running is not None:
            self.open = None
            self._finish(ts, running, product, running)

    def _finish(self, ts: int, timed: Cycle | None, product: str | None, cycle: Cycle | None) -> None:
        """A part is finished.

        Args:
            ts: when.
            timed: its cycle, if that is known to its end.
            product: what it is.
            cycle: its cycle, if it has one.
        """
        if cycle is not None:
            self._number(cycle)
        self.finishes.append(Finish(ts=ts, number=len(self.finishes) + 1, cycle=timed, product=product))

    def _number(self, cycle: Cycle) -> None:
        """A cycle made the next part."""
        cycle.number = len(self.finishes) + 1
        self.made.append(cycle)

    def _product(self, values: Mapping[str, str]) -> str | None:
        counting = self._counting
        if counting is None:
            return None
        told = values.get(counting.by, "") if counting.by is not None else ""
        return counting.products.get(told, counting.product)


# --- alarms --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Standing:
    """A condition of which something is not normal."""

    level: str
    since: int = 0
    alarm: Alarm | None = None


@dataclass(slots=True)
class _Alarms:
    """Conditions, and the alarms that they are."""

    rules: Sequence[Alarming]
    transitions: list[Alarm] = field(default_factory=list)
    _active: dict[str, dict[str, _Standing]] = field(default_factory=dict)  # by item and native code
    _counts: dict[str, int] = field(default_factory=dict)

    def take(self, ts: int, told: Condition) -> str | None:
        """Take a report; gives the worst level of the condition, none if it is unavailable.

        A condition that is unavailable says nothing about its alarms: they stand until it is heard of again.
        """
        active = self._active.setdefault(told.item, {})
        if told.level == UNAVAILABLE:
            return None
        if told.level == "NORMAL":
            for code in [told.code] if told.code else list(active):
                if (standing := active.pop(code, None)) is not None:
                    self._clear(ts, standing)
        elif (standing := active.get(told.code)) is None or standing.level != told.level:
            if standing is not None:  # a warning that becomes a fault is over
                self._clear(ts, standing)
            active[told.code] = _Standing(told.level, ts, self._raise(ts, told))
        levels = {standing.level for standing in active.values()}
        return next((level for level in ("FAULT", "WARNING") if level in levels), "NORMAL")

    def _raise(self, ts: int, told: Condition) -> Alarm | None:
        rule = next((rule for rule in self.rules if told.item in rule.items), None)
        priority = None if rule is None else rule.fault if told.level == "FAULT" else rule.warning
        if rule is None or priority is None:
            return None
        code = alarm_code(told.item, told.code)
        self._counts[code] = self._counts.get(code, 0) + 1
        text = told.text or rule.text or f"{told.item} {told.code}".strip()
        alarm = Alarm(
            ts=ts, code=code, text=text, priority=priority, alarm_state="unacknowledged", since=ts,
            count=self._counts[code],
        )  # fmt: skip
        self.transitions.append(alarm)
        return alarm

    def _clear(self, ts: int, standing: _Standing) -> None:
        if (alarm := standing.alarm) is not None:
            over = msgspec.structs.replace(alarm, ts=ts, alarm_state="normal")
            self.transitions.append(over)


def alarm_code(item: str, code: str) -> str:
    """Code of an alarm, which is a level of a topic: the condition and the machine's own code."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", f"{item}-{code}" if code else item).strip("-_")
    return plain[:64] or "condition"
