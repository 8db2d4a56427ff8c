"""Questions about telemetry say what the samples say; and where only minutes are left, what these say."""

import asyncio
import math

import pytest
from blocks import block
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.description import Plant
from plant.time import DAY, MINUTE, SECOND
from twin import DuckDbHistorian, Retention
from twin.select import Column, Condition, Frame, Scope, Select
from twin.tables import tables_of

PLANT = Plant.model_validate(
    {
        "plant": "site",
        "lines": [
            {
                "name": "l",
                "stations": [
                    {"name": "A", "type": "machining-center", "cycle_time": "9 s", "machines": 2},
                    {"name": "B", "type": "machining-center", "cycle_time": "9 s", "buffer": 1},
                ],
            }
        ],
    }
)
TYPE = "machining-center"
TAGS = [tag for tag, about in tables_of(PLANT)[TYPE].fields.items() if about.datatype == "float"][:2]
TEXTS = [tag for tag, about in tables_of(PLANT)[TYPE].fields.items() if about.datatype == "text"]
PATHS = {"A 1": "main/l/A/1", "A 2": "main/l/A/2", "B": "main/l/B"}
BEGIN = 20_000 * DAY
EACH = ("sum", "mean", "min", "max", "first", "last", "count")

SAMPLES = st.dictionaries(
    st.tuples(st.sampled_from(["r", "s"]), st.sampled_from([*PATHS]), st.integers(0, 40)),
    st.tuples(*(st.none() | st.floats(-1e6, 1e6) for _ in TAGS)),
    max_size=60,
)


def asked_for(**more) -> Select:
    columns = [Column(name=f"{each} {tag}", formula=tag, each=each) for tag in TAGS for each in EACH]
    return Select(table=TYPE, columns=tuple(columns), **more)


async def append(store: DuckDbHistorian, samples: dict, step: int = SECOND) -> None:
    for (run, machine, k), values in sorted(samples.items()):
        columns = {tag: [value] for tag, value in zip(TAGS, values, strict=True)}
        await store.append([block([BEGIN + k * step], path=PATHS[machine], type_=TYPE, run=run, **columns)])


def told(values: list[tuple[int, float]], each: str) -> float | None:
    numbers = [value for _, value in values]
    if not numbers:
        return None
    match each:
        case "sum" | "mean":
            return math.fsum(numbers) / (len(numbers) if each == "mean" else 1)
        case "count":
            return len(numbers)
        case "min" | "max":
            return min(numbers) if each == "min" else max(numbers)
    when = min(values)[0] if each == "first" else max(values)[0]
    return max(value for t, value in values if t == when)


@given(SAMPLES, st.sampled_from([(), ("machine",), ("station",), ("run", "line", "machine")]), st.integers(1, 12))
@settings(max_examples=40)
def test_rows_of_telemetry_are_put_together_like_points(samples, by, step) -> None:
    scope = Scope(begin=BEGIN + 2 * SECOND, end=BEGIN + 38 * SECOND, step=step * SECOND, chosen={"line": ("l",)})
    select = asked_for(by=by, bucket="auto", where=(Condition(name="machine", value="A 2", op="!="),))

    async def run() -> list[Frame]:
        async with DuckDbHistorian(plant=PLANT) as store:
            await append(store, samples)
            return await store.query(select, scope)

    found = {
        (tuple(frame.labels.values()), t, name): column[i]
        for frame in asyncio.run(run())
        for name, column in frame.values.items()
        for i, t in enumerate(frame.t)
        if column[i] is not None
    }
    groups: dict[tuple, dict] = {}
    for (run_, machine, k), values in samples.items():
        said = {"run": run_, "line": "l", "machine": machine, "station": machine[0]}
        if 2 <= k < 38 and machine != "A 2":
            at = (BEGIN + k * SECOND) // scope.step * scope.step
            group = groups.setdefault((tuple(said[label] for label in by), at), {tag: [] for tag in TAGS})
            for tag, value in zip(TAGS, values, strict=True):
                if value is not None:
                    group[tag].append((k, value))
    wanted = {
        (key, at, f"{each} {tag}"): told(group[tag], each)
        for (key, at), group in groups.items()
        for tag in TAGS
        for each in EACH
        if group[tag]
    }
    assert found.keys() == wanted.keys()
    for place, value in found.items():
        assert value == pytest.approx(wanted[place], rel=1e-12, abs=1e-6), place


async def test_where_samples_were_dropped_minutes_answer(tmp_path) -> None:
    samples = {("r", machine, k): (float(k % 17), None) for machine in PATHS for k in range(0, 7200, 10)}
    scope = Scope(begin=BEGIN, end=BEGIN + 2 * DAY, step=10 * MINUTE)
    select = asked_for(by=("machine",), bucket="auto")
    async with DuckDbHistorian(tmp_path, plant=PLANT, retention=Retention(raw=DAY)) as store:
        await append(store, samples)
        before = await store.query(select, scope)
        await append(store, {("r", "B", 2 * 86_400): (1.0, None)})
        await store.flush()
        while (await store.kept()).raw.files > 1:
            await asyncio.sleep(0.05)
        after = await store.query(select, scope)
        raw = Select(table=TYPE, columns=(Column(name="x", formula=TAGS[0], each="raw"),), by=("machine",), limit=2)
        rows = await store.query(raw, scope)
    assert [frame.labels for frame in before] == [frame.labels for frame in after] == [{"machine": m} for m in PATHS]
    for one, other in zip(before, after, strict=True):
        assert one.t == other.t
        for name, column in one.values.items():
            if name.endswith(TAGS[1]):
                assert column == other.values[name] == [None] * len(one.t)
            elif not name.startswith("first"):  # of a minute it is the last of its first minute
                assert other.values[name] == pytest.approx(column, rel=1e-12), name
    assert rows[0].t == [BEGIN + 7080 * SECOND, BEGIN + 7140 * SECOND]


@pytest.mark.skipif(not TEXTS, reason="this type tells no texts")
async def test_texts_have_a_first_and_a_last_one() -> None:
    select = Select(
        table=TYPE,
        columns=tuple(Column(name=each, formula=TEXTS[0], each=each) for each in ("first", "last", "count")),
        by=("machine",),
    )
    async with DuckDbHistorian(plant=PLANT) as store:
        for k, word in enumerate(("one", None, "three", "four")):
            values = {TEXTS[0]: [word]} if word else {TAGS[0]: [1.0]}
            await store.append([block([BEGIN + k], path=PATHS["B"], type_=TYPE, **values)])
        (frame,) = await store.query(select, Scope(begin=BEGIN, end=BEGIN + 3, step=1))
        assert frame.values == {"first": ["one"], "last": ["three"], "count": [2]}
        assert frame.t == [BEGIN]
        assert await store.query(asked_for(), Scope(begin=0, end=9, step=1)) == []
