"""Time accounting is exact: nothing is lost or counted twice, and what is called known is true."""

from functools import reduce
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from plant.messages import StateChange
from twin.accounts import CODES, STATES, UNKNOWN, StateAccount
from twin.closing import beyond, close
from twin.segment import MINOR, UNCLASSIFIED, Key, Rule, merge, segment

NAMES = ["processing", "failed", "blocked", "starved", "off", "pause"]
END = 120


@st.composite
def truths(draw: st.DrawFn) -> list[StateChange]:
    """State messages as a machine sends them: from 0 on, at growing instants, each a change; one or two sessions."""
    instants = sorted(draw(st.sets(st.integers(1, END - 1), max_size=15)))
    messages, seq, session, before = [], 0, 1, None
    restart = draw(st.integers(0, 20))
    for place, ts in enumerate([0, *instants]):
        choices = [pair for pair in ((s, r) for s in NAMES for r in ("", "x")) if pair != before]
        before = draw(st.sampled_from(choices))
        if place == restart:
            session, seq = 2, 0
        messages.append(
            StateChange(run="r", session=session, seq=seq, n=place, ts=ts, state=before[0], reason=before[1], since=ts)
        )
        seq += 1
    return messages


def told(messages, *, order=None, beats=()) -> StateAccount:
    account = StateAccount()
    for message in order if order is not None else messages:
        account.extend([message])
    for now in beats:
        last = [m for m in messages if m.ts <= now][-1]
        account.confirm(last.session, last.seq, now)
    return account


def true_state(messages, at: int) -> str:
    return [m.state for m in messages if m.ts <= at][-1]


WINDOWS = st.lists(st.integers(-20, END + 40), min_size=2, max_size=6).map(sorted)


@given(truths(), WINDOWS, st.integers(0, END))
def test_windows_add_up_whatever_the_cuts(messages, cuts, horizon) -> None:
    account = told(messages)
    horizon = max(horizon, messages[-1].ts)
    whole = account.window(cuts[0], cuts[-1], horizon)
    pieces = [account.window(a, b, horizon) for a, b in pairwise(cuts)]
    assert whole == [sum(column) for column in zip(*pieces, strict=True)]
    assert sum(whole) == cuts[-1] - cuts[0]
    assert min(whole) >= 0


@given(truths(), WINDOWS)
def test_time_in_state_is_what_the_intervals_say(messages, cuts) -> None:
    account = told(messages)
    begin, end = cuts[0], cuts[-1]
    intervals = account.intervals(begin, end, END)
    assert [i.begin for i in intervals] + [end] == [begin, *(i.end for i in intervals)] or begin == end
    window = account.window(begin, end, END)
    for state in STATES:
        assert window[CODES[state]] == sum(i.end - i.begin for i in intervals if i.state == state)
    joined = [(i.state, i.reason) for i in intervals]
    assert all(a != b for a, b in pairwise(joined))


@given(truths(), st.data())
def test_what_is_known_is_true_and_all_is_known_when_nothing_is_lost(messages, data) -> None:
    lost = data.draw(st.sets(st.integers(0, len(messages) - 1), max_size=len(messages) - 1))
    beats = data.draw(st.lists(st.integers(0, END - 1), max_size=4))
    kept = [m for place, m in enumerate(messages) if place not in lost]
    account = StateAccount()
    account.extend(kept[:1])
    for message in kept[1:]:
        account.extend([message])
    for now in [*beats, END]:
        last = [m for m in messages if m.ts <= now][-1]
        account.confirm(last.session, last.seq, now)
    for interval in account.intervals(0, END, END):
        if interval.state != "unknown":
            assert {true_state(messages, at) for at in range(interval.begin, interval.end)} == {interval.state}
    if not lost and messages[-1].session == 1:
        assert account.window(0, END, END)[UNKNOWN] == 0


@given(truths(), st.randoms(use_true_random=False), st.lists(st.integers(0, END), max_size=3))
def test_any_order_of_arrival_gives_the_same_account(messages, dice, beats) -> None:
    mixed = list(messages)
    dice.shuffle(mixed)
    straight = told(messages, beats=beats)
    early = StateAccount()
    for now in beats:  # heartbeats may overtake what they confirm
        last = [m for m in messages if m.ts <= now][-1]
        early.confirm(last.session, last.seq, now)
    for message in mixed:
        early.extend([message])
    at_once = StateAccount()
    for session in (1, 2):
        if own := [m for m in messages if m.session == session]:
            at_once.extend(own)
    assert early.canonical == straight.canonical
    assert told(messages, order=mixed, beats=beats).canonical == straight.canonical
    assert at_once.canonical == told(messages).canonical


@given(truths(), st.integers(0, END), st.integers(1, END))
@example(
    [
        StateChange(run="r", session=s, seq=q, n=k, ts=t, state=state, reason="", since=t)
        for k, (s, q, t, state) in enumerate([(1, 0, 0, "processing"), (1, 1, 11, "failed"), (2, 0, 12, "pause"),
                                              (2, 1, 14, "processing")])
    ],
    10,
    94,
)  # a restart in the middle of a failure
def test_failures_are_counted_where_they_begin_and_booked_where_they_end(messages, begin, length) -> None:
    account = told(messages)
    if before := [m for m in messages if m.session == 1]:  # else a failure at its end may be over at once
        account.finish(1, before[-1].seq)
    stops, open_since, down = [], None, 0
    for message, following in pairwise([*messages, None]):
        if message.state == "failed":
            open_since = message.ts if open_since is None else open_since
            down += (following.ts if following else END) - message.ts
        elif open_since is not None and message.state not in {"off", "pause"}:
            stops.append((open_since, message.ts, down))
            open_since, down = None, 0
    starts = [first for first, *_ in stops] + ([] if open_since is None else [open_since])
    end = begin + length
    failures = account.failures()
    assert failures.begun(begin, end) == sum(begin <= ts < end for ts in starts)
    ended = [length for _, last, length in stops if begin <= last < end]
    assert failures.restored(begin, end) == (len(ended), sum(ended))


@given(truths(), st.integers(0, END), st.integers(1, END))
def test_active_periods_that_touch_a_window_are_told_whole(messages, begin, length) -> None:
    account = told(messages)
    if before := [m for m in messages if m.session == 1]:
        account.finish(1, before[-1].seq)
    truth: list[tuple[int, int]] = []
    for message, following in pairwise([*messages, None]):
        end = following.ts if following else END
        if message.state in {"processing", "setup", "failed", "maintenance"}:
            first = truth.pop()[0] if truth and truth[-1][1] == message.ts else message.ts
            truth.append((first, end))
    found = zip(*(column.tolist() for column in account.active_periods(begin, begin + length, END)), strict=True)
    assert list(found) == [(a, b) for a, b in truth if a < begin + length and b > begin]


def test_a_lost_message_makes_the_time_unknown_from_the_last_heartbeat_to_the_next_message() -> None:
    messages = [
        StateChange(run="r", session=1, seq=seq, n=seq, ts=ts, state=name, reason="", since=ts)
        for seq, ts, name in [(0, 0, "processing"), (2, 50, "starved")]
    ]
    account = told(messages)
    account.confirm(1, 0, 20)
    assert [(i.state, i.begin, i.end) for i in account.intervals(0, 60, 60)] == [
        ("processing", 0, 20),
        ("unknown", 20, 50),
        ("starved", 50, 60),
    ]


def test_a_state_after_which_one_is_lost_in_the_same_instant_is_not_the_present_one() -> None:
    account = told([StateChange(run="r", session=1, seq=0, n=0, ts=0, state="waiting", reason="", since=0)])
    assert account.at(0, 0).state == "waiting"
    account.confirm(1, 1, 0)
    assert account.at(0, 0).state == "unknown"


def test_a_birth_says_since_when_a_state_holds() -> None:
    first = StateChange(run="r", session=1, seq=0, n=0, ts=0, state="blocked", reason="B", since=0)
    birth = StateChange(run="r", session=2, seq=0, n=0, ts=40, state="blocked", reason="B", since=0)
    other = StateChange(run="r", session=2, seq=0, n=0, ts=40, state="starved", reason="", since=30)
    known = told([first, birth])
    assert [(i.state, i.begin, i.end) for i in known.intervals(0, 60, 60)] == [("blocked", 0, 60)]
    unsure = told([first, other])
    assert [(i.state, i.begin, i.end) for i in unsure.intervals(0, 60, 60)] == [("unknown", 0, 30), ("starved", 30, 60)]
    unsure.finish(1, 0)
    assert [(i.state, i.begin, i.end) for i in unsure.intervals(0, 60, 60)] == [("blocked", 0, 30), ("starved", 30, 60)]


LIMIT = 8


def stops(messages) -> list[list]:
    """Begin, end and failed stretches of each stop: a break or the night does not end one."""
    found: list[list] = []
    for message, following in pairwise([*messages, None]):
        end = following.ts if following else END
        if message.state == "failed":
            if not found or found[-1][3]:
                found.append([message.ts, end, [], False])
            found[-1][1] = end
            found[-1][2].append((message.ts, end))
        elif found and message.state not in {"off", "pause"}:
            found[-1][3] = True
    return found


@given(truths(), WINDOWS, st.integers(0, 30))
def test_r1_a_stop_is_what_its_whole_length_makes_it_in_every_window(messages, cuts, more) -> None:  # R1
    account = told(messages)
    if before := [m for m in messages if m.session == 1]:
        account.finish(1, before[-1].seq)
    for begin, end in pairwise(cuts):
        minor = unclassified = minors = 0
        for first, last, stretches, over in stops(messages):
            grown = more if last == END else 0  # it goes on
            inside = sum(max(0, min(b + grown * (b == END), end) - max(a, begin)) for a, b in stretches)
            if last + grown - first < LIMIT:
                minor, unclassified = (minor + inside, unclassified) if over else (minor, unclassified + inside)
                minors += over and begin <= first < end
        got = account.stopped(begin, end, END + more, LIMIT)
        assert got[:3] == (minor, unclassified, minors)


@given(truths(), st.data())
def test_what_is_called_a_minor_stop_is_one_whatever_is_lost(messages, data) -> None:
    lost = data.draw(st.sets(st.integers(0, len(messages) - 1), max_size=len(messages) - 1))
    beats = data.draw(st.lists(st.integers(0, END - 1), max_size=4))
    account = StateAccount()
    for place, message in enumerate(messages):
        if place not in lost:
            account.extend([message])
    for now in [*beats, END]:
        last = [m for m in messages if m.ts <= now][-1]
        account.confirm(last.session, last.seq, now)
    begin = data.draw(st.integers(0, END))
    end = data.draw(st.integers(begin, END))
    true = [each for each in stops(messages) if each[1] - each[0] < LIMIT and each[3]]
    time = sum(max(0, min(b, end) - max(a, begin)) for *_, stretches, _ in true for a, b in stretches)
    got = account.stopped(begin, end, END, LIMIT)
    assert got.minor <= time
    assert time <= got.minor + got.unclassified + account.window(begin, end, END)[UNKNOWN]
    assert got.minors <= sum(begin <= first < end for first, *_ in true)


@given(truths(), WINDOWS)
def test_the_segment_algebra_says_the_same_of_every_window(messages, cuts) -> None:
    """Of machines that are never away: a segment knows no states that a stop may outlast."""
    staying = {"off": "blocked", "pause": "starved"}
    here = [StateChange(**{**_fields(m), "state": staying.get(m.state, m.state)}) for m in messages]
    account = told(here)
    if before := [m for m in here if m.session == 1]:
        account.finish(1, before[-1].seq)
    ends = [*(m.ts for m in here[1:]), END]
    stretches = [(m.ts, end, Key(m.state, m.reason)) for m, end in zip(here, ends, strict=True)]
    borders = [0, *(cut for cut in cuts if 0 < cut < END), END]
    pieces = [segment("m", stretches, window, rule=Rule(limit=LIMIT)) for window in pairwise(borders)]
    for at, piece in enumerate(pieces):
        earlier = reduce(merge, pieces[:at]) if at else None
        later = reduce(merge, pieces[at + 1 :]) if at + 1 < len(pieces) else None
        closed = close(piece, beyond(earlier, later))
        if piece.units and ("m", "first") not in closed.open:
            got = account.stopped(piece.begin, piece.end, END, LIMIT)
            assert (got.minor, got.minors) == (closed.time_in(MINOR), closed.count_of(MINOR))
            assert got.unclassified == closed.time_in(UNCLASSIFIED)


def _fields(message: StateChange) -> dict:
    return {name: getattr(message, name) for name in message.__struct_fields__}


def test_a_heartbeat_that_is_folded_after_what_was_sent_behind_it_waits_for_nothing() -> None:
    """At a rebuild heartbeats come last: what they speak of is found also where more was sent in the same instant."""
    account = StateAccount()
    account.extend(
        [StateChange(run="r", session=1, seq=i, n=i, ts=5, state="off", reason="", since=5) for i in range(3)]
    )
    account.confirm(1, 0, 5)
    account.confirm(1, 1, 5)
    assert account._pending == {}
    account.confirm(1, 7, 9)
    assert account._pending == {(1, 7): 9}


@st.composite
def booked_truths(draw: st.DrawFn) -> list[StateChange]:
    """State messages of a machine whose line works to orders: each a change of state, reason or order."""
    instants = sorted(draw(st.sets(st.integers(1, END - 1), max_size=15)))
    told = [draw(st.tuples(st.sampled_from([*NAMES, "waiting"]), st.sampled_from(["", "order"]), ORDER))
            for _ in [0, *instants]]
    return [
        StateChange(run="r", session=1, seq=i, n=i, ts=ts, state=state, reason=reason, since=ts, order=order)
        for i, (ts, (state, reason, order)) in enumerate(zip([0, *instants], told, strict=True))
    ]


ORDER = st.sampled_from([None, "a", "b"])


@given(booked_truths(), WINDOWS, st.booleans(), st.randoms(use_true_random=False))
def test_time_with_and_without_an_order_is_told_apart(messages, cuts, booked, random) -> None:
    account = StateAccount(booked=booked)
    for message in random.sample(messages, len(messages)):
        account.extend([message])
    begin, end = cuts[0], cuts[-1]
    with_order, bare = [0] * len(STATES), [0] * len(STATES)
    for at in range(begin, end):
        if not 0 <= at < END:
            with_order[UNKNOWN] += 1
            continue
        last = [m for m in messages if m.ts <= at][-1]
        without = (booked and last.order is None) or (last.state, last.reason) == ("waiting", "order")
        (bare if without else with_order)[CODES[last.state]] += 1
    assert account.split(begin, end, END) == (with_order, bare)
    assert account.window(begin, end, END) == [a + b for a, b in zip(with_order, bare, strict=True)]


@given(booked_truths(), WINDOWS, st.integers(1, 30))
def test_a_change_of_order_ends_no_stop(messages, cuts, limit) -> None:
    account, plain = StateAccount(booked=True), StateAccount()
    account.extend(messages)
    plain.extend(messages)
    begin, end = cuts[0], cuts[-1]
    stopped, all_of_it = account.stopped(begin, end, END, limit), plain.stopped(begin, end, END, limit)
    assert (stopped.minors, stopped.unclassifieds) == (all_of_it.minors, all_of_it.unclassifieds)
    minor = sum(plain.stopped(at, at + 1, END, limit).minor for at in range(begin, end)
                if 0 <= at < END and [m for m in messages if m.ts <= at][-1].order is not None)
    assert stopped.minor == minor
    assert account.failures().restored(begin, end) == plain.failures().restored(begin, end)


def test_a_stop_has_no_class_where_what_ended_it_may_have_taken_no_time() -> None:
    """Behind `processing` a message is lost; it may say that the machine failed again at the very same instant."""
    account = StateAccount()
    for seq, (ts, state) in enumerate([(0, "failed"), (1, "processing")]):
        account.extend([StateChange(run="r", session=1, seq=seq, n=seq, ts=ts, state=state, reason="", since=ts)])
    assert account.stopped(0, 1, 8, limit=3)[:2] == (1, 0), "nothing is known to be lost"
    account.confirm(1, 3, 8)
    assert account.stopped(0, 1, 8, limit=3)[:2] == (0, 1)
