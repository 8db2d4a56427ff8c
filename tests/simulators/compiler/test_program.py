"""Machine code is made once, kept, and made anew when anything that it depends on has changed."""

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from simulators.compiler.kinds import CompileError, node_of, source
from simulators.compiler.language import Record, Row
from simulators.compiler.module import Module
from simulators.compiler.program import Program
from tests.simulators.compiler import words
from tests.simulators.compiler.test_language import box


def test_the_second_program_comes_from_the_folder(tmp_path: Path) -> None:
    assert not Program([words.whole], tmp_path).kept
    again = Program([words.whole], tmp_path)
    assert again.kept
    memory = again.memory(box(a=5, b=3))
    assert again.run(words.whole, memory) == words.whole(box(a=5, b=3))


def test_code_that_is_damaged_is_made_again(tmp_path: Path) -> None:
    Program([words.whole], tmp_path)
    (code,) = tmp_path.glob("*.o")
    code.write_bytes(b"nonsense")
    assert not Program([words.whole], tmp_path).kept


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert not Program([words.whole], file / "folder").kept


TEXT = """from simulators.compiler.language import Record
class Thing(Record):
    value: int = {}
def ask(thing: Thing) -> int:
    return {}
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path / "kernel_of_a_test.py"
    sys.modules.pop("kernel_of_a_test", None)


def loaded(file: Path, default: int, returned: str) -> Any:
    file.write_text(TEXT.format(default, returned))
    sys.modules.pop(file.stem, None)
    source.cache_clear()
    node_of.cache_clear()
    importlib.invalidate_caches()
    return importlib.import_module(file.stem)


def test_a_changed_source_is_compiled_anew(tmp_path: Path, module: Path) -> None:
    for default, returned, wanted in ((4, "thing.value", 4), (4, "thing.value + 1", 5), (6, "thing.value + 1", 7)):
        of = loaded(module, default, returned)
        program = Program([of.ask], tmp_path / "code")
        assert not program.kept
        assert program.run(of.ask, program.memory(of.Thing())) == wanted
    assert Program([of.ask], tmp_path / "code").kept


@pytest.mark.parametrize(
    ("returned", "why"),
    [
        ("thing.weight", "no field weight"),
        ("'text'", "no constant"),
        ("[1]", "no expression"),
        ("unknown", "there is no unknown"),
        ("1.5", "type float, wanted is int"),
        ("thing.value and 1", "wanted is bool"),
        ("thing.jump()", "no method jump"),
        ("sum(3)", "there is no sum"),
    ],
)
def test_what_is_no_part_of_the_language_is_told_with_file_and_line(module: Path, returned: str, why: str) -> None:
    of = loaded(module, 1, returned)
    with pytest.raises(CompileError) as wrong:
        Module().text([of.ask])
    assert why in str(wrong.value)
    assert f"{module}:5:" in str(wrong.value)


def test_an_entry_takes_whole_numbers_and_records_only() -> None:
    with pytest.raises(CompileError, match="whole numbers"):
        Module().text([words.even])


def test_row_and_record_are_plain_python() -> None:
    assert Row is list
    assert Record().__dict__ == {}
