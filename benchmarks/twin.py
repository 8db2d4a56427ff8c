"""Events per second through the twin, out of its journal, and onto the page; and how long a question of a month takes.

    uv run python benchmarks/twin.py [--events 300000] [--days 30] [--only month] [--profile]

The events are those of a simulated line of ten stations: states, parts, alarms, heartbeats; no telemetry. They are made
and numbered beforehand. Figures, each beside its budget and as a ratio to something real that is measured in the same
run:

- durable: from the memory bus through journal (every transaction on disk), mirror and the KPIs of all machines; against
  decoding and checking the same messages alone, and against SQLite alone, which inserts the same payloads in the same
  batches and transactions.
- rebuild: the journal folded at a start; against decoding the same payloads alone.
- snapshot: for how long one holds up the event loop, of a line of 200 machines after a minute at ten times the speed of
  life; against a copy of the whole state. Beside it a start from a snapshot, against one that folds all messages.
- page: from the call that appends a message to its arrival in a reader of server-sent events in a process of its own,
  at 10,000 events per second; against a bare socket to such a process that is written to at the same pace.
- month: ten KPIs of each of 20 machines over one window of about a month, and over another one each time; against
  SQLite, which adds up rows of whole hours. So that it does not take all day, a simulated week is repeated, later by a
  week each time and with parts of other names; what is in the line at the end of a week stays there.

Ratios are of CPU time of this process, all threads: on a busy machine, or a slow disk, they say more than the rates.
With --profile it shows instead where the durable way, or with --only month a question of a month, spends its time.
"""

import argparse
import asyncio
import contextlib
import cProfile
import json
import pstats
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import ChainMap
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

sys.path.pop(0)  # this folder: "twin" is the package, not the benchmark

from msgspec.structs import replace

from broker import MemoryBus, Numbering, build, decode, parse
from dashboards import bind, create_app, serve
from plant.description import Plant
from plant.messages import Clock, Delivery, Message, PartEvent, StateChange
from plant.paths import Node
from plant.time import DAY, DEFAULT_START, HOUR, SECOND
from shopfloor.pacing import listen
from simulators import Simulation
from twin import Journal, Twin
from twin.duckdb_historian import DuckDbHistorian
from twin.intake import Run
from twin.recovery import USUAL, Pace
from twin.snapshot import Recorder
from twin.values import KpiValue

STATIONS = 10
BATCH = 1_000  # messages that the bus is given at once
DURABLE, REBUILD, SNAPSHOT, P99, P95 = 50_000, 300_000, 0.05, 0.1, 0.05  # budgets
BROAD, LATELY, TIMES = 200, 16_000, 5  # of snapshots: the line, messages of a minute at ten times the speed of life
RATE, TICK = 10_000, 0.01  # events per second to the page, and how often some are sent
MONTH, MACHINES, WINDOWS = "month", 20, 200  # name of the run; what is asked for, and how often
WEEK, PIECE = 7 * DAY, 6 * HOUR
TEN = (
    "availability", "effectiveness", "quality_ratio", "oee", "throughput", "cycle_time", "mtbf.usual", "mttr.usual",
    "minor_stop_time", "wip",
)  # fmt: skip


def plant(stations: int = STATIONS, cycle: str = "10 s") -> Plant:
    """Exponential stations with failures and scrap."""
    station = {
        "cycle_time": f"exponential({cycle})",
        "failures": [{"mode": "jam", "time_to_failure": "exponential(20 min)", "time_to_repair": "exponential(60 s)"}],
        "quality": {"scrap": "1 %"},
    }
    row = [{"name": f"M{i}", **station, "buffer": 5 if i else 0} for i in range(stations)]
    return Plant.model_validate({"plant": "benchmark", "lines": [{"name": "l", "stations": row}]})


def made(described: Plant, count: int) -> list[Delivery]:
    """So many messages as a subscriber hears them, with a heartbeat every ten seconds of plant time."""
    simulation = Simulation(described, telemetry=False)
    numbering = Numbering(described.enterprise, described.plant, run=simulation.run)
    line, now, deliveries = described.lines[0].node, DEFAULT_START, list[Delivery]()

    def send(node: Node, message: Message) -> None:
        one = numbering.number(node, message)[0]
        deliveries.append(Delivery(topic=one.topic, payload=one.payload))

    while len(deliveries) < count:
        now += 10 * SECOND
        for node, message in simulation.advance(now):
            send(node, message)
        send(line, Clock(ts=now, now=now, speed=1.0, epoch=DEFAULT_START, running=True, last=numbering.last))
    return deliveries[:count]


@asynccontextmanager
async def twin_in(described: Plant, folder: Path, pace: Pace | None = None) -> AsyncIterator[Twin]:
    """A twin whose journal is durable; it takes no snapshots unless it is told to."""
    async with (
        DuckDbHistorian() as historian,
        Twin(described, journal=Journal(folder / "journal.sqlite"), historian=historian, pace=pace) as twin,
    ):
        yield twin


class Watch:
    """Seconds and CPU seconds since it was made, or until it was stopped."""

    def __init__(self) -> None:
        self._begun, self._worked = time.perf_counter(), time.process_time()
        self.seconds = self.cpu = 0.0

    def stop(self) -> "Watch":
        """Take the times."""
        self.seconds, self.cpu = time.perf_counter() - self._begun, time.process_time() - self._worked
        return self


async def durable(described: Plant, folder: Path, deliveries: Sequence[Delivery]) -> Watch:
    """From the first message on the bus to the KPIs that know the last one."""
    bus = MemoryBus()
    async with twin_in(described, folder, USUAL) as twin, bus.subscribe("shopfloor/v1/#") as subscription:
        listening = asyncio.create_task(listen(twin, subscription))
        time_of = Watch()
        for first in range(0, len(deliveries), BATCH):
            await bus.publish(deliveries[first : first + BATCH])
        while twin.position() < len(deliveries):  # noqa: ASYNC110 somebody else's progress
            await asyncio.sleep(0.001)
        await twin.take(deliveries[-1:])  # known already, and behind all that is not folded yet
        assert len(twin.kpi_messages()) == STATIONS + 1  # noqa: S101 else nothing was measured
        time_of.stop()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    return time_of


async def rebuild(described: Plant, folder: Path, events: int) -> Watch:
    """From opening the journal to a twin that knows all of it."""
    time_of = Watch()
    async with twin_in(described, folder) as twin:
        time_of.stop()
        assert twin.position() == events  # noqa: S101 else nothing was measured
    return time_of


async def snapshot(events: int, folder: Path) -> tuple[float, float, Watch, Watch]:
    """Seconds to take one snapshot, mostly, and one of the history before; a start from it, and one without any."""
    described = plant(MACHINES, "60 s")
    deliveries = made(described, events)
    run = Run("benchmark", described)
    recorder, took = Recorder(run), []
    begins = [0, *range(events - TIMES * LATELY, events, LATELY), events]
    for some in [deliveries[begin:end] for begin, end in pairwise(begins)]:
        for delivery in some:
            address, message = decode(delivery.topic, delivery.payload)
            assert message is not None  # noqa: S101 no alarm's topic is cleared here
            run.apply(run.sinks.get(delivery.topic) or run.sink(delivery.topic, address), [message])
        begun = time.perf_counter()
        recorder.changes()
        took.append(time.perf_counter() - begun)
    async with twin_in(described, folder, USUAL) as twin:
        for first in range(0, events, BATCH):
            await twin.take(deliveries[first : first + BATCH])
    quick = await rebuild(described, folder, events)
    forget_snapshots(folder)
    return statistics.median(took[1:]), took[0], quick, await rebuild(described, folder, events)


def forget_snapshots(folder: Path) -> None:
    """Leave the messages of a journal alone."""
    with contextlib.closing(sqlite3.connect(folder / "journal.sqlite", isolation_level=None)) as db:
        db.execute("DELETE FROM snapshots")


def decoding(deliveries: Sequence[Delivery]) -> Watch:
    """To decode and check all messages, and nothing else."""
    time_of = Watch()
    for delivery in deliveries:
        decode(delivery.topic, delivery.payload)
    return time_of.stop()


def inserting(file: Path, deliveries: Sequence[Delivery]) -> Watch:
    """SQLite alone: the payloads, in batches as large as those of the bus, each on disk."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE bare (payload BLOB);")
        time_of = Watch()
        for first in range(0, len(deliveries), BATCH):
            db.execute("BEGIN IMMEDIATE")
            db.executemany("INSERT INTO bare VALUES (?)", [(one.payload,) for one in deliveries[first : first + BATCH]])
            db.execute("COMMIT")
        return time_of.stop()


async def watched(url: str, send: Callable[[asyncio.subprocess.Process], object]) -> dict[int, float]:
    """When a reader in a process of its own has got each position, while something is sent."""
    command = [sys.executable, __file__, "--watch", url]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None  # noqa: S101 as asked for
    await process.stdout.readline()
    await send(process)  # type: ignore[misc]
    told, _ = await process.communicate()
    return {int(position): arrived for position, arrived in json.loads(told).items()}


def watch(url: str) -> None:
    """Note when each event of a stream arrives, until it ends; the note is JSON."""
    import socket  # noqa: PLC0415 the reader is another program

    parts = urlsplit(url)
    seen: dict[int, float] = {}
    with socket.create_connection((parts.hostname or "", parts.port or 80)) as wire:
        head = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: benchmark\r\nConnection: close\r\n\r\n"
        wire.sendall(head.encode())
        rest, said = b"", False
        while piece := wire.recv(1 << 16):
            if not said:
                print("reading", flush=True)
                said = True
            now = time.time()
            *whole, rest = (rest + piece).split(b"\n")
            for text in whole:
                if text.startswith(b"id: "):
                    seen[int(text[4:])] = now
    print(json.dumps(seen))


async def page(described: Plant, folder: Path, deliveries: Sequence[Delivery]) -> list[float]:
    """Seconds from the call that takes each message in to its arrival at the reader, sorted."""
    async with twin_in(described, folder) as twin:
        app, sent = create_app(twin), dict[int, float]()
        await twin.take(deliveries[:1])
        listener = bind("127.0.0.1", 0)
        async with asyncio.TaskGroup() as group:

            async def serving(until: asyncio.Event, known: asyncio.Future[str]) -> None:
                async with serve(app, listener) as url:
                    known.set_result(url)
                    await until.wait()

            over, address = asyncio.Event(), asyncio.get_running_loop().create_future()
            group.create_task(serving(over, address))

            async def send(_: object) -> None:
                begun = time.perf_counter()
                for i, first in enumerate(range(1, len(deliveries), int(RATE * TICK))):
                    await asyncio.sleep(max(0.0, begun + i * TICK - time.perf_counter()))
                    now, batch = time.time(), deliveries[first : first + int(RATE * TICK)]
                    await twin.take(batch)
                    sent.update(dict.fromkeys(range(first + 1, first + 1 + len(batch)), now))
                await asyncio.sleep(1)
                over.set()

            seen = await watched(f"{await address}api/v1/events?stream=journal&after=0", send)
    return _latencies(sent, seen)


async def bare(deliveries: Sequence[Delivery]) -> list[float]:
    """The same from a socket with nothing behind it but the payloads."""
    sent: dict[int, float] = {}
    streams: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    server = await asyncio.start_server(lambda _, writer: streams.put_nowait(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def greeting() -> asyncio.StreamWriter:
        writer = await streams.get()
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        return writer

    greeted = asyncio.create_task(greeting())

    async def send(_: object) -> None:
        writer, begun = await greeted, time.perf_counter()
        for i, first in enumerate(range(1, len(deliveries), int(RATE * TICK))):
            await asyncio.sleep(max(0.0, begun + i * TICK - time.perf_counter()))
            now, batch = time.time(), deliveries[first : first + int(RATE * TICK)]
            for position, one in enumerate(batch, first + 1):
                writer.write(b"id: %d\ndata: %s\n\n" % (position, one.payload))
            sent.update(dict.fromkeys(range(first + 1, first + 1 + len(batch)), now))
        await writer.drain()
        writer.close()

    seen = await watched(f"http://127.0.0.1:{port}/?", send)
    server.close()
    return _latencies(sent, seen)


def _latencies(sent: dict[int, float], seen: dict[int, float]) -> list[float]:
    if missing := sent.keys() - seen.keys():
        print(f"LOST {len(missing):,} events on the way to the page")
    return sorted(seen[position] - instant for position, instant in sent.items() if position in seen)


def calm() -> Plant:
    """A line of 20 stations with a part a minute, failures and scrap."""
    station = {
        "cycle_time": "normal(50 s, 5 s)",
        "failures": [{"mode": "jam", "time_to_failure": "exponential(4 h)", "time_to_repair": "exponential(6 min)"}],
        "quality": {"scrap": "1 %"},
    }
    stations = [{"name": f"M{i}", **station, "buffer": 5 if i else 0} for i in range(MACHINES)]
    return Plant.model_validate({"plant": "benchmark", "lines": [{"name": "l", "stations": stations}]})


def simulated_week(described: Plant, days: int) -> list[dict[str, list[Message]]]:
    """Messages of each topic, in pieces of six hours; of so many days, if they are fewer."""
    simulation, pieces = Simulation(described, telemetry=False), list[dict[str, list[Message]]]()
    numbering = Numbering(described.enterprise, described.plant, run=simulation.run)
    for end in range(DEFAULT_START + PIECE, DEFAULT_START + min(WEEK, days * DAY) + 1, PIECE):
        piece: dict[str, list[Message]] = {}
        for node, message in simulation.advance(end):
            one = numbering.number(node, message)[0]
            if told := decode(one.topic, one.payload)[1]:
                piece.setdefault(one.topic, []).append(told)
        pieces.append(piece)
    return pieces


def later(message: Message, week: int, seq: int, n: int) -> Message:
    """The same so many weeks later, of a part of another name, with numbers that go on."""
    shift = week * WEEK
    changes: dict[str, object] = {"ts": message.ts + shift, "seq": message.seq + seq, "n": message.n + n}
    if isinstance(message, StateChange):
        changes["since"] = message.since + shift
    if isinstance(message, StateChange | PartEvent) and message.part:
        changes["part"] = f"{message.part}-{week}"
    return replace(message, **changes)


def fill(twin: Twin, described: Plant, days: int) -> int:
    """Fold a week again and again, as a start folds the journal; how many messages."""
    pieces = simulated_week(described, days)
    topics = {topic: sum(len(piece.get(topic, ())) for piece in pieces) for piece in pieces for topic in piece}
    nodes: dict[str, int] = {}
    for topic, count in topics.items():
        nodes[topic.rpartition("/")[0]] = nodes.get(topic.rpartition("/")[0], 0) + count
    run, seen = Run(MONTH, described), dict.fromkeys(topics, 0)
    for i in range(days * DAY // PIECE):
        week, piece = i // len(pieces), pieces[i % len(pieces)]
        for topic, messages in piece.items():
            moved = (week * topics[topic], week * nodes[topic.rpartition("/")[0]])
            sink = run.sinks.get(topic) or run.sink(topic, parse(topic))
            run.apply(sink, [later(message, week, *moved) for message in messages])
            seen[topic] += len(messages)
    clock = build(described.enterprise, described.plant, described.lines[0].node, "clock")
    end = DEFAULT_START + days * DAY
    last = {topic: (1, count - 1) for topic, count in seen.items()}
    beat = Clock(run=MONTH, session=1, seq=0, n=0, ts=end, now=end, speed=1.0, epoch=end, running=True, last=last)
    run.apply(run.sink(clock, parse(clock)), [beat])
    twin._promote(run, 1)  # noqa: SLF001 as if it had heard all of it
    return sum(seen.values())


def hourly(twin: Twin, paths: Sequence[str], days: int) -> tuple[sqlite3.Connection, str]:
    """What the ten KPIs are made of, a row for each machine and hour, and the question for the sums of some hours."""
    db, rows = sqlite3.connect(":memory:"), list[tuple[int, ...]]()
    for begin in range(DEFAULT_START, DEFAULT_START + days * DAY, HOUR):
        for machine, parts in enumerate(parts_of(ask(twin, paths, begin, begin + HOUR))):
            rows.append((begin, machine, *parts.values()))
    names = [f'"{name}"' for name in parts]
    db.execute(f"CREATE TABLE hours (hour, machine, {', '.join(names)}, PRIMARY KEY (hour, machine)) WITHOUT ROWID")
    db.executemany(f"INSERT INTO hours VALUES ({', '.join('?' * (2 + len(names)))})", rows)  # noqa: S608 our own names
    sums = ", ".join(f"sum({name})" for name in names)
    return db, f"SELECT {sums} FROM hours WHERE hour >= ? AND hour < ? GROUP BY machine ORDER BY machine"  # noqa: S608


def ask(twin: Twin, paths: Sequence[str], begin: int, end: int) -> list[dict[str, KpiValue]]:
    """The question: ten KPIs of each machine."""
    return [twin.kpis(path, begin, end, names=TEN) for path in paths]


def parts_of(answers: Sequence[dict[str, KpiValue]]) -> list[dict[str, int]]:
    """What the figures of each machine are made of."""
    return [dict(sorted(ChainMap(*(dict(kpi.parts) for kpi in kpis.values())).items())) for kpis in answers]


async def month(days: int, around: AbstractContextManager[object]) -> tuple[int, list[float], list[float], list[float]]:
    """Messages; seconds and CPU seconds of each question, asked in a context; CPU seconds of SQLite; all sorted."""
    described, dice = calm(), random.Random(1)
    paths = [f"main/l/M{i}" for i in range(MACHINES)]
    times, cpu, sums = list[float](), list[float](), list[float]()
    async with DuckDbHistorian() as historian, Twin(described, journal=Journal(None), historian=historian) as twin:
        events = fill(twin, described, days)
        db, query = hourly(twin, paths, days)
        for _ in range(WINDOWS):
            begin = DEFAULT_START + dice.randrange(days * DAY // 10)
            end = DEFAULT_START + days * DAY - dice.randrange(days * DAY // 10)
            time_of = Watch()
            with around:
                ask(twin, paths, begin, end)
            time_of.stop()
            times.append(time_of.seconds)
            cpu.append(time_of.cpu)
            begin, end = begin // HOUR * HOUR, end // HOUR * HOUR
            time_of = Watch()
            found = db.execute(query, (begin, end)).fetchall()
            sums.append(time_of.stop().cpu)
        exact = [tuple(parts.values()) for parts in parts_of(ask(twin, paths, begin, end))]
        assert found == exact  # noqa: S101 else one of them is wrong
        db.close()
    return events, sorted(times), sorted(cpu), sorted(sums)


def print_month(days: int) -> None:
    """Measure and print the question of a month."""
    events, *measured = asyncio.run(month(days, contextlib.nullcontext()))
    p95, cpu, sums = (1e3 * times[int(0.95 * len(times))] for times in measured)
    verdict = f"budget {1e3 * P95:.0f} ms: {'met' if p95 <= 1e3 * P95 else 'MISSED'}"
    told = f"{len(TEN)} KPIs of {MACHINES} machines over {days} days, {events:,} events"
    print(f"{'month':>8}  p95 {p95:.1f} ms  {cpu:.1f} CPU ms  {cpu / sums:.1f} x SQLite over hours  {verdict}  {told}")


def measure(events: int, folder: Path) -> None:
    """Measure and print."""
    described = plant()
    deliveries = made(described, events)
    size = sum(len(one.payload) for one in deliveries) / events
    print(f"{events:,} events of {size:.0f} bytes")
    found = asyncio.run(durable(described, folder, deliveries))
    alone, sqlite = decoding(deliveries), inserting(folder / "bare.sqlite", deliveries)
    against = f"{alone.cpu / found.cpu:.2f} x decoding  {sqlite.cpu / found.cpu:.2f} x SQLite"
    _print("durable", events, found, DURABLE, against)
    forget_snapshots(folder)
    found = asyncio.run(rebuild(described, folder, events))
    _print("rebuild", events, found, REBUILD, f"{alone.cpu / found.cpu:.2f} x decoding")
    _print_snapshot(*asyncio.run(snapshot(events, folder / "snapshot")))
    paced = deliveries[: 10 * RATE]
    onto_page, nothing = asyncio.run(page(described, folder / "page", paced)), asyncio.run(bare(paced))
    p99, base = (times[int(0.99 * len(times))] for times in (onto_page, nothing))
    verdict = f"budget {1e3 * P99:.0f} ms: {'met' if p99 <= P99 else 'MISSED'}"
    print(f"{'page':>8}  p99 {1e3 * p99:.1f} ms  {p99 / base:.1f} x a bare socket  {verdict}")


def _print_snapshot(one: float, whole: float, quick: Watch, full: Watch) -> None:
    verdict = f"budget {1e3 * SNAPSHOT:.0f} ms: {'met' if one <= SNAPSHOT else 'MISSED'}"
    print(f"snapshot  {1e3 * one:.1f} ms  {one / whole:.2f} x a copy of all  {verdict}")
    print(f"{'':>8}  a start from it {quick.cpu:.1f} CPU s  {quick.cpu / full.cpu:.2f} x one from all messages")


def _print(name: str, events: int, found: Watch, budget: int, against: str) -> None:
    rate = events / found.seconds
    verdict = "met" if rate >= budget else "MISSED"
    print(f"{name:>8}  {rate:>9,.0f} events/s  {found.cpu:5.1f} CPU s  {against}  budget {budget:,}: {verdict}")


def profile(arguments: argparse.Namespace, folder: Path) -> None:
    """Where the time goes, in this thread."""
    described, profiler = plant(), cProfile.Profile()
    if arguments.only == "month":
        asyncio.run(month(arguments.days, profiler))
    else:
        deliveries = made(described, arguments.events)
        with profiler:
            asyncio.run(durable(described, folder, deliveries))
    pstats.Stats(profiler).sort_stats("tottime").print_stats(25)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--only", choices=("events", "month"))
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--watch", metavar="URL", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.watch:
        watch(arguments.watch)
        return
    with tempfile.TemporaryDirectory() as name:
        if arguments.profile:
            profile(arguments, Path(name))
            return
        if arguments.only != "month":
            measure(arguments.events, Path(name))
        if arguments.only != "events":
            print_month(arguments.days)


if __name__ == "__main__":
    main()
