"""Compiled code gives what the same source gives as plain Python, to the bit."""

import copy
import math
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulators.compiler.kinds import layout
from simulators.compiler.program import Program
from tests.simulators.compiler import words
from tests.simulators.compiler.words import ALL, Box, Node

SMALL = st.integers(-1000, 1000)
WHOLE = st.integers(-(2**40), 2**40)
REAL = st.floats(-1e6, 1e6)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return Program([*ALL, words.fills], tmp_path_factory.mktemp("code"))


def box(**given: Any) -> Box:
    made = Box()
    made.row, made.reals, made.truths, made.table = [1, 3, 99, 5], [0.5], [True], [[1, 2], [], [7]]
    made.other = Box()
    made.other.row, made.other.reals, made.other.truths, made.other.table = [], [], [], []
    made.other.other = made
    for name, value in given.items():
        setattr(made, name, value)
    return made


def bits(value: float) -> bytes:
    return struct.pack("d", value)


def compare(program: Program, function: Callable[[Box], int], given: Box) -> None:
    memory = program.memory(given, 1 << 16)
    found = program.run(function, memory)
    plain = copy.deepcopy(given)
    wanted = function(plain)
    assert found == wanted, function.__name__
    for name in ("whole", "real", "truth"):
        native = memory.read(memory.root, Box, name)
        assert bits(native) == bits(getattr(plain, name)), (function.__name__, name)
    assert memory.row(memory.read(memory.root, Box, "row")).tolist() == plain.row
    assert memory.row(memory.read(memory.root, Box, "reals")).view(float).tolist() == plain.reals


@settings(deadline=None, max_examples=150)
@given(a=WHOLE, b=WHOLE.filter(bool))
@example(a=-7, b=2)
@example(a=7, b=-2)
@example(a=-8, b=8)
def test_whole_numbers(program: Program, a: int, b: int) -> None:
    compare(program, words.whole, box(a=a, b=b))
    compare(program, words.divided, box(a=a, b=b))


@settings(deadline=None, max_examples=150)
@given(x=REAL | SMALL.map(lambda n: n / 2), y=REAL, a=SMALL)
def test_numbers(program: Program, x: float, y: float, a: int) -> None:
    compare(program, words.real, box(x=x, y=y, a=a))
    compare(program, words.mathematics, box(x=x, y=y))


@settings(deadline=None, max_examples=100)
@given(a=st.integers(-3, 12), b=st.integers(-3, 12), x=st.sampled_from([-1.0, 0.0, 1.5]), truth=st.booleans())
def test_choices(program: Program, a: int, b: int, x: float, truth: bool) -> None:  # noqa: FBT001
    compare(program, words.compared, box(a=a, b=b, x=x, y=1.5, truth=truth))


@settings(deadline=None, max_examples=50)
@given(a=st.integers(1, 30), b=st.integers(0, 30), row=st.lists(st.integers(-99, 99), max_size=9))
def test_loops_rows_records_and_circles(program: Program, a: int, b: int, row: list[int]) -> None:
    for function in (words.loops, words.records, words.rows, words.circles):
        compare(program, function, box(a=a, b=b, row=row))


@settings(deadline=None, max_examples=100)
@given(a=st.integers(0, 2**64 - 1), b=st.integers(0, 2**64 - 1))
def test_words_of_64_bits(program: Program, a: int, b: int) -> None:
    compare(program, words.words_of_64_bits, box(a=a, b=b))


def test_what_is_dropped_is_used_again_and_an_image_can_be_run_again(program: Program) -> None:
    memory = program.memory(box(a=20), 1 << 16)
    first = program.run(words.records, memory)
    used = int(memory.words[1])
    memory.reset()
    assert program.run(words.records, memory) == first
    assert int(memory.words[1]) == used


def test_memory_that_runs_out_is_noticed(program: Program) -> None:
    memory = program.memory(box(), 1 << 12)
    made = program.run(words.fills, memory)
    assert memory.full
    assert 0 < made * layout(Node).size <= (1 << 12) + layout(Node).size


def test_unsigned_words_and_numbers_lie_in_memory_as_they_are(program: Program) -> None:
    memory = program.memory(box(a=2**64 - 1, x=-math.pi), 1 << 12)
    assert memory.read(memory.root, Box, "a") == -1
    assert memory.read(memory.root, Box, "x") == -math.pi
