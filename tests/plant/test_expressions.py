"""Expressions of machine types: arithmetic over arrays, and nothing else."""

import doctest
import math
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant.errors import EntryError, PlantError
from plant.expressions import FUNCTIONS as ORDINARY
from plant.expressions import LONGEST, PHYSICS, REGISTERED, Expression
from plant.loader import load_plant
from plant.messages import Telemetry
from plant.time import DEFAULT_START, MINUTE
from simulators import Simulation, functions
from simulators.functions import FUNCTIONS, register
from simulators.physics import FUNCTIONS as COMPUTED
from simulators.physics import arity

SIGNALS = Path(__file__).parents[2] / "docs" / "guides" / "signals.md"
NUMBERS = st.floats(-100, 100).filter(lambda x: abs(x) > 1e-3)
LEAVES = st.sampled_from(["a", "b", "2", "0.5"])
TEXTS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} > {t[2]} else {t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"(abs({t[0]}) if {t[0]} < {t[1]} and not {t[1]} == 2 else {t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"max({t[0]}, {t[1]}, 0.5)"),
    ),
    max_leaves=12,
)


def of(text: str, **values: object) -> object:
    return Expression(text).of(FUNCTIONS, values)


@given(TEXTS, st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5))
def test_over_arrays_it_is_what_python_says_of_each_value(text: str, rows: list[tuple[float, float]]) -> None:
    a, b = (np.array(column) for column in zip(*rows, strict=True))
    found = np.broadcast_to(np.asarray(of(text, a=a, b=b), dtype=float), a.shape)
    told = [eval(text, {"max": max, "abs": abs}, {"a": x, "b": y}) for x, y in rows]  # noqa: S307  # texts of ours
    assert found.tolist() == [pytest.approx(float(value)) for value in told]


def test_names_are_told_in_order_and_functions_are_none() -> None:
    assert Expression("speed * max(load, 0) + load if speed > idle else 1").names == ("speed", "idle", "load")
    assert Expression("1 + 2").names == ()
    assert Expression(" a+  b ").canonical == Expression("a + b").canonical


def test_comparisons_may_be_chained() -> None:
    assert of("1 if 0 < x <= 2 else 0", x=np.array([0, 1, 2, 3])).tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("speed +", "is no expression"),
        ("__import__('os')", "no function __import__"),
        ("speed.real", "stands in an expression"),
        ("[1, 2]", "stands in an expression"),
        ("speed[0]", "stands in an expression"),
        ("lambda: 1", "stands in an expression"),
        ("(x := 1)", "stands in an expression"),
        ("'text'", "stands in an expression"),
        ("True", "stands in an expression"),
        ("sqr(2)", "did you mean sqrt"),
        ("sqrt(1, 2)", "sqrt is given 2 values"),
        ("max(1)", "2 or more values"),
        ("sqrt(x=1)", "function(value, value)"),
        ("1" * (LONGEST + 1), "characters"),
        ("(" * 900 + "1" + ")" * 900, "is no expression"),
        ("**" * 3, "is no expression"),
    ],
)
def test_what_is_no_arithmetic_is_refused(text: str, words: str) -> None:
    with pytest.raises(EntryError, match=words.replace("(", "\\(").replace(")", "\\)")):
        Expression(text)


def test_the_functions_that_may_be_called_are_those_that_are_computed() -> None:
    assert {name: arity(of) for name, of in COMPUTED.items()} == PHYSICS
    words = {"where", "both", "either", "opposite"}
    assert FUNCTIONS.keys() == ORDINARY.keys() | PHYSICS.keys() | words
    assert not ORDINARY.keys() & PHYSICS.keys()


def test_a_function_of_the_physics_is_called_by_its_name() -> None:
    assert of("roughness(0.2, r)", r=0.8) == pytest.approx(1e3 * 0.2**2 / (32 * 0.8))
    assert of("sqrt(x) + exp(0)", x=4.0) == pytest.approx(3.0)
    assert math.isnan(of("0 * nothing", nothing=math.nan))


def test_an_expression_goes_to_another_process_and_back() -> None:
    """Replications run in processes of their own, and plants bring expressions along."""
    again = pickle.loads(pickle.dumps(Expression("3 * x + max(x, 2)")))  # noqa: S301 our own bytes
    assert (again, again.names) == (Expression("3 * x + max(x, 2)"), ("x",))
    assert again.of(FUNCTIONS, {"x": 1.0}) == 5.0


# --- functions that a program adds ---------------------------------------------------------------------------------


@pytest.fixture
def registry() -> Iterator[None]:
    """The tables are as before after the test."""
    before = dict(FUNCTIONS)
    yield
    FUNCTIONS.clear()
    FUNCTIONS.update(before)
    REGISTERED.clear()


PLANT = """
plant: pumps
machine_types:
  pump:
    like: machine
    tags: {flow: {formula: "saturated(60 * working, 40)", unit: L/min, step: 0.01}}
lines: [{name: line, stations: [{name: A, type: pump, cycle_time: 50 s, load: 10 s}]}]
"""


@pytest.mark.usefixtures("registry")
def test_a_signal_is_what_a_registered_function_says(tmp_path) -> None:
    file = tmp_path / "pumps.yaml"
    file.write_text(PLANT, encoding="utf-8")
    with pytest.raises(PlantError, match="there is no function saturated"):
        load_plant(file)

    @register
    def saturated(flow, most):
        return most * np.tanh(flow / most)

    told = Simulation(load_plant(file)).advance(DEFAULT_START + 10 * MINUTE)
    seen = {value for _, message in told if isinstance(message, Telemetry) for value in message.v["flow"]}
    assert seen == {0.0, round(40 * math.tanh(1.5), 2)}
    with pytest.raises(EntryError, match="saturated is given 1 values; allowed: 2 values"):
        Expression("saturated(1)")


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("name", ["sqrt", "where", "roughness", "twice"])
def test_a_name_means_one_function(name: str) -> None:
    register(twice)
    register(twice)  # again is no harm: modules may be read twice
    other = lambda x: x  # noqa: E731
    other.__name__ = name
    with pytest.raises(ValueError, match=f"{name} is the name of another function"):
        register(other)
    assert of("twice(x)", x=4.0) == 8.0


def twice(x: float) -> float:
    return 2 * x


@pytest.mark.usefixtures("registry")
def test_a_function_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="is no name"):
        register(lambda x: x)


@pytest.mark.usefixtures("registry")
def test_the_example_of_registering_is_true() -> None:
    assert doctest.testmod(functions).failed == 0
    assert "saturated" in REGISTERED


@pytest.mark.usefixtures("registry")
def test_the_guide_registers_a_function() -> None:
    text = "".join(re.findall(r"^```pycon\n(.*?)^```", SIGNALS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
    told = doctest.DocTestParser().get_doctest(text, {}, SIGNALS.name, str(SIGNALS), 0)
    assert doctest.DocTestRunner().run(told).failed == 0
    assert "saturated" in REGISTERED
