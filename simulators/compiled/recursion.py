"""Serial lines without events: when each part leaves each machine follows from parts and machines before it.

Part by part and, for each part, station by station: a part goes into a machine when it is there and the part before has
left; it leaves when it is done and there is room in front of the next machine. A place there is free when the part
that stood in it has gone into the machine. Only max and plus, so there is no agenda and no order of events; what
happens in the same instant is decided by rules 16 and 17 of docs/reference/line-rules.md alone.

Times are µs since the start of the run. `simulators.compiled.serial` says which plants are such lines and builds them.
"""

from simulators.compiled.draws import Draw, draw, uniform
from simulators.compiler.language import Record, Row, new_row

FAR = 1 << 62  # later than any run
UNLIMITED = -1
STARVED = 0
BLOCKED = 1
PROCESSING = 2
FAILED = 3
FIELDS = 8  # of a visit in the log: part, station, enter, into the machine, start, finish, leave, scrap


class Clock(Record):
    """A failure mode of a machine.

    Attributes:
        interval, repair: draws.
        count: failures so far.
        left: of an operating clock, µs of work to the next failure; of a calendar clock, the instant of it.
    """

    interval: Draw
    repair: Draw
    count: int = 0
    left: int = 0


class Stage(Record):
    """A station with its one machine.

    Attributes:
        buffer: places in front of the machine, or `UNLIMITED`.
        cycle, load, unload, way, quality: draws; the way is that into the buffer.
        scrap: share of the parts that are scrap after work here.
        working, calendar: failure modes by their clock.
        due: instant of the next failure by the calendar.
        down_until: end of the last repair that has begun.
        time: up to when the machine's states are booked.
        count: operations begun so far.
        sent: parts that ever set out for here.
        arrived, left: when the last of them came, and when it left the machine.
        into: when each of the last parts, as many as there are places, went into the machine; the next one is stored at
            `place`.
        finished: when work on each of the last parts ended, one more than there are places; the next one at `turn`.
        took, start, finish, leave, bad: of the part that was here last.
        begin, end: the window in which `sums`, µs by state, and `out`, good parts, count.
        bare: whether nothing stops the machine, and parts need no handling.
    """

    buffer: int = 0
    cycle: Draw
    load: Draw
    unload: Draw
    way: Draw
    quality: Draw
    scrap: float = 0.0
    working: Row[Clock]
    calendar: Row[Clock]
    due: int = FAR
    down_until: int = 0
    time: int = 0
    count: int = 0
    sent: int = 0
    arrived: int = 0
    left: int = 0
    into: Row[int]
    place: int = 0
    finished: Row[int]
    turn: int = 0
    took: int = 0
    start: int = 0
    finish: int = 0
    leave: int = 0
    bad: bool = False
    begin: int = 0
    end: int = 0
    sums: Row[int]
    out: int = 0
    bare: bool = False


class Flow(Record):
    """A serial line and what is counted of it.

    Attributes:
        stages: in flow order.
        early: whether it blocks before service.
        timed: whether parts arrive one after each interval, drawn from `arrival`; else there is always one.
        begin, end: the window that counts; the run goes on up to and including its end.
        parts: parts that came into the line.
        inside, outside: integrals over the window of parts in the line and of those that found no place in it, µs.
        out, scrapped: parts that left in the window.
        departures: when each good part left the line, and when it came, in the whole run; `left` numbers.
        logging: whether visits are written down in `log`, `FIELDS` numbers each; `logged` of these numbers so far.
    """

    stages: Row[Stage]
    early: bool = False
    timed: bool = False
    arrival: Draw
    begin: int = 0
    end: int = 0
    parts: int = 0
    inside: int = 0
    outside: int = 0
    out: int = 0
    scrapped: int = 0
    departures: Row[int]
    left: int = 0
    logging: bool = False
    log: Row[int]
    logged: int = 0


def run_flow(flow: Flow) -> int:
    """Run a line up to and including the end of its window.

    Returns:
        Operations that were begun.
    """
    for stage in flow.stages:
        start_clocks(stage)
    entry = flow.stages[0]
    arrival = 0
    arrivals = 0
    while True:
        if flow.timed:
            arrival += draw(flow.arrival, arrivals)
            arrivals += 1
            if arrival > flow.end:
                break
        enter = max(arrival, free_at(entry))
        if flow.timed:
            flow.outside += overlap(arrival, enter, flow.begin, flow.end)
        if enter <= flow.end:
            flow.parts += 1
            pass_through(flow, enter)
        elif not flow.timed:
            break
    steps = 0
    for stage in flow.stages:
        spend(stage, flow.end, STARVED)
        steps += stage.count
    return steps


def pass_through(flow: Flow, entered: int) -> None:
    """A part comes into the line and goes as far as it comes until the end."""
    stages = flow.stages
    last = len(stages) - 1
    enter = entered
    i = 0
    leave = FAR
    while True:
        stage = stages[i]
        visit(flow, stage, stages[i + 1] if i < last else None, enter)
        if flow.logging:
            write(flow, i, enter, stage)
        leave = stage.leave
        if leave > flow.end or stage.bad or i == last:
            break
        if leave >= flow.begin and leave < flow.end:
            stage.out += 1
        i += 1
        following = stages[i]
        enter = max(leave + draw(following.way, following.sent), following.arrived)
        following.sent += 1
        if enter > flow.end:  # on its way at the end: it is nowhere, and what comes behind it is later still
            hold_up(following)
            leave = FAR
            break
    flow.inside += overlap(entered, leave, flow.begin, flow.end)
    if leave <= flow.end:
        count_out(flow, stages[i], entered)


def count_out(flow: Flow, stage: Stage, entered: int) -> None:
    """A part leaves the line."""
    counts = stage.leave >= flow.begin and stage.leave < flow.end
    if stage.bad:
        if counts:
            flow.scrapped += 1
        return
    if counts:
        stage.out += 1
        flow.out += 1
    if flow.left + 2 > len(flow.departures):
        flow.departures = longer(flow.departures, flow.left)
    flow.departures[flow.left] = stage.leave
    flow.departures[flow.left + 1] = entered
    flow.left += 2


# --- a part at a station ----------------------------------------------------------------------------------------------


def free_at(stage: Stage) -> int:
    """When the next part finds room in front of the machine, or, without a buffer, in it."""
    if stage.buffer == UNLIMITED:
        return 0
    if stage.buffer == 0:
        return stage.left
    return stage.into[stage.place]


def visit(flow: Flow, stage: Stage, following: Stage | None, enter: int) -> None:
    """A part is at a station from this instant on: when its work starts and ends, and when it leaves.

    What comes after the end of the run is some instant after the end.
    """
    into = max(enter, stage.left)
    stage.arrived = enter
    stage.took = into
    stage.start = FAR
    stage.finish = FAR
    stage.leave = FAR
    stage.bad = False
    if into <= flow.end:
        spend(stage, into, STARVED)
        operate(flow, stage, following)
    stage.left = stage.leave
    if stage.buffer > 0:
        stage.into[stage.place] = into
        stage.place = stage.place + 1 if stage.place + 1 < stage.buffer else 0
    if flow.early and stage.buffer != UNLIMITED:
        stage.finished[stage.turn] = stage.finish
        stage.turn = stage.turn + 1 if stage.turn < stage.buffer else 0


def operate(flow: Flow, stage: Stage, following: Stage | None) -> None:
    """A part is in the machine: loading, work, unloading, and waiting for room."""
    k = stage.count
    stage.count = k + 1
    if stage.bare:
        operate_bare(flow, stage, following, k)
        return
    handle(stage, draw(stage.load, k))
    if flow.early and following is not None:
        spend(stage, following.finished[following.turn], BLOCKED)
    get_up(stage)
    stage.start = stage.time
    work(stage, draw(stage.cycle, k))
    stage.finish = stage.time
    if stage.scrap > 0.0:
        stage.bad = uniform(stage.quality, k) < stage.scrap
    handle(stage, draw(stage.unload, k))
    if following is not None and not stage.bad:
        spend(stage, free_at(following), BLOCKED)
    stage.leave = stage.time


def operate_bare(flow: Flow, stage: Stage, following: Stage | None, k: int) -> None:
    """The same where nothing can come between: work, and waiting for room."""
    if flow.early and following is not None:
        wait(stage, following.finished[following.turn])
    stage.start = stage.time
    book(stage, stage.time + draw(stage.cycle, k), PROCESSING)
    stage.finish = stage.time
    if stage.scrap > 0.0:
        stage.bad = uniform(stage.quality, k) < stage.scrap
    if following is not None and not stage.bad:
        wait(stage, free_at(following))
    stage.leave = stage.time


def wait(stage: Stage, until: int) -> None:
    """A machine that nothing stops is blocked until then; after the end of the run nobody asks."""
    if until > stage.time:
        book(stage, min(until, max(stage.end + 1, stage.time)), BLOCKED)


def hold_up(stage: Stage) -> None:
    """A part is on its way to a station at the end of the run: its place is taken until after the end."""
    stage.arrived = FAR
    stage.left = FAR
    if stage.buffer > 0:
        stage.into[stage.place] = FAR
        stage.place = stage.place + 1 if stage.place + 1 < stage.buffer else 0
    if len(stage.finished) > 0:
        stage.finished[stage.turn] = FAR
        stage.turn = stage.turn + 1 if stage.turn < stage.buffer else 0


# --- the time of a machine --------------------------------------------------------------------------------------------


def book(stage: Stage, until: int, state: int) -> None:
    """The machine is in this state until then."""
    stage.sums[state] += overlap(stage.time, until, stage.begin, stage.end)
    stage.time = until


def spend(stage: Stage, until: int, state: int) -> None:
    """The machine is in this state until then, except while it is down; after the end of the run nobody asks."""
    until = min(until, stage.end + 1)
    while stage.time < until:
        if stage.due <= stage.time:
            fall_due(stage)
        if stage.down_until > stage.time:
            book(stage, min(until, stage.down_until), FAILED)
        else:
            book(stage, min(until, stage.due), state)


def get_up(stage: Stage) -> None:
    """Wait until the machine is up; what falls due at this very instant comes before work (rule 17)."""
    if stage.due <= stage.time:
        fall_due(stage)
    while stage.down_until > stage.time:
        book(stage, stage.down_until, FAILED)
        if stage.due <= stage.time:
            fall_due(stage)


def handle(stage: Stage, time: int) -> None:
    """Load or unload: no operating clock ages (rule 24), a calendar failure interrupts (rule 19)."""
    while time > 0:
        get_up(stage)
        begin = stage.time
        book(stage, min(begin + time, stage.due), PROCESSING)
        time -= stage.time - begin


def work(stage: Stage, time: int) -> None:
    """Work that begins now, the machine being up, until it is done; its end comes before a failure (rules 16, 17)."""
    while True:
        begin = stage.time
        span = time
        for clock in stage.working:
            span = min(span, clock.left)
        if span >= time and begin + time <= stage.due:
            break
        span = min(span, stage.due - begin)
        book(stage, begin + span, PROCESSING)
        time -= span
        for clock in stage.working:
            clock.left -= span
            if clock.left == 0:
                run_out(stage, clock)
        get_up(stage)
    for clock in stage.working:
        clock.left -= time
    book(stage, begin + time, PROCESSING)


# --- failures ---------------------------------------------------------------------------------------------------------


def start_clocks(stage: Stage) -> None:
    """All clocks start with a first draw (rule 4)."""
    for clock in stage.working:
        clock.left = draw(clock.interval, 0)
    for clock in stage.calendar:
        clock.left = draw(clock.interval, 0)
        stage.due = min(stage.due, clock.left)


def run_out(stage: Stage, clock: Clock) -> None:
    """An operating clock has run out in work: repair, and the next interval (rule 15)."""
    stage.down_until = max(stage.down_until, stage.time + draw(clock.repair, clock.count))
    clock.count += 1
    clock.left = draw(clock.interval, clock.count)


def fall_due(stage: Stage) -> None:
    """Failures by the calendar that have come by now; modes are independent, repairs overlap (rule 18)."""
    while stage.due <= stage.time:
        soonest = FAR
        for clock in stage.calendar:
            if clock.left <= stage.time:
                up = clock.left + draw(clock.repair, clock.count)
                stage.down_until = max(stage.down_until, up)
                clock.count += 1
                clock.left = up + draw(clock.interval, clock.count)
            soonest = min(soonest, clock.left)
        stage.due = soonest


# --- counting ---------------------------------------------------------------------------------------------------------


def overlap(begin: int, end: int, first: int, last: int) -> int:
    """Length of [begin, end) within [first, last)."""
    return max(0, min(end, last) - max(begin, first))


def longer(row: Row[int], used: int) -> Row[int]:
    """A row twice as long that begins with these items."""
    found: Row[int] = new_row(2 * used + 64, 0)
    for i in range(used):
        found[i] = row[i]
    return found


def write(flow: Flow, station: int, enter: int, stage: Stage) -> None:
    """Write a visit down."""
    at = flow.logged
    if at + FIELDS > len(flow.log):
        flow.log = longer(flow.log, at)
    log = flow.log
    log[at] = flow.parts
    log[at + 1] = station
    log[at + 2] = enter
    log[at + 3] = stage.took
    log[at + 4] = stage.start
    log[at + 5] = stage.finish
    log[at + 6] = stage.leave
    log[at + 7] = 1 if stage.bad else 0
    flow.logged = at + FIELDS
