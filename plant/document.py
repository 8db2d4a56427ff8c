"""A YAML file that a person wrote: its values, and the line on which each of them stands.

Values are read in the manner of YAML 1.2: `yes`, `1:30` and `06:00` are texts, `010` is ten. What can be said about a
file before anybody knows what it should describe is said here: syntax, keys that stand twice or have no value, and a
distribution that flow brackets cut at its comma (rule 28 of the line rules).
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Never

import yaml

from plant.errors import PlantError, Problem, shown

Place = tuple[str | int, ...]
"""Way from the root of the tree to a value: keys of mappings, positions in lists from 0."""

NAMED_BY = ("name", "mode", "pool", "fleet", "order", "station", "tag", "process", "transport")
"""Keys by which people know the things in lists."""

SYNTAX = {  # PyYAML's words → ours, and where the mistake begins: at the problem itself or at its context
    "mapping values are not allowed": (
        "a colon where no key can stand",
        "one key per line (is a colon missing on the line above, or the indentation wrong?)",
        "problem",
    ),
    "could not find expected ':'": ("a key without a colon", "key: value", "context"),
    "expected <block end>": ("an entry that is not in line with its siblings", "siblings indented alike", "problem"),
    "expected ',' or '}'": ("an opening { without its }", "{key: value, key: value}", "context"),
    "expected ',' or ']'": ("an opening [ without its ]", "[item, item]", "context"),
    "unexpected end of stream": ("a text whose closing quote is missing", "a text in a pair of quotes", "context"),
    "but found another document": ("a second document", "one description per file, without a line of ---", "problem"),
    "found '<stream end>'": ("an opening { or [ that is never closed", "{key: value} or [item, item]", "problem"),
    "cannot start any token": ("a character that cannot begin a value", "such a text in quotes", "problem"),
    "found undefined alias": ("an alias * without its anchor &", "an alias of an anchor above", "problem"),
}

_UNQUOTED = 'inside {…} a distribution with a comma stands in quotes: "erlang(2, 1 s)"'


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A file as values with lines.

    Args:
        file: as the person named it.
        folder: where it stands.
        tree: mappings, lists and plain values.
        lines: line of each value, from 1; of a value in a mapping that of its key.
        problems: what is wrong whatever the file describes, by place.
    """

    file: str
    folder: Path
    tree: Any
    lines: dict[Place, int] = field(default_factory=dict)
    problems: dict[Place, Problem] = field(default_factory=dict)

    def problem(self, place: Place, found: str, allowed: str, hint: str = "") -> Problem:
        """A problem at a place; one that does not exist has the line of the thing that lacks it."""
        line = next(self.lines[place[:end]] for end in range(len(place), -1, -1) if place[:end] in self.lines)
        return Problem(
            file=self.file, line=line, path=address(self.tree, place), found=found, allowed=allowed, hint=hint
        )


def address(tree: Any, place: Place) -> str:
    """A place for people: items of lists by what they are called, those without a name by #number from 1."""
    words = []
    for step in place:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):  # it is this that is missing
            tree = None
        if isinstance(step, str):
            words.append(step)
            continue
        names = (tree.get(key) for key in NAMED_BY) if isinstance(tree, dict) else ()
        words.append(next((name for name in names if isinstance(name, str)), f"#{step + 1}"))
    return ".".join(words)


def read_document(path: str | Path) -> Document:
    """Read a YAML file.

    Raises:
        PlantError: it cannot be read at all: it is not there, not UTF-8, empty, or its syntax is broken.
    """
    file = str(path)
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        _refuse(file, 0, f"cannot be read: {error.strerror}", "a file with a description in YAML")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        _refuse(file, line, f"the byte {content[error.start]:#04x} is not UTF-8", "a text file in UTF-8")
    root = _compose(file, text)
    if root is None:
        _refuse(file, 1, "the file is empty", "a description in YAML")
    lines: dict[Place, int] = {(): 1}
    reader = _Reader(lines)
    tree = reader.value(root, ())
    document = Document(file=file, folder=Path(path).parent, tree=tree, lines=lines)
    for place, line, found, allowed, hint in reader.complaints:
        document.problems[place] = Problem(
            file=file, line=line, path=address(tree, place), found=found, allowed=allowed, hint=hint
        )
    return document


def _refuse(file: str, line: int, found: str, allowed: str) -> Never:
    raise PlantError([Problem(file=file, line=line, path="", found=found, allowed=allowed)]) from None


class _Core(yaml.SafeLoader):
    """PyYAML with the core schema of YAML 1.2 in place of the types of YAML 1.1."""


_Core.yaml_implicit_resolvers = {}

for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    _Core.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)


class _Quick(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # ten times faster with libyaml
    """The same for files of ours, of which nobody asks what is wrong on which line."""


_Quick.yaml_implicit_resolvers = _Core.yaml_implicit_resolvers


def values_of(text: str) -> Any:
    """The values of a YAML text that is known to be right."""
    return _Reader({}).value(_Quick(text).get_single_node(), ())


def _compose(file: str, text: str) -> yaml.Node | None:
    loader = _Core(text) if text.isprintable() or _readable(file, text) else None
    try:
        return loader.get_single_node() if loader is not None else None
    except yaml.MarkedYAMLError as error:
        _refuse_syntax(file, text, error)
    except RecursionError:
        _refuse(file, 1, "values nested too deep", "a few levels")


def _readable(file: str, text: str) -> bool:
    """Whether YAML takes all characters."""
    if match := yaml.reader.Reader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, match.start()) + 1
        _refuse(file, line, f"the control character {match[0]!r}", "printable characters")
    return True


def _refuse_syntax(file: str, text: str, error: yaml.MarkedYAMLError) -> Never:
    mark = error.problem_mark or error.context_mark
    line = 0 if mark is None else mark.line
    words = error.problem or str(error.context)
    lines = text.splitlines()
    if "\t" in re.match(r"\s*", lines[line] if line < len(lines) else "")[0]:  # type: ignore[index]
        _refuse(file, line + 1, "a tab in the indentation", "spaces; YAML does not indent with tabs")
    for theirs, (found, allowed, where) in SYNTAX.items():
        if theirs in words:
            context = error.context_mark if where == "context" else None
            _refuse(file, (line if context is None else context.line) + 1, found, allowed)
    _refuse(file, line + 1, f"broken YAML: {words}", "key: value, one per line, indented alike")


class _Reader:
    """Makes values of YAML nodes, and notes their lines and what is wrong with them."""

    def __init__(self, lines: dict[Place, int]) -> None:
        self.lines = lines
        self.complaints: list[tuple[Place, int, str, str, str]] = []
        self._inside: set[int] = set()

    def value(self, node: yaml.Node, place: Place) -> Any:
        """The value of a node."""
        self.lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, place)
        if id(node) in self._inside:
            self._complain(place, node, "an alias of something that it stands in", "an alias of something above")
            return None
        self._inside.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, place)
            return [self.value(item, (*place, i)) for i, item in enumerate(node.value)]
        finally:
            self._inside.discard(id(node))

    def _complain(self, place: Place, node: yaml.Node, found: str, allowed: str, *, hint: str = "") -> None:
        self.complaints.append((place, node.start_mark.line + 1, found, allowed, hint))

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> Any:
        text, kind = node.value, node.tag.rpartition(":")[2]
        if not node.tag.startswith("tag:yaml.org,2002:"):
            self._complain(place, node, f"the tag {node.tag}", "values without tags")
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        try:
            if kind == "int":
                return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
            return float(text) if kind == "float" else text
        except ValueError:  # thousands of digits, or !!int before a text
            return text

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        values: dict[str, Any] = {}
        entries = list(node.value)
        while entries:
            key_node, value_node = entries.pop(0)
            if not isinstance(key_node, yaml.ScalarNode):
                self._complain(place, key_node, "a list or mapping as a key", "key: value")
                continue
            key, here = key_node.value, (*place, key_node.value)
            if key in values:
                first = self.lines[here]
                self._complain(here, key_node, f"the key {key!r} stands twice, first on line {first}", "each key once")
                continue
            self.lines[here] = key_node.start_mark.line + 1
            value = self.value(value_node, here)
            if node.flow_style and isinstance(value, str) and value.count("(") > value.count(")"):
                value = self._joined(value, entries, here, key_node)
            elif value is None:
                self._complain(here, key_node, "the key has no value", "a value, or leave the key out")
            values[key] = value
        return values

    def _joined(self, head: str, entries: list[tuple[yaml.Node, yaml.Node]], place: Place, node: yaml.Node) -> str:
        """The text that flow brackets cut at its commas: ``{cycle_time: erlang(2, 1 s)}``."""
        parts = [head]
        while entries and _without_value(*entries[0]) and ")" not in parts[-1]:
            parts.append(entries.pop(0)[0].value)
        text = ", ".join(parts)
        if len(parts) > 1:
            found = f"{shown(text)} without quotes is cut at its comma"
            self._complain(place, node, found, f'"{text}"', hint=_UNQUOTED)
        return text


def _without_value(key: yaml.Node, value: yaml.Node) -> bool:
    return isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode) and not value.value
