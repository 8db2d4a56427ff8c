"""A question has one answer: that of DuckDB, of InfluxDB, and of an oracle that only knows what the words mean."""

import asyncio
import math
import numbers
import operator
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from influx_process import influxd
from influx_questions import answered, renew, write

from plant.time import SECOND
from twin import DuckDbHistorian
from twin.select import VARIABLES, Column, Condition, Frame, Scope, Select, field_of
from twin.tables import Field, Point, Table

GENERATED = (Phase.explicit, Phase.generate)  # to make an example smaller takes minutes: each opens a store
HEALTHY = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]

BEGIN = 1_800_000_000 * SECOND  # a multiple of a minute and of 20 minutes
STEP = 10 * SECOND

SIMPLE = Table(
    name="odd table",
    title="names that need care",
    labels=("plant", "run", "line", "machine", "the shift", "shift"),
    fields={
        "a": Field("int", "1", ""),
        "A": Field("int", "1", "differs by case only"),
        "b": Field("int", "1", ""),
        "x": Field("float", "1", ""),
        "said": Field("text", "", ""),
        "t": Field("int", "1", "called like the instant"),
    },
)
ODD = Table(
    name="line_status_a-b.c",
    title="names that are no names of variables",
    labels=("plant", "run", "line"),
    fields={"OP10.rate": Field("float", "1", ""), "OP 10-2.code": Field("int", "1", "")},
)
TABLES = {table.name: table for table in (SIMPLE, ODD)}
SAID = ("", "fine", "it's \"so\"", "\\", "déjà vu", "Z")
LABELS = {
    "plant": ("site",),
    "run": ("r1", "r2"),
    "line": ("line", "a-b.c"),
    "machine": ("", "OP10", "OP10 2", "it's", "ä,=b"),
    "the shift": ("", "early"),
    "shift": ("early", "late", "none"),
}


def same_frames(one: Sequence[Frame], other: Sequence[Frame], tolerance: float = 1e-9) -> None:
    """Whether two answers are the same: texts and times exactly, numbers to a share of them.

    Raises:
        AssertionError: they are not; it says where.
    """
    assert [frame.labels for frame in one] == [frame.labels for frame in other]
    for left, right in zip(one, other, strict=True):
        assert left.t == right.t, left.labels
        assert left.values.keys() == right.values.keys()
        for name, column in left.values.items():
            for at, mine, theirs in zip(left.t, column, right.values[name], strict=True):
                where = (left.labels, name, at, mine, theirs)
                if isinstance(mine, numbers.Real) and isinstance(theirs, numbers.Real):
                    assert math.isclose(mine, theirs, rel_tol=tolerance, abs_tol=1e-12), where
                else:
                    assert mine == theirs, where


WHOLE = st.integers(-5, 5) | st.integers(-(10**13), 10**13) | st.just(0)
REAL = st.sampled_from([0.0, 0.5, -1.25, 3.0, 1e9]) | st.floats(-1e6, 1e6).map(lambda v: round(v, 6))
# not too near to 0: InfluxDB has no word for the infinity that a quotient then makes
VALUES = {"int": WHOLE, "float": REAL, "text": st.sampled_from(SAID)}


def points_of(table: Table) -> st.SearchStrategy:
    fields = {name: VALUES[about.datatype] for name, about in table.fields.items()}
    all_of_them = st.fixed_dictionaries(fields)
    values = all_of_them | st.fixed_dictionaries({}, optional=fields).filter(bool)
    labels = st.tuples(*(st.sampled_from(LABELS[label]) for label in table.labels))
    at = st.integers(-1, 6).map(lambda k: BEGIN + k * STEP) | st.integers(-STEP, 6 * STEP).map(BEGIN.__add__)
    return st.builds(lambda at, labels, values: Point(table.name, at, labels, values), at, labels, values)


POINTS = st.lists(points_of(SIMPLE), min_size=3, max_size=40)
SUMS = ("a", "b", "A", "x", "t", "a + b", "a · 3 − x", "a · b", "a / 4")
FORMULAS = (*SUMS, "a / b", "a / (a + b)", "(a − b) / (b · t)", "x / a", "A / x")
COUNTED = ("a", "b", "A", "x", "t", "a / 4")  # a count is of one field
EACH = ("sum", "mean", "min", "max", "first", "last", "count")
columns = st.builds(
    lambda formula, each, scale: (formula, each, scale),
    st.sampled_from(FORMULAS),
    st.sampled_from(EACH),
    st.sampled_from([(1, 1), (1, 1_000_000), (3_600_000_000, 1), (1000, 7)]),
).filter(lambda column: column[1] != "count" or column[0] in COUNTED)
texts = st.tuples(st.just("said"), st.sampled_from(("first", "last", "count")), st.just((1, 1)))
raws = st.tuples(st.sampled_from(SUMS), st.just("raw"), st.just((1, 1)))
raw_texts = st.just(("said", "raw", (1, 1)))
conditions = st.sampled_from(
    [
        Condition(name="machine", value="it's"),
        Condition(name="machine", value="OP10", op="!="),
        Condition(name="machine", value="", op="!="),
        Condition(name="the shift", value="early"),
        Condition(name="run", value="$run_a"),
        Condition(name="shift", value="$shift"),
        Condition(name="a", value=0, op=">="),
        Condition(name="a", value=1_234_567, op="<"),
        Condition(name="b", value=0, op="!="),
        Condition(name="x", value=0.5, op="<="),
        Condition(name="x", value=1e-7, op=">"),
        Condition(name="said", value="it's \"so\""),
        Condition(name="said", value="\\", op="!="),
    ]
)


@st.composite
def selects(draw, table: Table = SIMPLE) -> Select:
    aggregated_ones = st.lists(columns | texts, min_size=1, max_size=4)
    chosen = draw(aggregated_ones | st.lists(raws | raw_texts, min_size=1, max_size=3))
    raw = chosen[0][1] == "raw"
    return Select(
        table=table.name,
        columns=tuple(
            Column(name=f"column {i}", formula=formula, each=each, scale=scale)
            for i, (formula, each, scale) in enumerate(chosen)
        ),
        by=tuple(draw(st.lists(st.sampled_from(table.labels), unique=True, max_size=3) | st.just(table.labels))),
        bucket=draw(st.sampled_from(["window", "auto", STEP, 7_000_003])),
        where=tuple(draw(st.just([]) | st.lists(conditions, max_size=2))),
        limit=draw(st.none() | st.integers(1, 5)) if raw else None,
    )


@st.composite
def scopes(draw) -> Scope:
    begin = BEGIN + draw(st.sampled_from([-STEP, 0, 1, STEP // 3]))
    values = {
        name: st.lists(st.sampled_from(LABELS[name]), unique=True, min_size=1).map(tuple) | st.just(())
        for name in VARIABLES
    }
    values["run_a"] = values["run"]
    return Scope(
        begin=begin,
        end=begin + draw(st.sampled_from([1, 2 * STEP, 5 * STEP, 7 * STEP, 9 * STEP])),
        step=draw(st.sampled_from([STEP, 3 * STEP, 777_777])),
        chosen=draw(st.just({}) | st.fixed_dictionaries({}, optional=values)),
    )


COMPARED = {
    "=": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip


def stored(points: Sequence[Point]) -> list[Point]:
    """What is left of points that were written in order."""
    found: dict[tuple, dict] = {}
    for point in points:
        found.setdefault((point.table, point.at, point.labels), {}).update(point.values)
    return [Point(*key, values) for key, values in found.items()]


def counts(point: Point, select: Select, table: Table, scope: Scope) -> bool:
    said = dict(zip(table.labels, point.labels, strict=True))
    if point.table != table.name or not scope.begin <= point.at < scope.end:
        return False
    asked = [(name, name) for name in VARIABLES if name in table.labels and name not in {c.name for c in select.where}]
    asked += [(c.name, c.value[1:]) for c in select.where if isinstance(c.value, str) and c.value.startswith("$")]
    for label, variable in asked:
        if variable in scope.chosen and said[label] not in (scope.chosen[variable] or ("",)):
            return False
    for condition in select.where:
        if isinstance(condition.value, str) and condition.value.startswith("$"):
            continue
        value = said[condition.name] if condition.name in said else point.values.get(condition.name)
        if value is None or not COMPARED[condition.op](value, condition.value):
            return False
    return True


def aggregated(each: str, name: str, rows: Sequence[Point]):
    told = [(point.at, point.values[name]) for point in rows if name in point.values]
    if not told:
        return None
    values = [value if isinstance(value, str) else Fraction(value) for _, value in told]
    match each:
        case "sum":
            return sum(values)
        case "mean":
            return sum(values) / len(values)
        case "min" | "max":
            return min(values) if each == "min" else max(values)
        case "count":
            return Fraction(len(values))
    when = min(t for t, _ in told) if each == "first" else max(t for t, _ in told)
    return max(value for (t, _), value in zip(told, values, strict=True) if t == when)


def computed(column: Column, parts: dict):
    if any(value is None for value in parts.values()):
        return None
    if column.plain:
        (value,) = parts.values()
        return value
    over, under = column.expression.over(parts), column.expression.under(parts) * column.scale[1]
    return None if under == 0 else over * column.scale[0] / Fraction(under)


def oracle(points: Sequence[Point], select: Select, table: Table, scope: Scope) -> list[Frame]:
    rows = [point for point in stored(points) if counts(point, select, table, scope)]
    groups = defaultdict(list)
    step = scope.step if select.bucket == "auto" else select.bucket
    for point in rows:
        said = dict(zip(table.labels, point.labels, strict=True))
        key = tuple(said[label] for label in select.by)
        at = point.at if select.raw else scope.begin if step == "window" else point.at // step * step
        groups[key].append((at, point))
    found = []
    for key, members in sorted(groups.items()):
        lines = []
        if select.raw:
            names = {name for column in select.columns for name in column.expression.names}
            known = [pair for pair in members if names & pair[1].values.keys()]
            known.sort(key=lambda pair: (-pair[0], pair[1].labels))
            for at, point in known[: select.limit]:
                each = [{n: _exact(point.values.get(n)) for n in c.expression.names} for c in select.columns]
                lines.append((at, [computed(c, parts) for c, parts in zip(select.columns, each, strict=True)]))
            lines.reverse()
        else:
            for at in sorted({at for at, _ in members}):
                inside = [point for when, point in members if when == at]
                lines.append(
                    (
                        at,
                        [
                            computed(c, {n: aggregated(c.each, n, inside) for n in c.expression.names})
                            for c in select.columns
                        ],
                    )
                )
        lines = [line for line in lines if any(value is not None for value in line[1])]
        if lines:
            values = {c.name: [line[1][i] for line in lines] for i, c in enumerate(select.columns)}
            labels = dict(zip(select.by, key, strict=True))
            found.append(Frame(labels=labels, t=[line[0] for line in lines], values=values))
    return found


def _exact(value):
    return value if value is None or isinstance(value, str) else Fraction(value)


def unambiguous(frames: Sequence[Frame], select: Select) -> list[Frame]:
    """Raw rows with those of one instant in one order, which nobody promises."""
    if not select.raw:
        return list(frames)
    found = []
    for frame in frames:
        rows = sorted(
            zip(frame.t, *frame.values.values(), strict=True),
            key=lambda row: (row[0], [(v is None, isinstance(v, str), v if v is not None else 0) for v in row[1:]]),
        )
        t, *told = zip(*rows, strict=True)
        values = {name: list(column) for name, column in zip(frame.values, told, strict=True)}
        found.append(Frame(labels=frame.labels, t=list(t), values=values))
    return found


def cut_between_ties(points: Sequence[Point], select: Select, table: Table, scope: Scope) -> bool:
    """Whether the limit of raw rows falls among rows of one instant: which of them are given nobody promises."""
    if not (select.raw and select.limit):
        return False
    whole = Select(**{**{name: getattr(select, name) for name in ("table", "columns", "by", "where")}, "limit": None})
    names = {name for column in select.columns for name in column.expression.names}
    times = defaultdict(list)
    for point in stored(points):
        if counts(point, whole, table, scope) and names & point.values.keys():
            said = dict(zip(table.labels, point.labels, strict=True))
            times[tuple(said[label] for label in select.by)].append(point.at)
    newest = [sorted(each, reverse=True) for each in times.values()]
    return any(len(each) > select.limit and each[select.limit - 1] == each[select.limit] for each in newest)


class Duck:
    """A historian in memory, whose tables are ours."""

    def __init__(self, folder=None) -> None:
        self.store = DuckDbHistorian(folder)
        self.store._tables = TABLES
        self.store._folder.tables = TABLES
        self.store._folder._points._tables = TABLES


def asked(points: Sequence[Sequence[Point]], *questions: tuple[Select, Scope]) -> list[list[Frame]]:
    async def run() -> list[list[Frame]]:
        async with Duck().store as store:
            for batch in points:
                await store.record(batch)
                await store.flush()
            return [await store.query(*question) for question in questions]

    return asyncio.run(run())


@given(POINTS, POINTS, selects(), scopes())
@settings(max_examples=100, phases=GENERATED)
def test_the_answer_in_sql_is_what_the_words_mean(first, second, select, scope) -> None:
    (told,) = asked([first, second], (select, scope))
    wanted = oracle([*first, *second], select, SIMPLE, scope)
    if cut_between_ties([*first, *second], select, SIMPLE, scope):
        return
    same_frames(unambiguous(told, select), unambiguous(wanted, select), tolerance=1e-12 if not select.raw else 1e-9)
    for frame in told:
        assert all(type(t) is int for t in frame.t)
        assert all(type(v) in {int, float, str, type(None)} for column in frame.values.values() for v in column)


def other_points(values: st.SearchStrategy) -> st.SearchStrategy:
    labels = st.tuples(*(st.sampled_from(LABELS[label]) for label in ODD.labels))
    at = st.integers(0, 5).map(lambda k: BEGIN + k * STEP)
    return st.builds(lambda at, labels, values: Point(ODD.name, at, labels, values), at, labels, values)


OTHERS = st.lists(
    other_points(st.fixed_dictionaries({"OP10.rate": REAL, "OP 10-2.code": st.integers(-5, 5)})), min_size=1, max_size=9
)
OTHER_QUESTION = Select(
    table=ODD.name,
    columns=tuple(
        Column(name=f"{each} {name}", formula=field_of(name), each=each)
        for name in ODD.fields
        for each in ("sum", "last", "max")
    ),
    by=("line",),
    bucket="auto",
)


@pytest.fixture(scope="module")
def server(influxd_program, tmp_path_factory):
    with influxd(influxd_program, tmp_path_factory.mktemp("influxd")) as running:
        yield running


@pytest.mark.influx
@given(POINTS, POINTS, st.lists(st.tuples(selects(), scopes()), min_size=1, max_size=8))
@settings(max_examples=40, phases=GENERATED, suppress_health_check=HEALTHY)
def test_influxdb_gives_the_same_answers(server, first, second, questions) -> None:
    renew(server)
    for batch in (first, second):
        write(server, batch, TABLES)
    for (select, scope), mine in zip(questions, asked([first, second], *questions), strict=True):
        if cut_between_ties([*first, *second], select, SIMPLE, scope):
            continue
        theirs = answered(server, select, SIMPLE, scope)
        same_frames(unambiguous(mine, select), unambiguous(theirs, select))


@pytest.mark.influx
@given(OTHERS, st.sampled_from([STEP, 3 * STEP]))
@settings(max_examples=10, phases=GENERATED, suppress_health_check=HEALTHY)
def test_names_that_need_care_are_the_same_fields_in_both(server, points, step) -> None:
    chosen = {"run": ("r1", "r2"), "line": ("a-b.c", "line")}
    scope = Scope(begin=BEGIN, end=BEGIN + 60 * STEP, step=step, chosen=chosen)
    renew(server)
    write(server, points, TABLES)
    (mine,) = asked([points], (OTHER_QUESTION, scope))
    assert mine
    same_frames(mine, answered(server, OTHER_QUESTION, ODD, scope))
