"""The life of one alarm by ISA-18.2: how it is at an instant, from its transitions and what people said. Pure.

Two things are told apart that the standard draws in one picture: how far the alarm has come (`LIVES`, a total table),
and what covers it meanwhile (`shown`): a shelf, the design or maintenance hide an alarm, but its life goes on.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from typing import Literal

import msgspec

from plant.messages import Alarm, AlarmState, Remark
from plant.remarks import Acknowledged, Shelved

Life = Literal["normal", "unacknowledged", "acknowledged", "returned-unacknowledged", "latched"]
AlarmEvent = Literal["raise", "acknowledge", "return", "latch", "reset"]
Cover = Literal["", "shelved", "suppressed-by-design", "out-of-service"]

LIVES: dict[Life, dict[AlarmEvent, Life]] = {
    "normal": {
        "raise": "unacknowledged",
        "acknowledge": "normal",
        "return": "normal",
        "latch": "latched",
        "reset": "normal",
    },
    "unacknowledged": {
        "raise": "unacknowledged",
        "acknowledge": "acknowledged",
        "return": "returned-unacknowledged",
        "latch": "latched",
        "reset": "normal",
    },
    "acknowledged": {
        "raise": "unacknowledged",
        "acknowledge": "acknowledged",
        "return": "normal",
        "latch": "latched",
        "reset": "normal",
    },
    "returned-unacknowledged": {
        "raise": "unacknowledged",
        "acknowledge": "normal",
        "return": "returned-unacknowledged",
        "latch": "latched",
        "reset": "normal",
    },
    "latched": {
        "raise": "unacknowledged",
        "acknowledge": "latched",
        "return": "latched",
        "latch": "latched",
        "reset": "normal",
    },
}
"""What each event makes of each state; ``reset`` is the plant's own word that nothing is left to be done."""

COVERS: dict[AlarmState, Cover] = {
    "shelved": "shelved",
    "suppressed-by-design": "suppressed-by-design",
    "out-of-service": "out-of-service",
}
"""States of a message that say what the plant itself covers an alarm with."""

ENDED: frozenset[AlarmState] = frozenset({"returned-unacknowledged", "latched"})
"""States of a message in which the condition is over: a ``normal`` behind one is a reset."""


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """One time that an alarm was raised. Instants are microseconds UTC.

    Args:
        path: whose alarm it is.
        code: which of its alarms.
        text: what people read.
        priority: 1, the highest, to 4.
        raised: when its condition began.
        acknowledged: when somebody said that he knows; none: nobody has.
        acknowledged_by: who said so, where that was told.
        cleared: when the condition was over; none while it stands, or where that message was lost.
        active: whether it stands.
        suppressed: whether it chattered: it came for at least the third time within a minute, and loads nobody.
    """

    path: str
    code: str
    text: str
    priority: int
    raised: int
    acknowledged: int | None = None
    acknowledged_by: str | None = None
    cleared: int | None = None
    active: bool = True
    suppressed: bool = False

    def stood(self, at: int) -> int:
        """For how long it has stood at an instant, as far as that is known."""
        return max(0, (at if self.active else self.cleared or self.raised) - self.raised)


class AlarmNow(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm as it is at an instant. Instants are microseconds UTC.

    Args:
        id: by which the API knows it.
        at: the instant.
        path: whose alarm it is.
        code: which of its alarms.
        text: what people read.
        priority: 1, the highest, to 4.
        state: by ISA-18.2.
        since: when the condition of its last occurrence began.
        count: how often it came, by the plant.
        active: whether the condition stands, also while something covers it.
        cleared: when the condition was over.
        acknowledged: when somebody said that he knows of this occurrence.
        acknowledged_by: who said so.
        shelved_until: plant time at which the shelf ends that it lies on.
        shelved_by: who put it there.
    """

    id: str
    at: int
    path: str
    code: str
    text: str
    priority: int
    state: AlarmState
    since: int
    count: int
    active: bool
    cleared: int | None = None
    acknowledged: int | None = None
    acknowledged_by: str | None = None
    shelved_until: int | None = None
    shelved_by: str | None = None

    @property
    def open(self) -> bool:
        """Whether it stands, or went away before anybody acknowledged it."""
        return self.active or self.state in ENDED


class _Course:
    """The occurrences of an alarm while its events pass by, and the state to which they led."""

    __slots__ = ("found", "life", "over", "path", "told")

    def __init__(self, path: str) -> None:
        self.path = path
        self.life: Life = "normal"
        self.told: AlarmState = "normal"  # by the last message
        self.over = True  # the last message was normal, or there was none
        self.found: list[Occurrence] = []

    def hear(self, m: Alarm) -> None:
        """The plant speaks."""
        state = m.alarm_state
        if state == "normal":
            if not self.over:
                if m.ack_by is not None:
                    self.acknowledge(m.ts, m.ack_by)
                self._step("reset" if self.told in ENDED else "return")
                self._change(active=False, cleared=self.found[-1].cleared or m.ts)
                if self.life == "normal" and self.found[-1].acknowledged is None:
                    self._change(acknowledged=m.ts, acknowledged_by=m.ack_by)
        else:
            back = self.told == "returned-unacknowledged" and state != self.told
            if self.over or back or m.since > self.found[-1].raised:
                self._raise(m)
            if state == "acknowledged" or m.ack_by is not None:
                self.acknowledge(m.ts, m.ack_by)
            if state in ENDED:
                self._step("latch" if state == "latched" else "return")
            if state == "returned-unacknowledged":
                self._change(active=False, cleared=self.found[-1].cleared or m.ts)
        self.over = state == "normal"
        self.told = state

    def acknowledge(self, ts: int, by: str | None) -> None:
        """Somebody knows."""
        if self.life != "normal" and self.found[-1].acknowledged is None:
            self._change(acknowledged=ts, acknowledged_by=by)
        self._step("acknowledge")

    def _raise(self, m: Alarm) -> None:
        if not self.over and self.found[-1].active:  # its end was lost
            self._change(active=False)
        self._step("raise")
        self.found.append(
            Occurrence(path=self.path, code=m.code, text=m.text, priority=m.priority, raised=m.since)
        )

    def _step(self, event: AlarmEvent) -> None:
        self.life = LIVES[self.life][event]

    def _change(self, **fields: int | str | bool | None) -> None:
        self.found[-1] = msgspec.structs.replace(self.found[-1], **fields)


def alarm_id(path: str, code: str) -> str:
    """By what the API knows an alarm: one word for an address, ``machining.block-line.OP10.1.spindle``."""
    return f"{path}/{code}".replace("/", ".")


def shown(life: Life, told: Cover, *, shelved: bool) -> AlarmState:
    """The state that people see: what is out of service, suppressed or shelved says so, whatever is below."""
    if told == "out-of-service" or told == "suppressed-by-design":  # noqa: PLR1714 the type follows from it
        return told
    return "shelved" if shelved or told else life


def occurrences(path: str, transitions: Iterable[Alarm], remarks: Iterable[Remark] = ()) -> list[Occurrence]:
    """The occurrences of one alarm.

    Args:
        path: whose alarm it is.
        transitions: in order of (ts, session, n); a birth may repeat one.
        remarks: what people said about that node, in order.
    """
    return _course(path, transitions, remarks).found


def alarm_now(path: str, transitions: Sequence[Alarm], remarks: Sequence[Remark], at: int) -> AlarmNow | None:
    """An alarm at an instant; none before it was first raised.

    What went before the last occurrence makes no difference, so it is not looked at: an alarm may have come often.
    """
    end = bisect_right(transitions, at, key=lambda m: m.ts)
    first = end
    while first and transitions[first - 1].alarm_state == "normal":
        first -= 1
    while first and transitions[first - 1].alarm_state != "normal":
        first -= 1
    stretch = transitions[first:end]
    course = _course(path, stretch, [m for m in remarks if m.ts <= at])
    if not course.found:
        return None
    last, newest = course.found[-1], stretch[-1]
    shelf = shelf_at(newest.code, remarks, at)
    return AlarmNow(
        id=alarm_id(path, newest.code),
        at=at,
        path=path,
        code=newest.code,
        text=newest.text,
        priority=newest.priority,
        state=shown(course.life, COVERS.get(course.told, ""), shelved=shelf is not None),
        since=last.raised,
        count=newest.count,
        active=last.active,
        cleared=last.cleared,
        acknowledged=last.acknowledged,
        acknowledged_by=last.acknowledged_by,
        shelved_until=shelf[1] if shelf else None,
        shelved_by=shelf[0] if shelf else None,
    )


def shelf_at(code: str, remarks: Iterable[Remark], at: int) -> tuple[str, int] | None:
    """Who shelved an alarm and until when, if that is in force at an instant: the last word counts."""
    last = None
    for m in remarks:
        if m.ts <= at and isinstance(m.about, Shelved) and m.about.code == code:
            last = m.by, m.about.until
    return last if last is not None and at < last[1] else None


def _course(path: str, transitions: Iterable[Alarm], remarks: Iterable[Remark]) -> _Course:
    course = _Course(path)
    code = None
    for m in _in_turn(transitions, remarks):
        if isinstance(m, Alarm):
            code = m.code
            course.hear(m)
        elif isinstance(m.about, Acknowledged) and m.about.code == code:
            course.acknowledge(m.ts, m.by)
    return course


def _in_turn(transitions: Iterable[Alarm], remarks: Iterable[Remark]) -> Iterator[Alarm | Remark]:
    """By time; whoever speaks at an instant of which he knows speaks after what happened then."""
    return merge(transitions, remarks, key=lambda m: (m.ts, isinstance(m, Remark)))
