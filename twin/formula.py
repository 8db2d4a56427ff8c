"""Formulas as people read them, computed as they stand. Pure.

A formula has parts, whole numbers, ``+ − · /``, parentheses, ``min(a, b)``, ``√(a)`` and ``d2(size)``, the table of
control charts. A part whose name is no word of Python stands in double quotes: ``"OP10 1.rate"``. Nothing is rounded
on the way: whole numbers stay whole, quotients inside are fractions, only a root is a float.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction

from twin.capability import D2

Number = int | Fraction | float
Parts = Mapping[str, int]
"""Additive quantities of a window by name; a name that is not there is unknown."""

Reader = Callable[[Parts], Number]
"""What computes an expression from parts."""


def _over(a: Number, b: Number) -> Number:
    return a / b if isinstance(a, float) or isinstance(b, float) else Fraction(a) / Fraction(b)


_WRITTEN = str.maketrans({"·": "*", "−": "-", "√": "root"})
_OPERATORS: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _over,
}
_FUNCTIONS: dict[str, Callable[..., Number]] = {"min": min, "root": math.sqrt, "d2": D2.__getitem__}


class Formula:
    """A formula, read once: the numerator and the denominator of its outermost quotient.

    Args:
        text: as people read it; without a quotient the denominator is 1.
        terms: what some of its names stand for, formulas themselves.

    Raises:
        ValueError: it has something that formulas have not.
    """

    __slots__ = ("_halves", "over", "over_names", "subtracts", "text", "under", "under_names")

    def __init__(self, text: str, terms: Mapping[str, str] | None = None) -> None:
        self.text = text
        root = _tree(text, terms or {})
        quotient = isinstance(root, ast.BinOp) and isinstance(root.op, ast.Div)
        over = root.left if isinstance(root, ast.BinOp) and quotient else root
        under = root.right if isinstance(root, ast.BinOp) and quotient else ast.Constant(1)
        self._halves = (over, under)
        self.over, self.under = _reader(over), _reader(under)
        self.over_names, self.under_names = _names(over), _names(under)
        self.subtracts = any(isinstance(node, ast.Sub) for node in ast.walk(root))

    def written(self, name: Callable[[str], str]) -> tuple[str, str | None]:
        """Numerator and denominator for another language, each name put as it wants; none where the denominator is 1.

        Raises:
            ValueError: it has a function, which other languages write otherwise, or a quotient that is not outermost,
                since some languages make 0 of a division by 0.
        """
        over, under = (_written(node, name) for node in self._halves)
        return over, None if under == "1" else under

    @property
    def names(self) -> tuple[str, ...]:
        """The parts it is made of, in the order in which they stand there."""
        return tuple(dict.fromkeys((*self.over_names, *self.under_names)))


class _Terms(ast.NodeTransformer):
    """Writes terms out."""

    def __init__(self, terms: Mapping[str, str]) -> None:
        self.terms = terms

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return _tree(self.terms[node.id], self.terms) if node.id in self.terms else node


def _tree(text: str, terms: Mapping[str, str]) -> ast.expr:
    """The formula with its terms written out."""
    try:
        body = ast.parse(text.translate(_WRITTEN), mode="eval").body
    except SyntaxError:
        raise ValueError(f"{text!r} is no formula") from None
    tree: ast.expr = _Terms(terms).visit(body)
    return tree


_SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


def _written(node: ast.expr, name: Callable[[str], str]) -> str:
    match node:
        case ast.Constant(value=int() as number):
            return str(number)
        case ast.Name(id=text) | ast.Constant(value=str() as text):
            return name(text)
        case ast.BinOp(op=ast.Div(), right=right) if _names(right):
            raise ValueError(f"{ast.unparse(node)!r} is a quotient inside, whose denominator nobody would look at")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _SIGNS:
            return f"({_written(left, name)} {_SIGNS[type(op)]} {_written(right, name)})"
    raise ValueError(f"{ast.unparse(node)!r} is not written in other languages")


def _names(node: ast.expr) -> tuple[str, ...]:
    """Parts, in the order in which they stand there."""
    match node:
        case ast.Name(id=name) | ast.Constant(value=str() as name):
            return (name,)
        case ast.Call(args=args):
            inner = args
        case _:
            inner = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    return tuple(dict.fromkeys(name for each in inner for name in _names(each)))


def _reader(node: ast.expr) -> Reader:
    match node:
        case ast.Constant(value=int() as number):
            return lambda _: number
        case ast.Name(id=name) | ast.Constant(value=str() as name):
            return operator.itemgetter(name)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            apply, a, b = _OPERATORS[type(op)], _reader(left), _reader(right)
            return lambda parts: apply(a(parts), b(parts))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            function, readers = _FUNCTIONS[name], [_reader(arg) for arg in args]
            return lambda parts: function(*(reader(parts) for reader in readers))
    raise ValueError(f"{ast.unparse(node)!r} is nothing that a formula may have")
