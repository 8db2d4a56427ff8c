"""Designs hold what they promise, whatever the factors."""

from collections import Counter
from math import prod

from hypothesis import given
from hypothesis import strategies as st

from experiments.designs import full, latin_hypercube, one_at_a_time, short_names

FACTORS = st.dictionaries(
    st.sampled_from(["a.OP10.buffer", "a.OP20.buffer", "b.OP20.buffer", "wip_limit"]),
    st.lists(st.integers(0, 20), min_size=1, max_size=5, unique=True),
    min_size=1,
)


@given(factors=FACTORS)
def test_a_full_design_has_every_combination_once(factors) -> None:
    found = full(factors)
    assert len({tuple(one.settings.items()) for one in found}) == len(found) == prod(map(len, factors.values()))
    assert len({one.name for one in found}) == len(found)


@given(factors=FACTORS)
def test_one_at_a_time_changes_one_thing(factors) -> None:
    found = one_at_a_time(factors)
    assert [dict(one.settings) for one in found] == [{path: v} for path, levels in factors.items() for v in levels]


@given(factors=FACTORS, points=st.integers(2, 60), seed=st.integers(0, 2**32))
def test_a_hypercube_covers_the_levels_evenly(factors, points, seed) -> None:
    factors = {**factors, "each": list(range(points))}  # so that no two points are the same
    found = latin_hypercube(factors, points, seed)
    assert found == latin_hypercube(factors, points, seed)
    for path, levels in factors.items():
        counts = Counter(one.settings[path] for one in found)
        assert all(points // len(levels) <= counts[level] <= -(-points // len(levels)) for level in levels)


def test_true_is_not_one() -> None:
    assert len(full({"a.b": [1, True]})) == 2


@given(paths=st.sets(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(".".join), min_size=1))
def test_short_names_tell_paths_apart(paths) -> None:
    found = short_names(paths)
    assert len(set(found.values())) == len(paths)
    assert all(path.endswith(found[path]) for path in paths)
