"""Pages of the past out of a journal of a million messages, and what the index for them costs at writing.

The number of messages may be given as an argument.
"""

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.pop(0)  # this folder: "twin" is the package, not the benchmark

from plant.messages import Delivery, StateChange
from twin.journal import Journal, Row, Source, Wanted

MACHINES = 200
KINDS = {"state": 30.0, "part": 50.0, "energy": 15.0, "quality": 4.0, "alarm": 0.9, "meta": 0.1}
BATCH = 2_000
PAGE = 100
REPEATS = 9
PAYLOAD = b"x" * 220

QUESTIONS = {
    "the whole plant": Wanted(run="r", upto=1 << 60),
    "one machine": Wanted(run="r", upto=1 << 60, path="area/line/OP7"),
    "states of one machine": Wanted(run="r", upto=1 << 60, path="area/line/OP7", kinds=("state",)),
    "alarms of the plant": Wanted(run="r", upto=1 << 60, kinds=("alarm",)),
    "alarms of one machine": Wanted(run="r", upto=1 << 60, path="area/line/OP7", kinds=("alarm",)),
    "births of one machine": Wanted(run="r", upto=1 << 60, path="area/line/OP7", kinds=("meta",)),
}


def batches(messages: int) -> Iterator[list[Row]]:
    """Messages of many machines as they come, a little out of order."""
    draw, seqs, ts = random.Random(1), dict.fromkeys(((m, k) for m in range(MACHINES) for k in KINDS), -1), 0
    for _ in range(messages // BATCH):
        rows: list[Row] = []
        for kind in draw.choices(list(KINDS), list(KINDS.values()), k=BATCH):
            machine = draw.randrange(MACHINES)
            ts += draw.randrange(5_000)
            seq = seqs[machine, kind] = seqs[machine, kind] + 1
            path = f"area/line/OP{machine}"
            at = ts - draw.randrange(20_000) if ts > 20_000 else ts
            message = StateChange(run="r", session=1, seq=seq, n=seq, ts=at, state="off", reason="", since=0)
            topic = f"shopfloor/v1/e/s/{path}/{kind}"
            rows.append((Source("r", topic, path, kind), message, Delivery(topic=topic, payload=PAYLOAD)))
        yield rows


def append(journals: list[Journal], messages: int) -> list[float]:
    """Messages per second of time spent in appending, in turn to each and each first in turn."""
    spent = [0.0] * len(journals)
    turns = list(enumerate(journals))
    for rows in batches(messages):
        for i, journal in turns:
            begun = time.perf_counter()
            journal.append(rows)
            spent[i] += time.perf_counter() - begun
        turns.reverse()
    return [messages / seconds for seconds in spent]


def ask(journal: Journal, wanted: Wanted) -> tuple[float, float]:
    """Median time of a page in milliseconds, by the clock on the wall and of the processor."""
    wall, processor = [], []
    for _ in range(REPEATS):
        begun, used = time.perf_counter(), time.thread_time()
        journal.past(wanted, PAGE)
        wall.append(1e3 * (time.perf_counter() - begun))
        processor.append(1e3 * (time.thread_time() - used))
    return statistics.median(wall), statistics.median(processor)


def main() -> None:
    """Write two journals, one without the index, and ask the other."""
    messages = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with (
        tempfile.TemporaryDirectory(prefix="shopfloor-") as folder,
        Journal(Path(folder) / "with.sqlite") as journal,
        Journal(Path(folder) / "without.sqlite") as other,
    ):
        other._db.execute("DROP INDEX message_time")  # noqa: SLF001 what it costs is what it is about
        rate, bare = append([journal, other], messages)
        print(f"append: {rate:,.0f} messages/s with the index, {bare:,.0f} without, ratio {rate / bare:.2f}")
        begun = time.perf_counter()
        other._upgrade(1)  # noqa: SLF001 as at the first opening of an older file
        print(f"upgrade of a journal without it: {time.perf_counter() - begun:.1f} s")
        for name, wanted in QUESTIONS.items():
            wall, processor = ask(journal, wanted)
            print(f"{name:24} page of {PAGE}: {wall:6.2f} ms, {processor:6.2f} ms of the processor")


if __name__ == "__main__":
    main()
