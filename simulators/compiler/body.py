"""One function of the kernel's language in LLVM's assembly: its statements."""

import ast
from types import FunctionType
from typing import Any

from simulators.compiler.expressions import Expressions, Value
from simulators.compiler.kinds import INT, NONE, CompileError, Kind, kind_of, node_of
from simulators.compiler.module import Module, signature


class Body(Expressions):
    """A function while it is compiled.

    Args:
        module: that it becomes a part of.
        function: itself.
        outside: whether others than the module may call it.
    """

    def __init__(self, module: Module, function: FunctionType, *, outside: bool) -> None:
        super().__init__(module, function)
        self._outside = outside
        self._loops: list[tuple[str, str]] = []

    def text(self) -> str:
        """Its assembly.

        Raises:
            CompileError: something in it is no part of the language.
        """
        names, kinds, self._returns = signature(self.function)
        node = node_of(self.function.__module__, self.function.__qualname__)
        taken = "".join(f", {kind.llvm} %arg{i}" for i, kind in enumerate(kinds))
        for i, (name, kind) in enumerate(zip(names, kinds, strict=True)):
            self._assign_local(name, Value(kind, f"%arg{i}"), node)
        self._block(node.body)
        if not self.ended:
            self.end("unreachable" if self._returns != NONE else "ret void")
        head = f"define internal {self._returns.llvm} @{self.module.name(self.function)}(ptr noalias %m{taken}) #0 {{"
        return "\n".join([head, "entry:", *self.slots, "  br label %body", "body:", *self.lines, "}"])

    def _block(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            if self.ended:
                return
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Pass() | ast.Assert():
                return
            case ast.Expr(value=ast.Call() as call):
                self.call(call)
            case ast.Assign(targets=targets, value=value):
                self._assign(targets, value)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value) if value is not None:
                kind = self._kind(annotation)
                self._assign_local(name, self.wanted(value, kind), node)
            case ast.AugAssign(target=target, op=op, value=value):
                read = ast.copy_location(_loaded(target), node)
                whole = ast.copy_location(ast.BinOp(left=read, op=op, right=value), node)
                self._store(target, self.value(whole))
            case ast.If(test=test, body=body, orelse=orelse):
                self._if(test, body, orelse)
            case ast.While(test=test, body=body, orelse=[]):
                self._while(test, body)
            case ast.For(target=ast.Name(id=name), iter=row, body=body, orelse=[]):
                self._for(name, row, body, node)
            case ast.Return(value=value):
                self._return(value)
            case ast.Break() if self._loops:
                self.end(f"br label %{self._loops[-1][1]}")
            case ast.Continue() if self._loops:
                self.end(f"br label %{self._loops[-1][0]}")
            case _:
                raise self.wrong(node, f"{ast.unparse(node).splitlines()[0]!r} is no statement of the language")

    def _kind(self, annotation: ast.expr) -> Kind:
        try:
            return kind_of(annotation, self.function.__globals__)
        except CompileError as wrong:
            raise self.wrong(annotation, str(wrong)) from None

    # --- assignment ----------------------------------------------------------------------------------------------

    def _assign(self, targets: list[ast.expr], value: ast.expr) -> None:
        first = targets[0]
        known = self.kind_of_target(first)
        given = self.wanted(value, known) if known is not None else self.value(value)
        for target in targets:
            self._store(target, given)

    def _store(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            self._assign_local(target.id, value, target)
            return
        kind, pointer, tag = self.place(target)
        self.store(self.fitted(value, kind, target), pointer, tag)

    def _assign_local(self, name: str, value: Value, node: ast.AST) -> None:
        kind = self.locals.get(name)
        if kind is None:
            kind = value.kind
            if kind.refers and kind.of is None and kind.item is None:
                raise self.wrong(node, f"say what {name} is: {name}: Part | None = None")
            self.locals[name] = kind
            self.slots.append(f"  %{name}.at = alloca {kind.llvm}")
        given = self.fitted(value, kind, node)
        self.lines.append(f"  store {kind.llvm} {given.text}, ptr %{name}.at")

    # --- flow ----------------------------------------------------------------------------------------------------

    def _if(self, test: ast.expr, body: list[ast.stmt], orelse: list[ast.stmt]) -> None:
        if isinstance(test, ast.Name) and test.id == "TYPE_CHECKING":
            return
        yes, no, done = self.label("then"), self.label("else"), self.label("endif")
        self.branch(test, yes, no if orelse else done)
        self.begin(yes)
        self._block(body)
        open_end = not self.ended
        if open_end:
            self.end(f"br label %{done}")
        if orelse:
            self.begin(no)
            self._block(orelse)
            if not self.ended:
                open_end = True
                self.end(f"br label %{done}")
        if open_end or not orelse:
            self.begin(done)

    def _while(self, test: ast.expr, body: list[ast.stmt]) -> None:
        again, inside, done = self.label("while"), self.label("do"), self.label("endwhile")
        self.end(f"br label %{again}")
        self.begin(again)
        endless = isinstance(test, ast.Constant) and test.value is True
        if endless:
            self.end(f"br label %{inside}")
        else:
            self.branch(test, inside, done)
        self.begin(inside)
        self._loops.append((again, done))
        self._block(body)
        self._loops.pop()
        if not self.ended:
            self.end(f"br label %{again}")
        self.begin(done)

    def _for(self, name: str, row: ast.expr, body: list[ast.stmt], node: ast.For) -> None:
        counter = f"%{self.label('i')}.at"
        self.slots.append(f"  {counter} = alloca i64")
        ranged = self.range_of(row)
        step = 1
        if ranged is None:
            rows = self.value(row)
            if rows.kind.item is None:
                raise self.wrong(row, f"{ast.unparse(row)} is no row")
            begin, end = "0", self.length(rows)
        else:
            rows, (begin, end, step) = None, ranged
        self.lines.append(f"  store i64 {begin}, ptr {counter}")
        again, inside, following, done = (self.label(word) for word in ("for", "do", "next", "endfor"))
        self.end(f"br label %{again}")
        self.begin(again)
        at = self.temp(f"load i64, ptr {counter}")
        goes = self.temp(f"icmp {'slt' if step > 0 else 'sgt'} i64 {at}, {end}")
        self.end(f"br i1 {goes}, label %{inside}, label %{done}")
        self.begin(inside)
        item = Value(INT, at) if rows is None else self.item(rows, at)
        self._assign_local(name, item, node)
        self._loops.append((following, done))
        self._block(body)
        self._loops.pop()
        if not self.ended:
            self.end(f"br label %{following}")
        self.begin(following)
        passed = self.temp(f"load i64, ptr {counter}")
        ahead = self.temp(f"add i64 {passed}, {step}")
        self.lines.append(f"  store i64 {ahead}, ptr {counter}")
        self.end(f"br label %{again}")
        self.begin(done)

    def _return(self, value: ast.expr | None) -> None:
        if self._returns == NONE:
            self.end("ret void")
            return
        if value is None:
            raise CompileError(f"{self.function.__qualname__} must return something")
        given = self.wanted(value, self._returns)
        self.end(f"ret {self._returns.llvm} {given.text}")


def _loaded(target: ast.expr) -> Any:
    """The same place, read instead of written."""
    match target:
        case ast.Name(id=name):
            return ast.Name(id=name, ctx=ast.Load())
        case ast.Attribute(value=value, attr=attr):
            return ast.Attribute(value=value, attr=attr, ctx=ast.Load())
        case ast.Subscript(value=value, slice=index):
            return ast.Subscript(value=value, slice=index, ctx=ast.Load())
    return target


