"""Draws of compiled code equal those of the plant language to the last bit."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.distributions import KINDS, Distribution, constant
from plant.draws import Stream
from simulators.compiled import draws
from simulators.compiled.draws import Draw, draw, give_key, made, uniform
from simulators.compiler.program import Program
from tests.support.distributions import distributions

COUNTERS = st.one_of(st.integers(0, 1000), st.integers(0, 2**40))


def keyed(distribution: Distribution, seed: int, path: str, purpose: str) -> Draw:
    drawn = made(distribution)
    give_key(drawn, seed, path, purpose)
    return drawn


def equal(distribution: Distribution, seed: int, path: str, k: int) -> None:
    assert draw(keyed(distribution, seed, path, "cycle"), k) == distribution.draw(Stream(seed, path, "cycle"), k)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data(), seed=st.integers(0, 2**63), path=st.sampled_from(["l/A", "l/A/1/spindle", ""]), k=COUNTERS)
def test_a_draw_is_that_of_the_distribution(kind: str, data: st.DataObject, seed: int, path: str, k: int) -> None:
    equal(data.draw(distributions(kind)), seed, path, k)


@given(st.integers(0, 2**63), COUNTERS)
def test_a_uniform_number_is_that_of_the_stream(seed: int, k: int) -> None:
    assert uniform(keyed(constant(0), seed, "l/A", "way"), k) == Stream(seed, "l/A", "way").uniform(k)


def test_every_kind_is_known() -> None:
    assert list(draws.KINDS) == list(KINDS)


@pytest.mark.parametrize("success", [1.0, 0.999999, 1e-9])
def test_the_ends_of_the_geometric_distribution(success: float) -> None:
    for k in range(200):
        equal(Distribution(kind="geometric", parameters=(success,), text=""), 1, "l/A", k)


@pytest.fixture(scope="module")
def code() -> Program:
    return Program([draw])


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30)
@given(data=st.data(), seed=st.integers(0, 2**63))
def test_machine_code_draws_the_same(code: Program, kind: str, data: st.DataObject, seed: int) -> None:
    distribution = data.draw(distributions(kind))
    memory = code.memory(keyed(distribution, seed, "l/A", "cycle"), 1 << 14)
    stream = Stream(seed, "l/A", "cycle")
    for k in (*range(50), 2**40):
        assert code.run(draw, memory, k) == distribution.draw(stream, k)
