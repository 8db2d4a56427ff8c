"""The AI4I 2020 rules: row by row where the public table follows them, by shares where they are random."""

import csv
import json
import math
from pathlib import Path

import numpy as np
import pytest

from simulators.ai4i import (
    AIR,
    FAILURE,
    MODES,
    PROCESS,
    SHARES,
    SPEED,
    STRAIN,
    TORQUE,
    TYPE,
    TYPES,
    WEAR,
    WEAR_MIN,
    generate,
    judge,
)

FILE = json.loads((Path(__file__).parents[1] / "vectors" / "sensors-vectors.json").read_text(encoding="utf-8"))
ROWS = next(vector for vector in FILE["vectors"] if vector["id"] == "ai4i.rows")["in"]["rows"]

PUBLISHED = {"TWF": 51, "HDF": 115, "PWF": 95, "OSF": 98, "RNF": 5}
IN_THE_TABLE = {"TWF": 46, "HDF": 115, "PWF": 95, "OSF": 98, "RNF": 19}


@pytest.fixture(scope="module")
def public(recordings) -> dict[str, np.ndarray]:
    """The public table, by its column names."""
    file = recordings / "ai4i-2020" / "ai4i2020.csv"
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    numbers = {name: np.array([float(row[name]) for row in rows]) for name in (AIR, PROCESS, SPEED, TORQUE, WEAR)}
    flags = {name: np.array([int(row[name]) for row in rows]) for name in (FAILURE, *MODES)}
    return {TYPE: np.array([row[TYPE] for row in rows]), **numbers, **flags}


def judged(table):
    names = {"kind": TYPE, "air": AIR, "process": PROCESS, "speed": SPEED, "torque": TORQUE, "wear": WEAR}
    return judge(**{argument: table[name] for argument, name in names.items()})


def test_rows_of_the_vector_are_judged_as_they_are_listed():
    columns = {TYPE: "type", AIR: "Ta_K", PROCESS: "Tp_K", SPEED: "n_rpm", TORQUE: "M_Nm", WEAR: "wear_min"}
    flags = judged({name: np.array([row[key] for row in ROWS]) for name, key in columns.items()})
    found = [[mode for mode in ("HDF", "PWF", "OSF") if flags[mode][i]] for i in range(len(ROWS))]
    assert found == [row["flags"] for row in ROWS]
    for row in ROWS:
        assert row["M_Nm"] * row["n_rpm"] * math.pi / 30 == pytest.approx(row["P_W"], rel=1e-6)
        assert row["wear_min"] * row["M_Nm"] == pytest.approx(row["OSF_product"], rel=1e-6)


def test_the_public_table_follows_the_rules_row_by_row(public):
    flags = judged(public)
    for mode, count in (("HDF", 115), ("PWF", 95), ("OSF", 98)):
        np.testing.assert_array_equal(flags[mode], public[mode] == 1)
        assert flags[mode].sum() == count


def test_the_public_table_has_the_relation_of_speed_and_torque_that_we_take(public):
    """Residuals of 10 000 rows: mean within 4 standard errors of 0, their spread within 4 of 50."""
    usual = public[TORQUE] > 13
    residual = (public[SPEED] - 1000 - 20_000 / public[TORQUE])[usual]
    assert abs(residual.mean()) < 4 * 50 / math.sqrt(residual.size)
    assert residual.std() == pytest.approx(50, abs=4 * 50 / math.sqrt(2 * residual.size))
    light = public[TORQUE] < 11
    assert np.max(np.abs(public[SPEED] - 3000 + 30 * public[TORQUE])[light]) <= 2


def test_the_wear_of_a_row_is_set_by_the_type_of_the_row_before(public):
    for table in (public, generate(10_000, 7)):
        steps = np.select([table[TYPE] == name for name in TYPES], WEAR_MIN)
        grown, after = table[WEAR][:-1] + steps[:-1], table[WEAR][1:]
        changed = after != grown
        assert np.all(after[changed] == 0)
        assert np.all(table[WEAR][:-1][changed] >= 198)
        assert np.all(np.isin(np.flatnonzero(table["TWF"]), np.flatnonzero(changed))), "a tool that failed is changed"


# Tables of our own

TABLES = 100
N = 10_000


@pytest.fixture(scope="module")
def tables():
    return [generate(N, seed) for seed in range(TABLES)]


def interval(n, p, beyond=0.0005):
    """Counts that a binomial number leaves with no more than this probability on either side."""
    logs = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in range(n + 1)]
    share = [math.exp(log + k * math.log(p) + (n - k) * math.log1p(-p)) for k, log in enumerate(logs)]
    below = np.cumsum(share)
    return int(np.searchsorted(below, beyond)), int(np.searchsorted(below, 1 - beyond))


@pytest.mark.parametrize("mode", MODES)
def test_failures_are_as_frequent_as_published(tables, mode):
    """The published count of 10 000 rows, as a binomial number with the share that 100 tables of ours have together.

    Each side is left with 0.05 %. Rows fail by heat in long stretches, as the temperatures walk: such counts spread
    far wider (a standard deviation of about 57 between tables), so it takes many tables to know their share at all.
    What is binomial about them is the next test.
    """
    share = sum(int(table[mode].sum()) for table in tables) / (TABLES * N)
    low, high = interval(N, share)
    assert low <= PUBLISHED[mode] <= high
    assert low <= IN_THE_TABLE[mode] <= high


def test_slow_rows_among_the_badly_cooled_are_as_frequent_as_in_the_public_table(tables, public):
    """Given the walks, each badly cooled row fails if it is slow: a binomial number."""
    slow = sum(int((table[SPEED] < 1380).sum()) for table in tables) / (TABLES * N)
    for table in (public, *tables):
        cold = int((table[PROCESS] - table[AIR] < 8.6).sum())
        if cold:
            low, high = interval(cold, slow)
            assert low <= table["HDF"].sum() <= high


def test_types_temperatures_and_torque_are_as_published(tables):
    """Shares and means within 4 standard errors; walks are scaled, so that their spread is exact but for printing."""
    for name, share in zip(TYPES, SHARES, strict=True):
        count = sum(int((table[TYPE] == name).sum()) for table in tables)
        assert count / (TABLES * N) == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / (TABLES * N)))
    torque = np.concatenate([table[TORQUE] for table in tables])
    assert torque.mean() == pytest.approx(40, abs=4 * 10 / math.sqrt(torque.size))
    assert torque.std() == pytest.approx(10, abs=4 * 10 / math.sqrt(2 * torque.size))
    for table in tables:
        assert table[AIR].mean() == pytest.approx(300, abs=0.01)
        assert table[AIR].std() == pytest.approx(2, abs=0.01)
        warmer = table[PROCESS] - table[AIR]
        assert warmer.mean() == pytest.approx(10, abs=0.01)
        assert warmer.std() == pytest.approx(1, abs=0.01)
        assert np.corrcoef(table[AIR][:-1], table[AIR][1:])[0, 1] > 0.99
        assert np.corrcoef(table[SPEED], table[TORQUE])[0, 1] == pytest.approx(-0.875, abs=0.02)


def test_flags_of_a_table_are_its_rules(tables):
    for table in tables[:3]:
        for mode, flags in judged(table).items():
            np.testing.assert_array_equal(table[mode], flags)
        np.testing.assert_array_equal(table[FAILURE], np.max([table[mode] for mode in MODES], axis=0))
        assert np.all(table[WEAR][table["TWF"] == 1] >= 200)
        assert table[WEAR].max() < 240 + max(WEAR_MIN)


def test_a_table_is_a_function_of_its_seed_and_rows():
    first, again, other = generate(500, 3), generate(500, 3), generate(500, 4)
    assert [*first] == [TYPE, AIR, PROCESS, SPEED, TORQUE, WEAR, FAILURE, *MODES]
    for name, column in first.items():
        np.testing.assert_array_equal(column, again[name])
        assert column.shape == (500,)
    assert not np.array_equal(first[TORQUE], other[TORQUE])
    assert generate(2, 0)[WEAR].tolist()[0] == 0
    with pytest.raises(ValueError, match="at least 2"):
        generate(1, 0)


def test_a_type_that_nobody_knows_bears_anything():
    kind = np.array(["L", "M", "H", "X"])
    table = {name: np.full(4, 300.0) for name in (AIR, PROCESS, SPEED, WEAR)}
    for strain, bears in zip(STRAIN, ([1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0]), strict=True):
        found = judged({**table, TYPE: kind, TORQUE: np.full(4, strain / 300 * 1.01)})["OSF"]
        np.testing.assert_array_equal(found, bears)
        found = judged({**table, TYPE: kind, TORQUE: np.full(4, strain / 300 * 0.99)})["OSF"]
        assert found.sum() == sum(bears) - 1
