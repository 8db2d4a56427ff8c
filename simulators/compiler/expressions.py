"""Expressions of the kernel's language in LLVM's assembly."""

import ast
import math
import types
from typing import Any, NamedTuple

from simulators.compiler import language
from simulators.compiler.kinds import BOOL, FLOAT, INT, NONE, NOTHING, WORD, CompileError, Kind, layout, method
from simulators.compiler.language import Record
from simulators.compiler.memory import FULL
from simulators.compiler.module import LIBRARY, Module, number, signature

WHOLE = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
    ast.LShift: "shl", ast.RShift: "ashr",
}  # fmt: skip
REAL = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
ORDER = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"}


class Value(NamedTuple):
    """A value: its type, and how the assembly calls it."""

    kind: Kind
    text: str


class Expressions:
    """The part of a function's compilation that makes values.

    Attributes:
        lines: what was written so far; `slots` the room for local variables, `locals` their types.
        ended: whether the block under way has its end.
    """

    def __init__(self, module: Module, function: types.FunctionType) -> None:
        self.module = module
        self.function = function
        self.lines: list[str] = []
        self.slots: list[str] = []
        self.locals: dict[str, Kind] = {}
        self.ended = False
        self._block_now = "body"
        self._count = 0

    # --- writing -------------------------------------------------------------------------------------------------

    def temp(self, text: str) -> str:
        """A new name for a result."""
        self._count += 1
        self.lines.append(f"  %t{self._count} = {text}")
        return f"%t{self._count}"

    def label(self, word: str) -> str:
        """A new label."""
        self._count += 1
        return f"{word}{self._count}"

    def begin(self, label: str) -> None:
        """A block begins."""
        self.lines.append(f"{label}:")
        self._block_now = label
        self.ended = False

    def end(self, text: str) -> None:
        """The block under way ends so."""
        self.lines.append(f"  {text}")
        self.ended = True

    def wrong(self, node: ast.AST, text: str) -> CompileError:
        """An error at a place."""
        return CompileError(f"{self.function.__code__.co_filename}:{getattr(node, 'lineno', 0)}: {text}")

    # --- memory --------------------------------------------------------------------------------------------------

    def _load(self, kind: Kind, pointer: str, tag: str) -> Value:
        if kind == FLOAT:
            return Value(FLOAT, self.temp(f"load double, ptr {pointer}{tag}"))
        word = self.temp(f"load i64, ptr {pointer}{tag}")
        return Value(BOOL, self.temp(f"trunc i64 {word} to i1")) if kind == BOOL else Value(kind, word)

    def store(self, value: Value, pointer: str, tag: str) -> None:
        """Put a value into memory."""
        text = self.temp(f"zext i1 {value.text} to i64") if value.kind == BOOL else value.text
        self.lines.append(f"  store {'double' if value.kind == FLOAT else 'i64'} {text}, ptr {pointer}{tag}")

    def place(self, node: ast.expr) -> tuple[Kind, str, str]:
        """Type, pointer and alias class of a field or an item of a row."""
        match node:
            case ast.Attribute(value=owner, attr=name):
                at = self.value(owner)
                if at.kind.of is None or name not in layout(at.kind.of).fields:
                    raise self.wrong(node, f"{at.kind} has no field {name}")
                kind, offset = layout(at.kind.of).fields[name]
                base = self.temp(f"getelementptr i8, ptr %m, i64 {at.text}")
                pointer = self.temp(f"getelementptr i8, ptr {base}, i64 {offset}")
                return kind, pointer, self.module.tag(f"{at.kind.of.__name__}.{name}")
            case ast.Subscript(value=owner, slice=index):
                row = self.value(owner)
                if row.kind.item is None:
                    raise self.wrong(node, f"{ast.unparse(owner)} is no row")
                return self._cell(row, self.wanted(index, INT).text)
        raise self.wrong(node, f"{ast.unparse(node)} is no place")

    def _cell(self, row: Value, index: str) -> tuple[Kind, str, str]:
        item = row.kind.item or INT
        base = self.temp(f"getelementptr i8, ptr %m, i64 {row.text}")
        first = self.temp(f"getelementptr i8, ptr {base}, i64 {WORD}")
        pointer = self.temp(f"getelementptr i64, ptr {first}, i64 {index}")
        return item, pointer, self.module.tag(f"row of {item.name}")

    def item(self, row: Value, index: str) -> Value:
        """An item of a row."""
        return self._load(*self._cell(row, index))

    def length(self, row: Value) -> str:
        """How many items a row has."""
        pointer = self.temp(f"getelementptr i8, ptr %m, i64 {row.text}")
        return self.temp(f"load i64, ptr {pointer}{self.module.tag('length')}")

    # --- types ---------------------------------------------------------------------------------------------------

    def kind_of_target(self, node: ast.expr) -> Kind | None:
        """The type that something must have to be stored here; none if it makes a new local variable."""
        match node:
            case ast.Name(id=name):
                return self.locals.get(name)
            case ast.Attribute(value=owner, attr=name):
                of = self._quiet(owner).of
                if of is not None and name in layout(of).fields:
                    return layout(of).fields[name][0]
            case ast.Subscript(value=owner):
                return self._quiet(owner).item
        raise self.wrong(node, f"{ast.unparse(node)} is no place")

    def _quiet(self, node: ast.expr) -> Kind:
        """The type of an expression, without writing anything."""
        lines, count, block, ended = len(self.lines), self._count, self._block_now, self.ended
        kind = self.value(node).kind
        del self.lines[lines:]
        self._count, self._block_now, self.ended = count, block, ended
        return kind

    def wanted(self, node: ast.expr, kind: Kind) -> Value:
        """An expression as a value of this type."""
        if kind.name == "row" and isinstance(node, ast.Call) and self._known(node.func) is language.new_row:
            return self._new_row(node, kind)
        return self.fitted(self.value(node), kind, node)

    def fitted(self, value: Value, kind: Kind, node: ast.AST) -> Value:
        """A value as one of this type.

        Raises:
            CompileError: it is of another type.
        """
        if kind == FLOAT and value.kind == INT:
            return Value(FLOAT, self._real(value))
        if not kind.takes(value.kind):
            raise self.wrong(node, f"this is of type {value.kind}, wanted is {kind}")
        return Value(kind, value.text)

    def _real(self, value: Value) -> str:
        if value.kind == FLOAT:
            return value.text
        if value.text.lstrip("-").isdigit():
            return number(float(int(value.text)))
        return self.temp(f"sitofp i64 {value.text} to double")

    # --- expressions ---------------------------------------------------------------------------------------------

    def value(self, node: ast.expr) -> Value:
        """Any expression."""
        match node:
            case ast.Constant(value=value):
                return self._constant(value, node)
            case ast.Name(id=name) if name in self.locals:
                kind = self.locals[name]
                return Value(kind, self.temp(f"load {kind.llvm}, ptr %{name}.at"))
            case ast.Name():
                return self._constant(self._known(node), node)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Subscript():
                return self._load(*self.place(node))
            case ast.Call():
                found = self.call(node)
                if found.kind == NONE:
                    raise self.wrong(node, f"{ast.unparse(node)} returns nothing")
                return found
            case ast.BinOp(left=left, op=op, right=right):
                return self._arithmetic(self.value(left), op, self.value(right), node)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return self._constant(-value, node)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._negative(self.value(operand))
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                return Value(INT, self.temp(f"xor i64 {self.wanted(operand, INT).text}, -1"))
            case ast.UnaryOp(op=ast.Not()) | ast.BoolOp() | ast.IfExp():
                return self._chosen(node)
            case ast.Compare(left=left, ops=ops, comparators=others):
                return self._compared(left, ops, others, node)
        raise self.wrong(node, f"{ast.unparse(node)!r} is no expression of the language")

    def _constant(self, value: Any, node: ast.AST) -> Value:
        if value is None:
            return Value(NOTHING, "0")
        if isinstance(value, bool):
            return Value(BOOL, "true" if value else "false")
        if isinstance(value, int):
            return Value(INT, str(value - (1 << 64) if value >= 1 << 63 else value))
        if isinstance(value, float):
            return Value(FLOAT, number(value))
        raise self.wrong(node, f"{value!r} is no constant of the language")

    def _known(self, node: ast.expr) -> Any:
        """What a name outside the function stands for."""
        match node:
            case ast.Name(id=name) if name not in self.locals:
                if name in self.function.__globals__:
                    return self.function.__globals__[name]
                if name in _PYTHON:
                    return name
                raise self.wrong(node, f"there is no {name} here")
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if name not in self.locals:
                owner = self.function.__globals__.get(name)
                if isinstance(owner, types.ModuleType):
                    return getattr(owner, attr)
        return None

    def _attribute(self, node: ast.Attribute) -> Value:
        known = self._known(node)
        if known is not None:
            return self._constant(known, node)
        kind = self._quiet(node.value)
        if kind.of is not None and node.attr not in layout(kind.of).fields:
            found = method(kind.of, node.attr)
            if found is not None and found[1]:
                return self._invoke(found[0], [self.value(node.value)], node)
        return self._load(*self.place(node))

    def _negative(self, value: Value) -> Value:
        if value.kind == FLOAT:
            return Value(FLOAT, self.temp(f"fneg double {value.text}"))
        return Value(INT, self.temp(f"sub i64 0, {value.text}"))

    def _arithmetic(self, left: Value, op: ast.operator, right: Value, node: ast.expr) -> Value:
        if not {left.kind, right.kind} <= {INT, FLOAT}:
            raise self.wrong(node, f"{ast.unparse(node)}: {left.kind} and {right.kind} are no numbers")
        if FLOAT in {left.kind, right.kind} or isinstance(op, ast.Div | ast.Pow):
            a, b = self._real(left), self._real(right)
            if isinstance(op, ast.Pow):
                return Value(FLOAT, self.temp(f"call double @pow(double {a}, double {b}) #1"))
            if type(op) in REAL:
                return Value(FLOAT, self.temp(f"{REAL[type(op)]} double {a}, {b}"))
        elif type(op) in WHOLE:
            return Value(INT, self.temp(f"{WHOLE[type(op)]} i64 {left.text}, {right.text}"))
        elif isinstance(op, ast.FloorDiv | ast.Mod):
            return Value(INT, self._divided(left.text, right.text, rest=isinstance(op, ast.Mod)))
        raise self.wrong(node, f"{ast.unparse(node)!r} is no arithmetic of the language")

    def _divided(self, a: str, b: str, *, rest: bool) -> str:
        """Quotient or remainder as Python has them: rounded down, the remainder with the sign of the divisor."""
        if b.isdigit() and int(b) & (int(b) - 1) == 0:
            shift = int(b).bit_length() - 1
            return self.temp(f"and i64 {a}, {int(b) - 1}" if rest else f"ashr i64 {a}, {shift}")
        left = self.temp(f"srem i64 {a}, {b}")
        some = self.temp(f"icmp ne i64 {left}, 0")
        signs = self.temp(f"xor i64 {left}, {b}")
        differ = self.temp(f"icmp slt i64 {signs}, 0")
        off = self.temp(f"and i1 {some}, {differ}")
        if rest:
            more = self.temp(f"select i1 {off}, i64 {b}, i64 0")
            return self.temp(f"add i64 {left}, {more}")
        quotient = self.temp(f"sdiv i64 {a}, {b}")
        less = self.temp(f"sext i1 {off} to i64")
        return self.temp(f"add i64 {quotient}, {less}")

    def _compared(self, left: ast.expr, ops: list[ast.cmpop], others: list[ast.expr], node: ast.expr) -> Value:
        a = self.value(left)
        whole: str | None = None
        for op, other in zip(ops, others, strict=True):
            b = self.value(other)
            one = self._comparison(a, op, b, node)
            whole = one if whole is None else self.temp(f"and i1 {whole}, {one}")
            a = b
        return Value(BOOL, whole or "true")

    def _comparison(self, a: Value, op: ast.cmpop, b: Value, node: ast.expr) -> str:
        if isinstance(op, ast.Is | ast.IsNot):
            if not (a.kind.refers and b.kind.refers):
                raise self.wrong(node, f"{ast.unparse(node)}: only records and rows are the same or not")
            return self.temp(f"icmp {'eq' if isinstance(op, ast.Is) else 'ne'} i64 {a.text}, {b.text}")
        word = ORDER.get(type(op))
        if word is None or not {a.kind, b.kind} <= {INT, FLOAT, BOOL}:
            raise self.wrong(node, f"{ast.unparse(node)!r} compares no numbers")
        if FLOAT in {a.kind, b.kind}:
            return self.temp(f"fcmp {'une' if word == 'ne' else 'o' + word} double {self._real(a)}, {self._real(b)}")
        if a.kind != b.kind:
            raise self.wrong(node, f"{ast.unparse(node)!r} compares {a.kind} with {b.kind}")
        sign = "" if word in {"eq", "ne"} else "s"
        return self.temp(f"icmp {sign}{word} {a.kind.llvm} {a.text}, {b.text}")

    # --- choice --------------------------------------------------------------------------------------------------

    def branch(self, node: ast.expr, yes: str, no: str) -> None:
        """Go to one of two labels, and end the block."""
        match node:
            case ast.BoolOp(op=op, values=[*values]):
                for value in values[:-1]:
                    more = self.label("more")
                    if isinstance(op, ast.And):
                        self.branch(value, more, no)
                    else:
                        self.branch(value, yes, more)
                    self.begin(more)
                self.branch(values[-1], yes, no)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.branch(operand, no, yes)
            case _:
                test = self.wanted(node, BOOL)
                self.end(f"br i1 {test.text}, label %{yes}, label %{no}")

    def _chosen(self, node: ast.expr) -> Value:
        """A truth that is put together, or one of two values."""
        yes, no, done = self.label("yes"), self.label("no"), self.label("done")
        if not isinstance(node, ast.IfExp):
            self.branch(node, yes, no)
            for label in (yes, no):
                self.begin(label)
                self.end(f"br label %{done}")
            self.begin(done)
            return Value(BOOL, self.temp(f"phi i1 [ true, %{yes} ], [ false, %{no} ]"))
        kind = self._common(node)
        self.branch(node.test, yes, no)
        arms = []
        for label, arm in ((yes, node.body), (no, node.orelse)):
            self.begin(label)
            given = self.wanted(arm, kind)
            arms.append(f"[ {given.text}, %{self._block_now} ]")
            self.end(f"br label %{done}")
        self.begin(done)
        return Value(kind, self.temp(f"phi {kind.llvm} {', '.join(arms)}"))

    def _common(self, node: ast.IfExp) -> Kind:
        kinds = [self._quiet(node.body), self._quiet(node.orelse)]
        if set(kinds) == {INT, FLOAT}:
            return FLOAT
        return next((kind for kind in kinds if kind != NOTHING), NOTHING)

    # --- calls ---------------------------------------------------------------------------------------------------

    def call(self, node: ast.Call) -> Value:
        """A call of a function, a method or a word of the language."""
        known = self._known(node.func)
        if isinstance(known, str):
            return self._python(known, node)
        if isinstance(known, types.BuiltinFunctionType):
            return self._mathematics(known.__name__, node)
        if isinstance(known, type) and issubclass(known, Record):
            return Value(Kind("record", known), self.temp(f"call i64 @{self.module.made(known)}(ptr %m)"))
        if isinstance(known, types.FunctionType):
            if known.__module__ == language.__name__:
                return self._word(known.__name__, node)
            return self._invoke(known, [], node)
        if isinstance(node.func, ast.Attribute):
            owner = self.value(node.func.value)
            found = None if owner.kind.of is None else method(owner.kind.of, node.func.attr)
            if found is None:
                raise self.wrong(node, f"{owner.kind} has no method {node.func.attr}")
            return self._invoke(found[0], [owner], node)
        raise self.wrong(node, f"{ast.unparse(node.func)} cannot be called")

    def _invoke(self, function: types.FunctionType, first: list[Value], node: ast.expr) -> Value:
        names, kinds, returns = signature(function)
        given: list[Any] = [*first, *(node.args if isinstance(node, ast.Call) else [])]
        if isinstance(node, ast.Call):
            defaults = dict(zip(reversed(names), reversed(function.__defaults__ or ()), strict=False))
            others: dict[str, Any] = {name: self._constant(value, node) for name, value in defaults.items()}
            others |= {keyword.arg or "": keyword.value for keyword in node.keywords}
            given += [others[name] for name in names[len(given) :] if name in others]
        if len(given) != len(names):
            raise self.wrong(node, f"{function.__qualname__} takes {', '.join(names) or 'nothing'}")
        texts = []
        for value, kind in zip(given, kinds, strict=True):
            fitted = value if isinstance(value, Value) else self.wanted(value, kind)
            texts.append(f", {kind.llvm} {fitted.text}")
        call = f"call {returns.llvm} @{self.module.name(function)}(ptr %m{''.join(texts)})"
        if returns == NONE:
            self.lines.append(f"  {call}")
            return Value(NONE, "")
        return Value(returns, self.temp(call))

    def range_of(self, node: ast.expr) -> tuple[str, str, int] | None:
        """Begin, end and step of a range; none if it is something else."""
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"):
            return None
        match node.args:
            case [end]:
                return "0", self.wanted(end, INT).text, 1
            case [begin, end]:
                return self.wanted(begin, INT).text, self.wanted(end, INT).text, 1
            case [begin, end, step]:
                text = self.wanted(step, INT).text
                return self.wanted(begin, INT).text, self.wanted(end, INT).text, int(text)
        raise self.wrong(node, "range takes one to three numbers")

    def _python(self, name: str, node: ast.Call) -> Value:
        values = [self.value(argument) for argument in node.args]
        first = values[0]
        match name:
            case "len":
                return Value(INT, self.length(first))
            case "int":
                return first if first.kind == INT else Value(INT, self.temp(f"fptosi double {first.text} to i64"))
            case "float":
                return Value(FLOAT, self._real(first))
            case "round":
                even = self.temp(f"call double @llvm.roundeven.f64(double {self._real(first)})")
                return Value(INT, self.temp(f"fptosi double {even} to i64"))
            case "abs" if first.kind == FLOAT:
                return Value(FLOAT, self.temp(f"call double @llvm.fabs.f64(double {first.text})"))
            case "abs":
                return Value(INT, self.temp(f"call i64 @llvm.abs.i64(i64 {first.text}, i1 false)"))
            case "min" | "max":
                return self._extreme(name, values)
        raise self.wrong(node, f"{name} is no function of the language")

    def _extreme(self, name: str, values: list[Value]) -> Value:
        best = values[0]
        for value in values[1:]:
            if best.kind == value.kind == INT:
                best = Value(INT, self.temp(f"call i64 @llvm.s{name}.i64(i64 {best.text}, i64 {value.text})"))
                continue
            a, b = self._real(best), self._real(value)
            better = self.temp(f"fcmp {'olt' if name == 'min' else 'ogt'} double {b}, {a}")
            best = Value(FLOAT, self.temp(f"select i1 {better}, double {b}, double {a}"))
        return best

    def _mathematics(self, name: str, node: ast.Call) -> Value:
        values = ", ".join(f"double {self.wanted(argument, FLOAT).text}" for argument in node.args)
        if name == "floor":
            floor = self.temp(f"call double @llvm.floor.f64({values})")
            return Value(INT, self.temp(f"fptosi double {floor} to i64"))
        if name == "sqrt":
            return Value(FLOAT, self.temp(f"call double @llvm.sqrt.f64({values})"))
        if name not in LIBRARY or not hasattr(math, name):
            raise self.wrong(node, f"{name} is no function of the language")
        return Value(FLOAT, self.temp(f"call double @{name}({values}) #1"))

    def _word(self, name: str, node: ast.Call) -> Value:
        """A word of the language itself."""
        if name == "memory_full":
            pointer = self.temp(f"getelementptr i64, ptr %m, i64 {FULL}")
            word = self.temp(f"load i64, ptr {pointer}")
            return Value(BOOL, self.temp(f"icmp ne i64 {word}, 0"))
        if name == "new_row":
            raise self.wrong(node, "give a new row to a field, or to a variable that says what it is")
        values = [self.value(argument) for argument in node.args]
        if name == "drop":
            return self._drop(values[0], node)
        operation = {"wrap_add": "add", "wrap_mul": "mul", "shift_right": "lshr"}[name]
        return Value(INT, self.temp(f"{operation} i64 {values[0].text}, {values[1].text}"))

    def _drop(self, record: Value, node: ast.Call) -> Value:
        if record.kind.of is None:
            raise self.wrong(node, "only a record can be dropped")
        head = self.temp(f"getelementptr i8, ptr %m, i64 {self.module.free(record.kind.of)}")
        first = self.temp(f"load i64, ptr {head}")
        pointer = self.temp(f"getelementptr i8, ptr %m, i64 {record.text}")
        self.lines.append(f"  store i64 {first}, ptr {pointer}")
        self.lines.append(f"  store i64 {record.text}, ptr {head}")
        return Value(NONE, "")

    def _new_row(self, node: ast.Call, kind: Kind) -> Value:
        item = kind.item or INT
        length = self.wanted(node.args[0], INT).text
        first = self.wanted(node.args[1], item)
        text = first.text
        if item == FLOAT:
            text = self.temp(f"bitcast double {text} to i64")
        elif item == BOOL:
            text = self.temp(f"zext i1 {text} to i64")
        return Value(kind, self.temp(f"call i64 @row(ptr %m, i64 {length}, i64 {text})"))


_PYTHON = ("len", "int", "float", "round", "abs", "min", "max")
