"""Commands, plant files and outputs that the documentation shows are the real ones.

In a page a block that begins with "yaml NAME" is a file of that name; in one that begins with "console" lines after `$`
are commands. Offline commands with output shown are run, where `…` stands for anything; of all others the options are
checked.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperOption
from typer.testing import CliRunner

from plant.loader import load_plant
from shopfloor.cli import app

ROOT = Path(__file__).parent.parent
OFFLINE = {"dashboards", "check", "simulate", "schema"}
COMMANDS = typer.main.get_command(app)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "benchmarks" / "README.md"]


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """What stands behind the opening fence, and the text, of each block of code of a page."""
    lines = iter(page.read_text(encoding="utf-8").splitlines())
    for line in lines:
        if line.startswith("```"):
            text = takewhile(lambda one: one.rstrip() != "```", lines)
            yield line.removeprefix("```").strip(), "".join(f"{one}\n" for one in text)


def files(page: Path) -> Iterator[tuple[str, str]]:
    """Name, or nothing, and text of each file in YAML."""
    return ((info.removeprefix("yaml").strip(), text) for info, text in blocks(page) if info.startswith("yaml"))


def shown(page: Path) -> Iterator[tuple[str, str]]:
    """Each command of a page and the output shown below it."""
    for info, text in blocks(page):
        if info == "console":
            for entry in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, _, output = entry.partition("\n")
                yield command, output
        elif not info:
            yield from ((line, "") for line in text.splitlines())


def ours(command: str) -> list[str] | None:
    """Arguments of `shopfloor` in a command line, none if it calls something else."""
    if "shopfloor" not in command:
        return None
    words = shlex.split(command, comments=True)
    if ">" in words:
        words = words[: words.index(">")]
    before = [["uv", "run", "shopfloor"], ["pip", "install", "uv", "&&", "uv", "run", "shopfloor"], ["shopfloor"]]
    return next((words[len(start) :] for start in before if words[: len(start)] == start), None)


def all_commands() -> list:
    found = [(page, command, ours(command)) for page in PAGES for command, _ in shown(page)]
    return [
        pytest.param(arguments, id=f"{page.relative_to(ROOT)}: {command}"[:120])
        for page, command, arguments in found
        if arguments is not None
    ]


@pytest.mark.parametrize("arguments", all_commands())
def test_a_command_that_is_shown_exists_with_its_options(arguments):
    result = CliRunner().invoke(app, [*(word for word in arguments if word != "--debug"), "--help"])
    assert result.exit_code == 0, result.output  # with --help nothing is run, but an unknown option is refused


@pytest.fixture
def desk(request, tmp_path) -> Path:
    """A folder with the files of a page and the examples."""
    for name, text in files(request.param):
        if name:
            (tmp_path / name).write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


def matches(expected: str, output: str) -> bool:
    """Whether an output is the expected one, where … stands for anything, spaces at ends of lines left out."""
    lines = [re.sub(r"[ \t]*…[ \t]*", "…", line.rstrip()) for line in expected.strip().splitlines()]
    pattern = "\n".join(lines)
    pattern = re.escape(pattern).replace("…\n", "…\n?").replace("…", r"(?:.|\n)*?")
    return re.fullmatch(pattern, "\n".join(line.rstrip() for line in output.strip().splitlines())) is not None


def pages_with_output() -> list[Path]:
    return [page for page in PAGES if any(output for _, output in shown(page))]


@pytest.mark.parametrize("desk", pages_with_output(), indirect=True, ids=lambda page: page.stem)
def test_outputs_that_are_shown_are_the_real_ones(desk, request):
    page = request.node.callspec.params["desk"]
    environment = {**os.environ, "COLUMNS": "140", "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}
    ran = 0
    for command, expected in shown(page):
        arguments = ours(command)
        if not expected or arguments is None or arguments[0] not in OFFLINE:
            continue
        result = subprocess.run(
            [sys.executable, "-m", "shopfloor", *arguments],
            cwd=desk, env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        output = result.stdout + result.stderr
        assert matches(expected, output), f"$ {command}\n{output}"
        ran += 1
    assert ran


@pytest.mark.parametrize("page", [page for page in PAGES if any(files(page))], ids=lambda page: page.stem)
def test_plant_files_that_are_shown_can_be_used(page, tmp_path):
    for number, (name, text) in enumerate(files(page)):
        if not text.startswith("plant:") or name.startswith("wrong"):
            continue
        file = tmp_path / (name or f"block-{number}.yaml")
        file.write_text(text, encoding="utf-8")
        load_plant(file)


def every_command(group, before: str = "") -> dict:
    """Commands by their words, those of groups too."""
    found = {}
    for name, command in group.commands.items():
        inner = hasattr(command, "commands")
        found |= every_command(command, f"{before}{name} ") if inner else {f"{before}{name}": command}
    return found


@pytest.mark.parametrize("name", sorted(every_command(COMMANDS)))
def test_the_reference_of_the_command_line_has_every_command_and_option(name):
    text = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    section = re.search(rf"^## `shopfloor {name}\b.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert section is not None
    options = [option for option in every_command(COMMANDS)[name].params if isinstance(option, TyperOption)]
    flags = [max(option.opts, key=len) for option in options]
    assert [flag for flag in flags if f"`{flag}" not in section[0] and flag != "--help"] == []
    assert set(re.findall(r"^\| `(--[a-z-]+)", section[0], re.MULTILINE)) <= set(flags)
