"""A historian in a real InfluxDB 1.6.7 (behind `write_shim`) keeps everything, in order, and answers as DuckDB does."""

import asyncio
import random
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from blocks import block
from influx_process import influxd
from write_shim import write_shim

from plant.description import Plant
from plant.errors import StoreError
from plant.time import HOUR, MINUTE, SECOND
from twin import DuckDbHistorian
from twin.historian import steps
from twin.influx_address import InfluxAddress
from twin.influx_historian import InfluxHistorian
from twin.line_protocol import lines_of
from twin.select import Column, Condition, Scope, Select
from twin.tables import Point

pytestmark = [pytest.mark.influx, pytest.mark.filterwarnings("error")]

NAMES = ("shopfloor", "shopfloor_raw")
TOKEN = "s3cret-t0ken"  # noqa: S105 no secret
KIND = "machining-center"
PLANT = Plant.model_validate(
    {
        "plant": "works",
        "lines": [
            {
                "name": "l",
                "area": "a",
                "stations": [
                    {"name": "A", "cycle_time": "5 s", "type": KIND},
                    {"name": "B", "cycle_time": "5 s", "machines": 2, "type": KIND},
                ],
            }
        ],
    }
)
FLOAT, WHOLE, TEXT = "spindle_load", "part_count", "program"
PATHS = ("a/l/A", "a/l/B/1", "a/l/B/2")


@pytest.fixture
def influx(influxd_program, tmp_path) -> Iterator[SimpleNamespace]:
    """A server, the proxy in front of it, its address, and a folder."""
    with influxd(influxd_program, tmp_path / "influxd", *NAMES) as server, write_shim(server.url) as shim:
        address = InfluxAddress(url=shim.url, token=TOKEN)
        yield SimpleNamespace(server=server, shim=shim, address=address, folder=tmp_path / "spool")


def historian(influx, **options) -> InfluxHistorian:
    return InfluxHistorian(PLANT, influx.address, influx.folder, **{"patience": 5.0, **options})


async def until(condition, patience: float = 60.0) -> None:
    async with asyncio.timeout(patience):
        while not condition():
            await asyncio.sleep(0.02)


def near(a: list[float | None], b: list[float | None]) -> bool:
    """Means may differ in the last digits: InfluxDB adds one value after the other."""
    pairs = zip(a, b, strict=True)
    return all((x is None) == (y is None) and (x is None or abs(x - y) <= 1e-9 * max(1e6, abs(y))) for x, y in pairs)


def account(at: int, *, machine: str = "A", shift: str = "early", **values: int) -> Point:
    return Point("account", at, ("works", "r", "a", "l", machine.split(maxsplit=1)[0], machine, shift), values)


def test_the_names_of_signals_are_those_of_the_catalogue() -> None:
    told = PLANT.kind(PLANT.lines[0].stations[0]).told_tags
    assert [told[name].datatype for name in (FLOAT, WHOLE, TEXT)] == ["float", "int", "str"]


# --- telemetry -------------------------------------------------------------------------------------------------------


def samples(seed: int, *, begin: int = 0, rows: int = 300, every: int = SECOND) -> list:
    """Blocks of three machines in two runs, with gaps, nones, and a signal that no catalogue has."""
    draws = random.Random(seed)
    found = []
    for run in ("r", "other"):
        for path in PATHS:
            t = sorted(draws.sample(range(begin, begin + rows * every, every // 2), rows))
            for first in range(0, rows, 50):
                piece = t[first : first + 50]
                columns = {
                    FLOAT: [draws.choice((None, draws.randint(0, 9), draws.uniform(-1e6, 1e6))) for _ in piece],
                    WHOLE: [draws.randint(-5, 2**53) for _ in piece],
                    TEXT: [draws.choice((None, "O1000", 'say "no"')) for _ in piece],
                    "odd one": [draws.choice((None, 1, 2.5, True)) for _ in piece],
                    "odd text": ["a" for _ in piece],
                }
                found.append(block(piece, path=path, type_=KIND, run=run, **columns))
    return found


async def test_series_and_latest_samples_are_those_of_the_other_historian(influx) -> None:
    blocks = samples(3)
    tags = (FLOAT, WHOLE, TEXT, "odd one", "odd text", "nothing")
    async with historian(influx) as ours, DuckDbHistorian(plant=PLANT) as theirs:
        for store in (ours, theirs):
            await store.append(blocks[::2])
            await store.append(blocks[1::2])
        for run in ("r", "other", "nobody"):
            assert ours.stored(run) == theirs.stored(run)
            for path in (*PATHS, "a/l/stranger"):
                assert await ours.latest(run, path) == await theirs.latest(run, path)
                for tag in tags:
                    for begin, step in ((0, 60 * SECOND), (7_300_000, 1_700_000), (-90 * SECOND, 13 * SECOND)):
                        span = steps(begin, begin + 300 * SECOND + 1, step)
                        a, b = await ours.select(run, path, tag, span), await theirs.select(run, path, tag, span)
                        assert (a.t, a.min, a.max, a.last) == (b.t, b.min, b.max, b.last), (path, tag)
                        assert near(a.mean, b.mean)
        rows = sum(len(one.message.t) for one in blocks)
        assert ours.health == (rows, 0, 0)
    assert influx.shim.tokens == {f"Token {TOKEN}"}


async def test_every_value_is_read_back_exactly_and_samples_sent_twice_are_stored_once(influx) -> None:
    blocks = samples(4)
    async with historian(influx) as store:
        await store.append(blocks)
        await store.flush()
        await store.append(blocks[:5])
    wanted = {}
    for one in blocks:
        station, machine = [*one.path.split("/"), ""][2:4]
        for place, t in enumerate(one.message.t):
            row = {tag: column[place] for tag, column in one.message.v.items() if column[place] is not None}
            wanted[one.run, f"{station} {machine}".strip(), t] = row
    fields = (FLOAT, WHOLE, TEXT, "odd one", "odd text")
    found = {
        (row["run"], row["machine"], row["time"]): {tag: row[tag] for tag in fields if row[tag] is not None}
        for row in influx.server.rows(KIND, "shopfloor_raw")
    }
    assert found == wanted
    assert influx.server.ask("SHOW MEASUREMENTS", "shopfloor") == []


async def test_minutes_are_made_of_hours_that_are_over_and_tell_where_samples_are_gone(influx) -> None:
    begin = 500_000 * HOUR
    rows = 2 * 3600 + 700
    t = [begin + 100_000 + n * SECOND for n in range(rows)]
    draws = random.Random(8)
    columns = {FLOAT: [draws.uniform(0, 100) for _ in t], WHOLE: list(range(rows)), TEXT: ["O1"] * rows}
    blocks = [
        block(t[n : n + 50], path=path, type_=KIND, **{tag: column[n : n + 50] for tag, column in columns.items()})
        for n in range(0, rows, 50)
        for path in PATHS
    ]
    async with historian(influx) as store:
        await store.append(blocks)
        await store.flush()
        await until(lambda: len(influx.server.rows(f"{KIND}_1m")) == 120 * len(PATHS))
        row = influx.server.rows(f"{KIND}_1m")[0]
        inside = [value for at, value in zip(t, columns[FLOAT], strict=True) if at < begin + MINUTE]
        assert (row["time"], row[f"{FLOAT}_n"], row[f"{TEXT}_last"]) == (begin, len(inside), "O1")
        assert (row[f"{FLOAT}_min"], row[f"{FLOAT}_max"]) == (min(inside), max(inside))
        assert row[f"{FLOAT}_sum"] == pytest.approx(sum(inside), rel=1e-12)
        cuts = [(begin, 10 * MINUTE), (begin - 30 * MINUTE, 7 * MINUTE), (begin + 5 * MINUTE, MINUTE)]
        before = [await store.select("r", PATHS[0], FLOAT, steps(a, begin + 3 * HOUR, step)) for a, step in cuts]
        influx.server.ask(f"DELETE WHERE time < {begin + HOUR}u", "shopfloor_raw")
        after = [await store.select("r", PATHS[0], FLOAT, steps(a, begin + 3 * HOUR, step)) for a, step in cuts]
        for (_, step), a, b in zip(cuts, before, after, strict=True):
            assert a.t == b.t
            if step != 7 * MINUTE:  # those steps cut hours and minutes alike
                assert (a.min, a.max, a.last) == (b.min, b.max, b.last)
                assert near(a.mean, b.mean)
        fine = await store.select("r", PATHS[0], FLOAT, steps(begin, begin + MINUTE, 20 * SECOND))
        assert fine.min == [min(inside)] * 3
        influx.server.ask(f'DROP MEASUREMENT "{KIND}"', "shopfloor_raw")
        latest = await store.latest("r", PATHS[1])
        assert latest[WHOLE] == (begin + 119 * MINUTE, 7199)
        late = block([begin + HOUR + 1], path=PATHS[0], type_=KIND, **{FLOAT: [1e9]})
        await store.append([late])
        await store.flush()
        await until(lambda: 1e9 in {row[f"{FLOAT}_max"] for row in influx.server.rows(f"{KIND}_1m")})


# --- points ----------------------------------------------------------------------------------------------------------


async def test_points_are_asked_as_frames(influx) -> None:
    draws = random.Random(1)
    cells = [
        (at, machine, shift, draws.randint(0, 10**15), draws.choice((0, 0, draws.randint(1, 10**15))))
        for at in range(0, 3600 * SECOND, 300 * SECOND)
        for machine in ("A", "B 1", "B 2")
        for shift in ("early", "late")
    ]
    kpi = Column(name="a", formula="APT / PBT", scale=(100, 1))
    plain = Column(name="t", formula="APT")
    scope = Scope(begin=300 * SECOND, end=3000 * SECOND, step=600 * SECOND, chosen={"shift": ("early",)})
    async with historian(influx) as store:
        await store.record([account(a, machine=m, shift=s, APT=x, PBT=y) for a, m, s, x, y in cells])
        ask = Select(table="account", columns=(kpi, plain), by=("machine",), bucket="auto")
        found = await store.query(ask, scope)
        assert [frame.labels for frame in found] == [{"machine": "A"}, {"machine": "B 1"}, {"machine": "B 2"}]
        for frame in found:
            assert frame.t == list(range(0, 3000 * SECOND, 600 * SECOND))
            for t, share, time in zip(frame.t, frame.values["a"], frame.values["t"], strict=True):
                mine = [
                    (x, y) for a, m, s, x, y in cells
                    if m == frame.labels["machine"] and s == "early" and max(t, scope.begin) <= a < t + scope.step
                ]  # fmt: skip
                over, under = (sum(column) for column in zip(*mine, strict=True))
                assert time == over
                assert isinstance(time, int)
                assert share == (pytest.approx(100 * over / under, rel=1e-12) if under else None)
        (whole,) = await store.query(Select(table="account", columns=(plain, kpi)), scope)
        assert (whole.labels, whole.t) == ({}, [scope.begin])
        inside = [x for a, _, s, x, _ in cells if s == "early" and scope.begin <= a < scope.end]
        assert whole.values["t"] == [sum(inside)]
        (rows,) = await store.query(
            Select(
                table="account", columns=(Column(name="x", formula="APT", each="raw"),), limit=4,
                where=(Condition(name="machine", value="$other"), Condition(name="PBT", value=0, op=">")),
            ),
            Scope(begin=0, end=3600 * SECOND, step=1, chosen={"other": ("B 2",)}),
        )  # fmt: skip
        newest = [(a, x) for a, m, _, x, y in cells if m == "B 2" and y > 0][-4:]
        assert list(zip(rows.t, rows.values["x"], strict=True)) == newest
        assert await store.query(Select(table="account", columns=(Column(name="n", formula="PQ"),)), scope) == []
        assert await store.query(ask, Scope(begin=0, end=1, step=1, chosen={"run": ()})) == []
        with pytest.raises(ValueError, match="no table"):
            await store.query(Select(table="nobody", columns=(plain,)), scope)
        with pytest.raises(ValueError, match="has no field"):
            await store.query(Select(table="account", columns=(Column(name="x", formula="nonsense"),)), scope)


def questions(draws: random.Random) -> Iterator[Select]:
    """Questions of every sort about accounts."""
    kinds = ("sum", "mean", "min", "max", "first", "last", "count")
    wheres = ((), (Condition(name="PQ", value=2, op=">="),), (Condition(name="shift", value="late"),))
    for _ in range(60):
        scale = draws.choice(((1, 1), (100, 1), (1, 60)))
        columns = [
            Column(name="quotient", formula="(APT - PBT) / (PBT + PQ)", scale=scale),
            *(Column(name=f"{each} of PQ", formula="PQ", each=each) for each in draws.sample(kinds, 2)),
            Column(name="sum", formula="APT + PBT", scale=draws.choice(((1, 1), (3, 7)))),
        ]
        yield Select(
            table="account", columns=tuple(draws.sample(columns, draws.randint(1, 4))),
            by=tuple(draws.sample(("machine", "shift", "station"), draws.randint(0, 3))),
            bucket=draws.choice(("window", "auto", 900 * SECOND)),
            where=draws.choice(wheres),
        )  # fmt: skip
    x = Column(name="x", formula="APT", each="raw")
    yield Select(table="account", columns=(x,), by=("machine", "shift"), limit=7)


async def test_both_historians_give_the_same_answers(influx) -> None:
    draws = random.Random(6)
    points = [
        account(
            at, machine=machine, shift=shift,
            **{name: draws.randint(0, 4) for name in ("APT", "PBT", "PQ") if draws.random() < 0.8}, SQ=1,
        )
        for at in range(0, 7200 * SECOND, 300 * SECOND)
        for machine in ("A", "B 1", "B 2")
        for shift in ("early", "late")
        if draws.random() < 0.8
    ]  # fmt: skip
    async with historian(influx) as ours, DuckDbHistorian(plant=PLANT) as theirs:
        for store in (ours, theirs):
            await store.record(points)
            await store.record(points[::3])
        for select in questions(draws):
            begin = draws.randrange(0, 3600) * SECOND
            chosen = draws.choice(({}, {"shift": ("early",)}, {"machine": ("A", "B 2")}, {"machine": ()}))
            scope = Scope(begin=begin, end=begin + 3600 * SECOND, step=600 * SECOND, chosen=chosen)
            a, b = await ours.query(select, scope), await theirs.query(select, scope)
            assert [(f.labels, f.t) for f in a] == [(f.labels, f.t) for f in b], select
            for one, other in zip(a, b, strict=True):
                for name, column in one.values.items():
                    assert list(map(type, column)) == list(map(type, other.values[name])), (select, name)
                    for x, y in zip(column, other.values[name], strict=True):
                        assert x == (None if y is None else pytest.approx(y, rel=1e-9)), (select, name)


async def test_telemetry_is_asked_like_any_table(influx) -> None:
    async with historian(influx) as store:
        await store.append([block([1, 2, 3], path=PATHS[0], type_=KIND, **{FLOAT: [1, 2, 6], TEXT: ["a", "b", None]})])
        columns = (Column(name="m", formula=FLOAT, each="mean"), Column(name="x", formula=FLOAT, each="last"))
        found = await store.query(Select(table=KIND, columns=columns, by=("station",)), Scope(begin=0, end=9, step=1))
        assert [(f.labels, f.t, f.values) for f in found] == [({"station": "A"}, [0], {"m": [3.0], "x": [6.0]})]
        raw = Select(table=KIND, columns=(Column(name="p", formula=TEXT, each="raw"),), by=("machine",))
        (frame,) = await store.query(raw, Scope(begin=0, end=9, step=1))
        assert (frame.t, frame.values) == ([1, 2], {"p": ["a", "b"]})


async def test_a_point_written_again_takes_the_place_of_the_old_one_and_the_newest_account_is_known(influx) -> None:
    async with historian(influx) as store:
        assert await store.recorded("r") is None
        await store.record([account(5, APT=1), account(5, APT=2), account(7, machine="B 1", APT=9)])
        line = ("works", "r", "a", "l", "none")
        await store.record([Point("line_account", at, line, {"elapsed": at}) for at in (100, 300, 200)])
        await store.flush()
        assert await store.recorded("r") == 300
        assert await store.recorded("other") is None
        with pytest.raises(ValueError, match="has no field nonsense"):
            await store.record([account(1, nonsense=1)])
        with pytest.raises(ValueError, match="no table"):
            await store.record([Point("nonsense", 1, (), {})])
    assert [(row["time"], row["APT"]) for row in influx.server.rows("account")] == [(5, 2), (7, 9)]
    async with historian(influx) as store:
        assert await store.recorded("r") == 300


# --- trouble ---------------------------------------------------------------------------------------------------------


def told(n: int) -> list:
    """Ten samples of each machine and a point."""
    return [block(range(10 * n, 10 * n + 10), path=path, type_=KIND, **{WHOLE: list(range(10))}) for path in PATHS]


def stored(influx) -> tuple[list[int], list[int]]:
    """Instants of samples and of points in the server."""
    return (
        [row["time"] for row in influx.server.rows(KIND, "shopfloor_raw")],
        [row["time"] for row in influx.server.rows("account")],
    )


def written(influx, bucket: str) -> list[int]:
    """Instants of lines in the order in which they were taken."""
    return [int(line.split()[-1]) for name, body in influx.shim.bodies if name == bucket for line in lines_of(body)]


async def loaded(influx, away: float) -> None:
    """The server is killed amid a load, is away for some seconds, and comes back."""
    writing = True
    n = 0
    loop = asyncio.get_running_loop()
    async with historian(influx) as store:

        async def load() -> None:
            nonlocal n
            while writing:
                await store.append(told(n))
                await store.record([account(n, APT=n)])
                n += 1
                await asyncio.sleep(0.005)

        loading = asyncio.create_task(load())
        await until(lambda: store.health.stored > 1000)
        await asyncio.to_thread(influx.server.kill)
        killed = loop.time()
        await until(lambda: store.trouble and loop.time() > killed + away, away + 60)
        assert "is away" in store.trouble
        with pytest.raises(StoreError, match="is away"):
            await store.latest("r", PATHS[0])
        assert store.health.backlog > 100 * away
        await asyncio.to_thread(influx.server.start)
        await until(lambda: not store.trouble)
        writing = False
        await loading
        await store.flush()
        assert store.health == (31 * n, 0, 0)
        assert set(store.stored("r").values()) == {10 * n - 1}
    assert stored(influx) == (sorted([*range(10 * n)] * 3), list(range(n)))
    raw, points = written(influx, "shopfloor_raw"), written(influx, "shopfloor")
    assert points == list(range(n)), "in order, and each once"
    assert raw[::30] == sorted(raw[::30])
    assert not list(influx.folder.glob("*.lp"))


async def test_a_server_that_is_killed_amid_a_load_loses_nothing_and_gets_all_in_order(influx) -> None:
    await loaded(influx, 6.0)


@pytest.mark.slow
async def test_a_server_may_be_away_for_a_minute(influx) -> None:
    await loaded(influx, 60.0)


async def test_what_waits_survives_a_restart_of_ours(influx, caplog) -> None:
    async with historian(influx) as store:
        await store.append(told(0))
        await store.flush()
        influx.server.kill()
        await store.append(told(1))
        line = ("works", "r", "a", "l", "none")
        await store.record([account(1, APT=1), Point("line_account", 7, line, {"elapsed": 7})])
        with pytest.raises(StoreError):
            await store.flush()
    assert "32 rows wait in" in caplog.text
    async with historian(influx) as store:
        assert store.health == (0, 32, 0)
        assert await store.recorded("r") == 7
        with pytest.raises(StoreError, match="is away"):
            await store.recorded("other")
        assert store.stored("r") == dict.fromkeys(PATHS, 19)
        await store.append(told(2))
        await asyncio.to_thread(influx.server.start)
        await until(lambda: not store.health.backlog)
        assert store.health == (62, 0, 0)
    assert stored(influx) == (sorted([*range(30)] * 3), [1])
    assert written(influx, "shopfloor_raw") == [t for n in range(3) for _ in PATHS for t in range(10 * n, 10 * n + 10)]


async def test_a_process_that_is_killed_loses_no_row_older_than_a_moment(influx) -> None:
    store = historian(influx)
    await store.__aenter__()
    influx.shim.trouble = "hang"
    await store.append(told(0))
    await until(lambda: store._spool.rows == 30)
    for task in store._tasks:  # nothing of what a clean end does
        task.cancel()
    influx.shim.trouble = None
    influx.shim.released.set()
    await asyncio.to_thread(store._sending.shutdown)
    async with historian(influx) as again:
        await again.flush()
    assert stored(influx)[0] == sorted([*range(10)] * 3)
    store._sender.server.close()


@pytest.mark.parametrize(
    ("trouble", "text"),
    [
        (401, "refuses the token (401): put one that may read and write the buckets shopfloor and shopfloor_raw"),
        (404, "has no bucket shopfloor_raw of organisation shopfloor (404: bucket not found): create it"),
        (500, "does not work (500): engine: out of luck"),
        (503, "does not work (503): busy"),
        ("hang", "is away"),
    ],
)
async def test_a_server_that_takes_nothing_is_told_of_and_gets_all_later(influx, caplog, trouble, text) -> None:
    caplog.set_level("DEBUG")
    influx.shim.trouble = trouble
    async with historian(influx, patience=0.5) as store:
        await store.append(told(0))
        with pytest.raises(StoreError) as error:
            await store.latest("r", PATHS[0])
        assert text in str(error.value)
        await until(lambda: text in store.trouble)
        assert store.health == (0, 30, 0)
        influx.shim.trouble = None
        influx.shim.released.set()
        await until(lambda: not store.health.backlog)
        assert "again" in caplog.text
    assert text in caplog.text
    assert TOKEN not in caplog.text + str(error.value) + repr(influx.address)
    assert TOKEN not in "".join(file.read_text(errors="replace") for file in influx.folder.glob("*"))
    assert stored(influx)[0] == sorted([*range(10)] * 3)


async def test_without_a_token_the_text_says_so(influx) -> None:
    influx.shim.trouble = 401
    async with InfluxHistorian(PLANT, InfluxAddress(url=influx.shim.url), influx.folder) as store:
        await store.append(told(0))
        with pytest.raises(StoreError, match=r"wants a token \(401\): put one .* into INFLUXDB_TOKEN"):
            await store.flush()


async def test_lines_that_are_never_taken_are_kept_apart_and_the_others_are_stored(influx, caplog) -> None:
    async with historian(influx) as store:
        await store.append([block([1], path=PATHS[0], type_=KIND, odd=[1.5])])
        await store.flush()
        values = ["text" if n in {3, 40, 41} else n for n in range(50)]
        blocks = [block([100 + n], path=PATHS[0], type_=KIND, odd=[value]) for n, value in enumerate(values)]
        await store.append(blocks)
        await store.flush()
        assert store.health == (48, 0, 3)
        assert not store.trouble
    assert "3 rows are given up" in caplog.text
    wanted = [1, *(100 + n for n, value in enumerate(values) if value != "text")]
    assert stored(influx)[0] == wanted
    dead = (influx.folder / "dead-letters.lp").read_text().splitlines()
    assert [line.split()[-1] for line in dead[1::2]] == ["103", "140", "141"]
    assert all(line.startswith("# ") and "field type conflict" in line for line in dead[::2])


async def test_rows_older_than_the_server_keeps_are_counted_and_hold_up_nobody(influx) -> None:
    influx.server.ask("CREATE RETENTION POLICY short ON shopfloor_raw DURATION 1h REPLICATION 1 DEFAULT")
    async with historian(influx) as store:
        await store.append(told(0))
        await store.record([account(1, APT=1)])
        await store.flush()
        assert store.health == (1, 0, 30)
    assert stored(influx) == ([], [1])
    assert not (influx.folder / "dead-letters.lp").exists()


async def test_beyond_the_bound_of_the_spool_old_telemetry_goes_and_points_stay(influx) -> None:
    influx.server.kill()
    async with historian(influx, bound=20_000) as store:
        for n in range(100):
            await store.append(told(n))
            await store.record([account(n, APT=n)])
            await store._write_down()
        assert store.health.dropped > 1000
        assert store.health.backlog + store.health.dropped == 3100
        await asyncio.to_thread(influx.server.start)
        await store.flush()
    samples_, points = stored(influx)
    assert points == list(range(100))
    assert samples_ == sorted([*range(1000 - len(samples_) // 3, 1000)] * 3)
