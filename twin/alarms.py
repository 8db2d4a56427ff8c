"""How well alarms serve those who must act on them: how often they come, floods, chattering, what stands. Pure.

States and words are those of ISA-18.2. The limits are its customary ones: about six alarms an hour are acceptable for
one operator, more than ten in ten minutes are a flood until fewer than five come, one alarm three times in a minute
chatters, and one that stands for a day is stale.
"""

from collections import Counter, deque
from collections.abc import Sequence

import msgspec

from plant.time import DAY, HOUR, MINUTE
from twin.alarm_states import AlarmNow, Occurrence

ACCEPTABLE_PER_H = 6.0
FLOOD_WINDOW = 10 * MINUTE
FLOOD_BEGINS = 10  # more than so many in the window
FLOOD_ENDS = 5  # fewer than so many
CHATTER_WINDOW = MINUTE
CHATTERING = 3  # so many of one alarm in the window
STALE = DAY
MOST = 1_000  # occurrences that are listed
TOP = 10


class Flood(msgspec.Struct, frozen=True, kw_only=True):
    """More alarms than anybody can answer: from the one that was too many until few came; of it the count in all."""

    begin: int
    end: int
    count: int


class Chatter(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm that came too often to mean anything: how often within its worst minute, and when that began."""

    path: str
    code: str
    begin: int
    count: int


class Offender(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm that came often: how many times, and for how long it stood in all, in microseconds."""

    path: str
    code: str
    text: str
    count: int
    time_us: int


class AlarmReport(msgspec.Struct, frozen=True, kw_only=True):
    """Alarms of a window; each counts where it was raised.

    Args:
        count: how many were raised.
        suppressed: those of them that chattered: rate and floods are told without them.
        per_hour: how many of the others in an hour, of the part of the window that is known.
        acceptable: whether that is no more than an operator can answer.
        by_priority: how many of each priority.
        floods: times of flood.
        flood_share: share of the known window in flood.
        chattering: alarms that chattered.
        stale: those standing for a day or more at the end.
        standing: how many stand at the end; those that are shelved then are not among them.
        shelved: those on a shelf at the end, whether their condition stands or not.
        returned: those that went away by the end, and nobody has acknowledged them.
        top: those that came most often, first the most frequent.
        occurrences: the newest, first the newest, at most 1,000.
    """

    count: int
    suppressed: int
    per_hour: float | None
    acceptable: bool | None
    by_priority: dict[int, int]
    floods: list[Flood]
    flood_share: float | None
    chattering: list[Chatter]
    stale: list[Occurrence]
    standing: int
    shelved: list[AlarmNow]
    returned: list[AlarmNow]
    top: list[Offender]
    occurrences: list[Occurrence]


def report(
    raised: Sequence[Occurrence], begin: int, end: int, horizon: int, *, now: Sequence[AlarmNow] = ()
) -> AlarmReport:
    """How alarms were in a window.

    Args:
        raised: occurrences of all alarms up to the horizon.
        begin: first instant.
        end: first instant that is out.
        horizon: until when anything is known.
        now: all alarms as they were at the end.
    """
    until = min(end, horizon)
    shelved = {(a.path, a.code): a for a in now if a.state == "shelved"}
    told = _suppressed(sorted(raised, key=lambda o: (o.raised, o.path, o.code)))
    chosen = [o for o in told if begin <= o.raised < end]
    heard = [o for o in chosen if not o.suppressed]
    standing = [o for o in raised if o.raised < until and (o.active or (o.cleared or o.raised) > until)]
    standing = [o for o in standing if (o.path, o.code) not in shelved]
    known = max(0, until - begin)
    floods = _floods([o.raised for o in heard], until)
    rate = len(heard) * HOUR / known if known else None
    return AlarmReport(
        count=len(chosen),
        suppressed=len(chosen) - len(heard),
        per_hour=rate,
        acceptable=None if rate is None else rate <= ACCEPTABLE_PER_H,
        by_priority=dict(sorted(Counter(o.priority for o in chosen).items())),
        floods=floods,
        flood_share=sum(flood.end - flood.begin for flood in floods) / known if known else None,
        chattering=_chattering(chosen),
        stale=sorted((o for o in standing if until - o.raised >= STALE), key=lambda o: o.raised),
        standing=len(standing),
        shelved=[shelved[key] for key in sorted(shelved)],
        returned=sorted((a for a in now if a.state == "returned-unacknowledged"), key=lambda a: (a.since, a.id)),
        top=_top(chosen, until),
        occurrences=chosen[: -MOST - 1 : -1],
    )


def _floods(instants: Sequence[int], until: int) -> list[Flood]:
    """Floods by a window that slides over the instants at which alarms were raised."""
    found: list[Flood] = []
    recent: deque[int] = deque()
    begin, count = None, 0
    for instant in instants:
        while recent and recent[0] + FLOOD_WINDOW <= instant:
            gone = recent.popleft()
            if begin is not None and len(recent) < FLOOD_ENDS:
                found.append(Flood(begin=begin, end=gone + FLOOD_WINDOW, count=count))
                begin = None
        recent.append(instant)
        if begin is not None:
            count += 1
        elif len(recent) > FLOOD_BEGINS:
            begin, count = instant, len(recent)
    if begin is not None:
        over = recent[-FLOOD_ENDS] + FLOOD_WINDOW  # then fewer than that are left in the window
        found.append(Flood(begin=begin, end=min(until, over), count=count))
    return found


def _suppressed(raised: Sequence[Occurrence]) -> list[Occurrence]:
    """Occurrences, with the word whether each came too often to mean anything, by those of its alarm before it."""
    before: dict[tuple[str, str], deque[int]] = {}
    found = []
    for o in raised:
        recent = before.setdefault((o.path, o.code), deque(maxlen=CHATTERING - 1))
        chatters = len(recent) == CHATTERING - 1 and recent[0] + CHATTER_WINDOW > o.raised
        found.append(msgspec.structs.replace(o, suppressed=True) if chatters else o)
        recent.append(o.raised)
    return found


def _chattering(raised: Sequence[Occurrence]) -> list[Chatter]:
    """The worst minute of each alarm, where that is bad enough."""
    by_alarm: dict[tuple[str, str], list[int]] = {}
    for o in raised:
        by_alarm.setdefault((o.path, o.code), []).append(o.raised)
    found = []
    for (path, code), instants in sorted(by_alarm.items()):
        first, worst, begin = 0, 0, 0
        for i, instant in enumerate(instants):
            while instants[first] + CHATTER_WINDOW <= instant:
                first += 1
            if i - first + 1 > worst:
                worst, begin = i - first + 1, instants[first]
        if worst >= CHATTERING:
            found.append(Chatter(path=path, code=code, begin=begin, count=worst))
    return found


def _top(raised: Sequence[Occurrence], until: int) -> list[Offender]:
    """The alarms that came most often."""
    counts: Counter[tuple[str, str]] = Counter((o.path, o.code) for o in raised)
    times: Counter[tuple[str, str]] = Counter()
    texts = {}
    for o in raised:
        times[o.path, o.code] += o.stood(until)
        texts[o.path, o.code] = o.text
    worst = sorted(counts, key=lambda key: (-counts[key], -times[key], key))[:TOP]
    return [Offender(path=k[0], code=k[1], text=texts[k], count=counts[k], time_us=times[k]) for k in worst]
