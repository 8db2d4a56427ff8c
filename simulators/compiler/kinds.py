"""Types of the kernel's language, and how its records lie in memory."""

import ast
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import FunctionType
from typing import Any

from simulators.compiler.language import Record

WORD = 8
"""Bytes of everything."""


class CompileError(Exception):
    """What is no part of the language, with file and line."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A type.

    Args:
        name: ``int``, ``float``, ``bool``, ``none``, ``record`` or ``row``.
        of: the class of a record; none for whatever `None` stands for.
        item: what a row is of.
    """

    name: str
    of: type[Record] | None = None
    item: "Kind | None" = None

    @property
    def refers(self) -> bool:
        """Whether it is a place in memory."""
        return self.name in {"record", "row"}

    @property
    def llvm(self) -> str:
        """Its type in LLVM's assembly."""
        return {"float": "double", "bool": "i1", "none": "void"}.get(self.name, "i64")

    def takes(self, other: "Kind") -> bool:
        """Whether a value of another type may be given where this one is wanted."""
        return self == other or (self.refers and other == NOTHING)

    def __str__(self) -> str:
        """As people write it."""
        if self.name == "row":
            return f"Row[{self.item}]"
        return self.of.__name__ if self.of is not None else self.name


INT, FLOAT, BOOL, NONE = Kind("int"), Kind("float"), Kind("bool"), Kind("none")
NOTHING = Kind("record")
PLAIN = {"int": INT, "float": FLOAT, "bool": BOOL}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a record lies in memory.

    Args:
        fields: type and byte offset by name, in order.
        defaults: values of the fields that are not 0 at first.
        size: in bytes.
    """

    fields: dict[str, tuple[Kind, int]]
    defaults: dict[str, Any]
    size: int


@lru_cache(maxsize=256)
def source(module: str) -> ast.Module:
    """The parsed source of a module.

    Raises:
        CompileError: there is none.
    """
    path = sys.modules[module].__file__
    if path is None:
        raise CompileError(f"{module} has no source")
    return ast.parse(Path(path).read_text(encoding="utf-8"))


@lru_cache(maxsize=4096)
def node_of(module: str, name: str) -> ast.FunctionDef | ast.ClassDef:
    """The definition of a function, method or class.

    Raises:
        CompileError: it is not at the top of its module or class.
    """
    body: list[ast.stmt] = source(module).body
    found: ast.FunctionDef | ast.ClassDef | None = None
    for step in name.split("."):
        found = next(
            (one for one in body if isinstance(one, ast.FunctionDef | ast.ClassDef) and one.name == step), None
        )
        if found is None:
            raise CompileError(f"{module}: {name} is not defined at the top")
        body = found.body
    if found is None:
        raise CompileError(f"{module}: there is no {name}")
    return found


def records() -> dict[str, type[Record]]:
    """All classes of records by name."""
    return {of.__name__: of for of in Record.__subclasses__()}


def kind_of(annotation: ast.expr | None, names: dict[str, Any]) -> Kind:
    """The type that an annotation stands for.

    Raises:
        CompileError: it stands for none.
    """
    match annotation:
        case None | ast.Constant(value=None):
            return NONE
        case ast.Constant(value=str(text)):
            return kind_of(ast.parse(text, mode="eval").body, names)
        case ast.Name(id=name) if name in PLAIN:
            return PLAIN[name]
        case ast.Name(id=name):
            of = names.get(name) or records().get(name)
            if isinstance(of, type) and issubclass(of, Record):
                return Kind("record", of)
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
            return kind_of(left, names)
        case ast.Subscript(value=ast.Name(id="Row" | "list"), slice=item):
            return Kind("row", item=kind_of(item, names))
    raise CompileError(f"line {annotation.lineno}: {ast.unparse(annotation)} is no type of the language")


_LAYOUTS: dict[type[Record], Layout] = {}


def layout(of: type[Record]) -> Layout:
    """How records of a class lie in memory: the fields that it annotates, in this order."""
    if of not in _LAYOUTS:
        _LAYOUTS[of] = _laid_out(of)
    return _LAYOUTS[of]


def _laid_out(of: type[Record]) -> Layout:
    names = vars(sys.modules[of.__module__])
    fields: dict[str, tuple[Kind, int]] = {}
    for one in node_of(of.__module__, of.__qualname__).body:
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and not one.target.id.startswith("_"):
            fields[one.target.id] = kind_of(one.annotation, names), WORD * len(fields)
    defaults = {name: of.__dict__[name] for name in fields if of.__dict__.get(name)}
    return Layout(fields, defaults, WORD * max(1, len(fields)))


def method(of: type[Record], name: str) -> tuple[FunctionType, bool] | None:
    """A method of a record and whether it is a property; none if there is none of that name."""
    found = of.__dict__.get(name)
    if isinstance(found, property) and isinstance(found.fget, FunctionType):
        return found.fget, True
    return (found, False) if isinstance(found, FunctionType) else None
