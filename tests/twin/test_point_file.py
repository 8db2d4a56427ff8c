"""Points are stored once, whatever the batches, outlive the process, and go with their run."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from blocks import block
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.time import SECOND
from twin import DuckDbHistorian
from twin.backup import copy_telemetry_folder
from twin.select import Column, Condition, Scope, Select
from twin.tables import FIXED, Point
from twin.telemetry_folder import TELEMETRY, TelemetryFolder

LINE = ("site", "r", "main", "line")
ALL = Scope(begin=0, end=10**15, step=SECOND)
STATES = Select(
    table="state",
    columns=tuple(Column(name=name, formula=name, each="raw") for name in ("code", "state", "reason")),
    by=("run", "machine"),
)


def status(t: int, machine: str = "A", run: str = "r", **values) -> Point:
    return Point("state", t, ("site", run, "main", "line", machine, machine), values)


async def told(store: DuckDbHistorian) -> dict[tuple, dict]:
    """Each point by run, machine and instant."""
    return {
        (frame.labels["run"], frame.labels["machine"], t): {
            name: column[i] for name, column in frame.values.items() if column[i] is not None
        }
        for frame in await store.query(STATES, ALL)
        for i, t in enumerate(frame.t)
    }


VALUES = st.fixed_dictionaries(
    {}, optional={"code": st.integers(-(2**63), 2**63 - 1), "state": st.text(max_size=3), "reason": st.text(max_size=3)}
).filter(bool)
POINTS = st.lists(
    st.builds(lambda t, who, run, values: status(t, who, run, **values), st.integers(0, 5), st.sampled_from("AB"),
              st.sampled_from("rs"), VALUES),
    max_size=25,
)  # fmt: skip


@given(POINTS, st.integers(1, 9), st.integers(0, 24))
@settings(max_examples=50)
def test_the_last_value_of_each_field_holds_whatever_the_batches(points, size, reopened) -> None:
    wanted: dict[tuple, dict] = {}
    for point in points:
        wanted.setdefault((point.labels[1], point.labels[-1], point.at), {}).update(point.values)

    async def run() -> dict:
        async with DuckDbHistorian() as store:
            for first in range(0, len(points), size):
                await store.record(points[first : first + size])
                await store.flush()
                if first == reopened:
                    store._folder._points.recall()
            return await told(store)

    assert asyncio.run(run()) == wanted


async def test_points_stay_when_the_files_are_closed_and_are_replaced_after_that(tmp_path) -> None:
    async with DuckDbHistorian(tmp_path) as store:
        await store.record([status(5, code=1, state="failed", reason="spindle"), status(5, "B", code=2)])
        await store.record([Point("line_account", t, (*LINE, "none"), {"PBT": t}) for t in (300, 600)])
        assert await store.recorded("r") is None, "nothing is written yet"
        await store.flush()
        assert await store.recorded("r") == 600
    async with DuckDbHistorian(tmp_path) as store:
        assert (await store.recorded("r"), await store.recorded("other")) == (600, None)
        await store.record([status(5, code=7), status(4, code=3)])
        assert await told(store) == {
            ("r", "A", 4): {"code": 3},
            ("r", "A", 5): {"code": 7, "state": "failed", "reason": "spindle"},
            ("r", "B", 5): {"code": 2},
        }


KILLED = """
import asyncio, os, pathlib, signal, sys
from twin import DuckDbHistorian
from twin.tables import Point
async def main():
    async with DuckDbHistorian(pathlib.Path(sys.argv[1])) as store:
        for k in range(10**6):
            labels = ("site", "r", "main", "line", "A", "A")
            await store.record([Point("state", t, labels, {"code": k}) for t in (k, k + 1)])
            await store.flush()
            print(k, flush=True)
asyncio.run(main())
"""


def test_what_was_stored_outlives_a_kill(tmp_path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as process:
        for line in process.stdout:
            if int(line) >= 20:
                os.kill(process.pid, signal.SIGKILL)
                break
        acknowledged = [20, *map(int, filter(str.strip, process.stdout))][-1]
    codes = [values["code"] for _, values in sorted(asyncio.run(reopened(tmp_path)).items())]
    assert len(codes) >= acknowledged + 2
    assert codes == [*range(len(codes) - 1), len(codes) - 2]


async def reopened(folder: Path) -> dict:
    async with DuckDbHistorian(folder) as store:
        return await told(store)


async def test_a_file_of_an_older_version_gets_the_columns_of_a_newer_one(tmp_path) -> None:
    async with DuckDbHistorian(tmp_path) as store:
        await store.record([status(1, code=1)])
    with duckdb.connect(str(tmp_path / TELEMETRY / "r" / "points.duckdb")) as db:
        db.execute("ALTER TABLE state DROP COLUMN reason; ALTER TABLE state DROP COLUMN station")
        db.execute("DELETE FROM shopfloor_columns WHERE name IN ('reason', 'station')")
    async with DuckDbHistorian(tmp_path) as store:
        await store.record([status(2, code=2, reason="new")])
        assert await told(store) == {("r", "A", 1): {"code": 1}, ("r", "A", 2): {"code": 2, "reason": "new"}}


async def test_a_run_that_is_forgotten_takes_its_points_along(tmp_path) -> None:
    async with DuckDbHistorian(tmp_path) as store:
        await store.append([block([1], run="old", power=[1])])
        await store.record([status(1, run="old", code=1), status(1, run="new", code=2)])
        await store.flush()
        await store.forget("old")
        assert not (tmp_path / TELEMETRY / "old").exists()
        assert await told(store) == {("new", "A", 1): {"code": 2}}
        assert await store.recorded("old") is None
        await store.record([status(1, run="old", code=3)])
        assert (await told(store))["old", "A", 1] == {"code": 3}


async def test_a_backup_has_the_points_while_the_store_is_open(tmp_path) -> None:
    async with DuckDbHistorian(tmp_path / "data") as store:
        await store.append([block([1], power=[1])])
        await store.record([status(t, code=t) for t in range(100)])
        await store.flush()
        await asyncio.to_thread(
            copy_telemetry_folder, tmp_path / "data" / TELEMETRY, tmp_path / "copy" / TELEMETRY, lambda _: None
        )
        wanted = await told(store)
    async with DuckDbHistorian(tmp_path / "copy") as store:
        assert await told(store) == wanted
        assert len(wanted) == 100


class Stubborn(TelemetryFolder):
    """A store that fails after the points of its first writes are stored."""

    refusals = 3

    def write(self, blocks):
        if self.refusals:
            self.refusals -= 1
            raise duckdb.IOException("the disk is away")
        return super().write(blocks)


async def test_points_that_are_written_again_after_an_error_are_there_once() -> None:
    store = DuckDbHistorian()
    store._folder = Stubborn(None)
    async with store, asyncio.timeout(20):
        await store.record([status(t, code=t) for t in range(100)])
        await store.append([block([t], power=[t]) for t in range(9900)])
        while store.health.backlog:
            await asyncio.sleep(0.01)
        assert store.health == (10_000, 0, 0)
        assert await told(store) == {("r", "A", t): {"code": t} for t in range(100)}


async def test_what_no_table_has_is_refused_and_what_no_field_can_hold_is_left_out() -> None:
    async with DuckDbHistorian() as store:
        for point, why in (
            (Point("stat", 1, (), {}), "no table 'stat'"),
            (Point("state", 1, ("site",), {}), "has the labels"),
            (status(1, speed=1), "no field speed"),
        ):
            with pytest.raises(ValueError, match=why):
                await store.record([point])
        wrong = {"code": 10**400, "state": 5, "reason": "fine"}
        await store.record([status(1, **wrong), status(2, code=float("nan"), reason="x"), status(3, code=2.0)])
        found = await told(store)
        assert found["r", "A", 1] == {"reason": "fine"}
        assert found["r", "A", 2] == {"reason": "x"}
        assert found["r", "A", 3] == {"code": 2}


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (Select(table="nothing", columns=STATES.columns), "there is no table 'nothing'"),
        (Select(table="state", columns=(Column(name="a", formula="state", each="sum"),)), "state of state is a text"),
        (Select(table="stop", columns=(Column(name="a", formula="lost / stops", each="raw"),)), "divides in raw rows"),
        (Select(table="stop", columns=(Column(name="a", formula="lost + stops", each="count"),)), "counts several"),
        (Select(table="stop", columns=STATES.columns[:1]), "no field code"),
        (Select(table="state", columns=STATES.columns, by=("shift",)), "no label shift"),
        (Select(table="state", columns=STATES.columns, where=(Condition(name="code", value="x"),)), "with a number"),
        (Select(table="state", columns=STATES.columns, where=(Condition(name="run", value="r", op=">"),)), "a text"),
        (Select(table="state", columns=STATES.columns, where=(Condition(name="state", value="$run"),)), "for labels"),
    ],
)
async def test_questions_that_a_table_cannot_answer_are_refused(asked, why) -> None:
    async with DuckDbHistorian() as store:
        with pytest.raises(ValueError, match=why):
            await store.query(asked, ALL)


def test_a_quotient_inside_a_formula_is_refused() -> None:
    with pytest.raises(ValueError, match="quotient inside"):
        Column(name="a", formula="a / b + c")
    assert Column(name="a", formula="a / 2 + c").expression.written(str) == ("((a / 2) + c)", None)


async def test_a_question_about_many_runs_opens_them_all(tmp_path) -> None:
    async with DuckDbHistorian(tmp_path) as store:
        runs = [f"run{i}" for i in range(30)]
        await store.record([status(1, run=run, code=1) for run in runs])
        assert sorted(run for run, _, _ in await told(store)) == sorted(runs)
        await store.record([status(2, run=run, code=1) for run in runs])
        assert len(await told(store)) == 60


def test_tables_have_no_label_that_is_a_field_too() -> None:
    assert not [name for name, table in FIXED.items() if set(table.labels) & table.fields.keys()]
    assert all(table.labels[1] == "run" for table in FIXED.values())
