"""What was final changes only with a revision that tells why, whatever comes late, and after a restart as well."""

import asyncio
import random
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hearing import START, A, Wire, simulated, spoiled, state, twin_of
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.description import Plant
from plant.errors import StoreError
from plant.time import MINUTE, SECOND
from twin.journal import Journal
from twin.twin import Twin

LATENESS = 5 * SECOND
SHIFTS = [
    {"name": "one", "start": "00:00", "end": "00:02"},
    {"name": "two", "start": "00:02", "end": "00:03"},
    {"name": "three", "start": "00:03", "end": "00:00"},
]
PLANT = Plant.model_validate(
    {
        "plant": "site",
        "shifts": SHIFTS,  # hours are cut at their borders
        "lines": [{"name": "line", "minor_stop": "40 s", "stations": [
            {"name": "A", "cycle_time": "exponential(5 s)",
             "failures": [{"mode": "jam", "time_to_failure": "30 s", "time_to_repair": "exponential(30 s)"}]},
            {"name": "B", "cycle_time": "exponential(9 s)", "machines": 2, "buffer": 2, "transport": "2 s",
             "quality": {"scrap": "20 %"}},
        ]}],
    }
)  # fmt: skip
OF_MACHINES = ("availability", "minor_stop_time", "minor_stop_count", "mttr.usual", "scrap_ratio")
NAMES = {"main/line": ("throughput", "wip")}
PATHS = ("main/line", "main/line/A", "main/line/B", "main/line/B/2")


def said(twin: Twin, windows) -> dict:
    """Revision and parts of every window of every node."""
    found = {}
    for path in PATHS:
        for begin, end in windows:
            values = twin.kpis(path, begin, end, names=NAMES.get(path, OF_MACHINES))
            parts = {name: part for value in values.values() for name, part in value.parts.items()}
            (revision,) = {value.revision for value in values.values()}
            assert {value.status for value in values.values()} == {"final" if revision else "provisional"}
            found[path, begin, end] = revision, parts
    return found


def judge(before: dict, after: dict) -> None:
    for window, (revision, parts) in before.items():
        now, then = after[window]
        assert now >= revision, window
        if revision and parts != then:
            assert now > revision, (window, {k: (parts[k], then.get(k)) for k in parts if parts[k] != then.get(k)})


async def story(seed: int, folder: Path) -> None:
    """A plant is heard in pieces, with losses, copies and disorder, and some messages much later than all others."""
    dice = random.Random(seed)
    length = dice.choice([3 * MINUTE, 5 * MINUTE])
    whole = simulated(PLANT, seed=seed, until=length)
    stream, _, _ = spoiled(whole, seed, loss=dice.choice([0, 0.05]), twice=0.05, far=dice.choice([0, 9]))
    held = [one for one in stream if dice.random() < 0.03 and not one.topic.endswith("clock")]
    rest = [one for one in stream if one not in held]
    windows = [tuple(sorted(dice.sample(range(START, START + length, SECOND), 2))) for _ in range(12)]
    windows += [(START, START + 2 * MINUTE)]
    async with twin_of(PLANT, folder, lateness=LATENESS) as twin:
        before: dict = {}
        while rest or held:
            size = dice.randrange(5, 100)
            batch, rest = rest[:size], rest[size:]
            if held and (not rest or dice.random() < 0.15):
                few = dice.randrange(1, 4)
                batch, held = batch + held[:few], held[few:]
            await twin.take(batch)
            if not twin.runs():
                continue
            if dice.random() < 0.3:
                await twin._seal(twin._run(None))
            after = said(twin, windows)
            judge(before, after)
            before = after
    async with twin_of(PLANT, folder, lateness=LATENESS) as twin:
        assert said(twin, windows) == before


MANY = pytest.param(150, id="many", marks=[pytest.mark.slow, pytest.mark.timeout(600)])


@pytest.mark.parametrize("examples", [pytest.param(8, id="some"), MANY])
def test_what_was_final_changes_only_with_a_revision(examples: int) -> None:
    @given(st.integers(0, 10**6))
    @settings(max_examples=examples, deadline=None)
    def law(seed: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(story(seed, Path(folder)))

    law()


def test_the_end_of_a_stop_that_comes_late_says_what_the_stop_was() -> None:
    """Though it is not late itself: while its end is unknown nobody knows what the stop is that began before."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(story(883, Path(folder)))


def test_a_birth_that_tells_what_was_lost_is_a_revision() -> None:
    """The state that stands since long ago is told only by the next session: time that was unknown is known now."""

    async def scenario() -> None:
        async with twin_of(PLANT, lateness=LATENESS) as twin:
            old = Wire(PLANT)
            await twin.take(old.send((A, state(0, "starved"))) + old.heartbeat(START + 10 * SECOND))
            old.send((A, state(12 * SECOND, "failed", "jam")))  # nobody hears it
            for beat in range(20, 200, 10):
                await twin.take(old.heartbeat(START + beat * SECOND))
            window = (START + 20 * SECOND, START + 40 * SECOND)
            before = twin.kpis("main/line/A", *window)["availability"]
            assert (before.status, before.revision, before.coverage) == ("final", 1, 0.0)
            told = state(200 * SECOND, "failed", "jam", since=12 * SECOND)
            await twin.take(Wire(PLANT, session=2).send((A, told)))
            after = twin.kpis("main/line/A", *window)["availability"]
            assert (after.revision, after.coverage) == (2, 1.0)
            (revision,) = twin.revisions("main/line/A", *window)
            (change,) = revision.changes
            assert change.differences["UNK"] == (135 * SECOND, 2 * SECOND)  # up to the watermark
            assert revision.causes == (twin.position(),)

    asyncio.run(scenario())


def test_a_stop_that_goes_on_keeps_its_window_open() -> None:
    """Whether it is a minor stop is known when it is over, or long enough: until then nothing is final."""

    async def scenario() -> None:
        async with twin_of(PLANT, lateness=LATENESS) as twin:
            wire = Wire(PLANT)
            await twin.take(wire.send((A, state(0, "starved")), (A, state(10 * SECOND, "failed", "jam"))))
            seen = []
            for beat in range(20, 80, 5):
                await twin.take(wire.heartbeat(START + beat * SECOND))
                seen.append(twin.kpis("main/line/A", START, START + 20 * SECOND, names=["minor_stop_time"]))
            states = [(one["minor_stop_time"].status, one["minor_stop_time"].upper) for one in seen]
            assert states[:9] == [("provisional", 10.0)] * 6 + [("provisional", 0.0)] * 3
            assert states[9:] == [("final", 0.0)] * 3

    asyncio.run(scenario())


def killed_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the journal takes messages, and nothing of what is final."""

    def settle(*_: object) -> None:
        raise StoreError("killed")

    monkeypatch.setattr(Journal, "settle", settle)


def test_a_kill_before_a_revision_was_kept_is_no_end_of_it(tmp_path, monkeypatch) -> None:
    wire = Wire(PLANT)
    window = (START, START + 60 * SECOND)
    early = wire.send((A, state(0, "starved")), (A, state(10 * SECOND, "failed", "jam")))
    late = wire.send((A, state(30 * SECOND, "starved")))
    beats = [one for beat in range(40, 400, 10) for one in wire.heartbeat(START + beat * SECOND)]

    async def before() -> None:
        async with twin_of(PLANT, tmp_path, lateness=LATENESS) as twin:
            await twin.take(early + beats)
            while await twin._seal(twin._run(None)):
                pass
            assert twin.kpis("main/line/A", *window)["availability"].revision == 1
            killed_in_between(monkeypatch)
            await twin.take(late)
            monkeypatch.undo()

    async def after() -> int:
        async with twin_of(PLANT, tmp_path, lateness=LATENESS) as twin:
            (revision,) = twin.revisions("main/line/A", *window)
            assert revision.causes == ()
            assert revision.last == twin.position()
            changed = {name for change in revision.changes for name in change.differences}
            assert {"UNK", "starved", "failed: jam"} & changed
            return twin.kpis("main/line/A", *window)["availability"].revision

    asyncio.run(before())
    assert [asyncio.run(after()) for _ in range(3)] == [2, 2, 2]


def test_a_twin_that_counts_otherwise_says_so(tmp_path) -> None:
    """Hours were kept by another version of the twin: where it counted otherwise, that is a revision, once."""
    window = (START, START + 60 * SECOND)

    async def heard() -> int:
        async with twin_of(PLANT, tmp_path, lateness=LATENESS) as twin:
            await twin.take(simulated(PLANT, until=5 * MINUTE))
            while await twin._seal(twin._run(None)):
                pass
            return twin.kpis("main/line/A", *window)["availability"].revision

    def counted_otherwise() -> None:
        with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as db:
            db.execute("UPDATE settled SET version = 'old'")
            db.execute("UPDATE hours SET parts = ? WHERE path = 'main/line/A' AND begin = ?", (b'{"PQ":1}', START))
            db.commit()

    assert asyncio.run(heard()) == 1
    counted_otherwise()
    assert [asyncio.run(heard()) for _ in range(2)] == [2, 2]
