"""From functions of the kernel's language to a module in LLVM's assembly: what is reached, memory, alias classes."""

import sys
from collections.abc import Sequence
from types import FunctionType

from simulators.compiler.kinds import NONE, WORD, CompileError, Kind, kind_of, layout, node_of
from simulators.compiler.language import Record
from simulators.compiler.memory import FREE, FULL, LIMIT, NEXT

LIBRARY = {"log": 1, "exp": 1, "cos": 1, "sin": 1, "log1p": 1, "pow": 2}
"""Functions of C's mathematical library and how many numbers they take: the ones that Python itself calls."""


class Module:
    """A module that grows while functions ask for others.

    Attributes:
        classes: records that are made or dropped, in the order of their lists of free ones.
        modules: names of the Python modules that it was made from.
    """

    def __init__(self) -> None:
        self.classes: list[type[Record]] = []
        self.modules: set[str] = set()
        self._named: dict[FunctionType, str] = {}
        self._todo: list[FunctionType] = []
        self._alias: dict[str, int] = {}

    def text(self, entries: Sequence[FunctionType]) -> str:
        """The assembly of these functions and of all that they reach.

        Raises:
            CompileError: something in them is no part of the language.
        """
        from simulators.compiler.body import Body  # noqa: PLC0415 they know each other

        for entry in entries:
            self.name(entry)
        bodies: list[str] = []
        while self._todo:
            bodies.append(Body(self, self._todo.pop(), outside=False).text())
        bodies += [self._entry(entry) for entry in entries]
        parts = [_MATHEMATICS, *bodies, *map(self._maker, self.classes), _ROW, self._alias_classes()]
        return "\n".join(parts)

    def name(self, function: FunctionType) -> str:
        """The symbol of a function, which is compiled too from now on."""
        if function not in self._named:
            self._named[function] = f'"{function.__module__.rpartition(".")[2]}.{function.__qualname__}"'
            self.modules.add(function.__module__)
            self._todo.append(function)
        return self._named[function]

    def made(self, of: type[Record]) -> str:
        """The symbol of what makes a record of a class."""
        if of not in self.classes:
            self.classes.append(of)
            self.modules.add(of.__module__)
        return f'"new.{of.__name__}"'

    def free(self, of: type[Record]) -> int:
        """Byte offset of the list of free records of a class."""
        self.made(of)
        return WORD * (FREE + self.classes.index(of))

    def tag(self, name: str) -> str:
        """The alias class of a field or kind of row: what is stored under one is never loaded under another."""
        number = self._alias.setdefault(name, len(self._alias))
        return f", !tbaa !{2 * number + 2}"

    def _alias_classes(self) -> str:
        lines = ['!0 = !{!"kernel"}']
        for name, number in self._alias.items():
            lines.append(f'!{2 * number + 1} = !{{!"{name}", !0, i64 0}}')
            lines.append(f"!{2 * number + 2} = !{{!{2 * number + 1}, !{2 * number + 1}, i64 0}}")
        return "\n".join(lines)

    def _entry(self, function: FunctionType) -> str:
        """A function that can be called from outside: with the memory and whole numbers; it returns one."""
        _, kinds, returns = signature(function)
        taken = ", ".join(f"i64 %a{i}" for i in range(len(kinds)))
        if any(kind.llvm != "i64" for kind in kinds) or returns.llvm != "i64":
            raise CompileError(f"{function.__qualname__}: an entry takes and returns whole numbers and records only")
        return (
            f'define i64 @"entry.{function.__name__}"(ptr %m, {taken}) {{\n'
            f"  %r = call i64 @{self.name(function)}(ptr %m, {taken})\n  ret i64 %r\n}}"
        )

    def _maker(self, of: type[Record]) -> str:
        """Take a free record of a class, else room at the end; its fields are as the class says."""
        shape, free = layout(of), self.free(of)
        stores = []
        for name, (kind, offset) in shape.fields.items():
            value = literal(shape.defaults.get(name, 0), kind)
            stores.append(f"  %p{offset} = getelementptr i8, ptr %o, i64 {offset}")
            stores.append(f"  store {value}, ptr %p{offset}")
        return f"""define internal i64 @"new.{of.__name__}"(ptr noalias %m) #0 {{
  %h = getelementptr i8, ptr %m, i64 {free}
  %f = load i64, ptr %h
  %some = icmp ne i64 %f, 0
  br i1 %some, label %reuse, label %fresh
reuse:
  %q = getelementptr i8, ptr %m, i64 %f
  %n = load i64, ptr %q
  store i64 %n, ptr %h
  br label %fill
fresh:
  %g = call i64 @room(ptr %m, i64 {shape.size})
  br label %fill
fill:
  %r = phi i64 [ %f, %reuse ], [ %g, %fresh ]
  %o = getelementptr i8, ptr %m, i64 %r
{chr(10).join(stores)}
  ret i64 %r
}}"""


def signature(function: FunctionType) -> tuple[list[str], list[Kind], Kind]:
    """Names and types of what a function takes, `self` too, and the type of what it returns."""
    node = node_of(function.__module__, function.__qualname__)
    names = function.__globals__
    arguments = [argument.arg for argument in node.args.args]  # type: ignore[union-attr]
    kinds: list[Kind] = []
    for argument in node.args.args:  # type: ignore[union-attr]
        if argument.annotation is None:
            of = getattr(sys.modules[function.__module__], function.__qualname__.split(".")[0])
            kinds.append(Kind("record", of))
        else:
            kinds.append(kind_of(argument.annotation, names))
    returns = node.returns  # type: ignore[union-attr]
    return arguments, kinds, NONE if returns is None else kind_of(returns, names)


def literal(value: float, kind: Kind) -> str:
    """A constant as it is stored, with its type."""
    if kind.name == "float":
        return f"double {number(float(value))}"
    return f"i64 {int(value)}"


def number(value: float) -> str:
    """A number in LLVM's assembly, to the last bit."""
    import struct  # noqa: PLC0415

    return f"0x{struct.unpack('>Q', struct.pack('>d', value))[0]:016X}"


_MATHEMATICS = "\n".join(
    [
        *(f"declare double @{name}({', '.join(['double'] * count)}) #1" for name, count in LIBRARY.items()),
        "declare double @llvm.sqrt.f64(double)",
        "declare double @llvm.floor.f64(double)",
        "declare double @llvm.fabs.f64(double)",
        "declare double @llvm.roundeven.f64(double)",
        "declare i64 @llvm.smax.i64(i64, i64)",
        "declare i64 @llvm.smin.i64(i64, i64)",
        "declare i64 @llvm.abs.i64(i64, i1)",
        "attributes #0 = { nounwind }",
        "attributes #1 = { nounwind nobuiltin memory(none) }",
        "attributes #2 = { nounwind noinline cold }",
    ]
)

_ROW = f"""define internal i64 @room(ptr noalias %m, i64 %size) #0 {{
  %n = getelementptr i64, ptr %m, i64 {NEXT}
  %at = load i64, ptr %n
  %l = getelementptr i64, ptr %m, i64 {LIMIT}
  %limit = load i64, ptr %l
  %end = add i64 %at, %size
  %fits = icmp sle i64 %end, %limit
  br i1 %fits, label %enough, label %none
enough:
  store i64 %end, ptr %n
  ret i64 %at
none:
  %f = getelementptr i64, ptr %m, i64 {FULL}
  store i64 1, ptr %f
  ret i64 %limit
}}
define internal i64 @row(ptr noalias %m, i64 %length, i64 %item) #2 {{
  %words = add i64 %length, 1
  %size = mul i64 %words, {WORD}
  %r = call i64 @room(ptr %m, i64 %size)
  %o = getelementptr i8, ptr %m, i64 %r
  store i64 %length, ptr %o
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %j, %more ]
  %goes = icmp slt i64 %i, %length
  br i1 %goes, label %more, label %end
more:
  %j = add i64 %i, 1
  %p = getelementptr i64, ptr %o, i64 %j
  store i64 %item, ptr %p
  br label %loop
end:
  ret i64 %r
}}"""
