"""Linear constraints as people write them: ``sum <= 20``, ``cost <= 5000``, ``lead_time_s.mean <= 3600``.

A form adds up quantities: a path that is varied (its value, or the cost of its choice with a table of prices), ``sum``
of all that are varied or of those that patterns name, ``count`` of those that are not zero or have a given value,
``cost``, and responses. `plant.expressions` does not fit: paths have dots, stars and hyphens in them, and what is
not linear could not be judged before anything runs. A minus between names has blanks around it; inside a name it is
a hyphen.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from plant.errors import EntryError, shown

ALLOWED = "a linear expression of varied paths, sum, count, cost and responses, such as sum <= 20 or cost <= 5000"
COMPARED = "one of <=, >=, == between two sides, or low <= expression <= high"

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.*]))
      | (?P<name>[A-Za-z0-9_*](?:[\w*\#]|[.-](?=[\w*\#]))*)
      | (?P<sign><=|>=|==|[-+*/(),<>=])
    )""",
    re.VERBOSE,
)

Quantity = tuple[str, ...]
"""A name and what stands in its brackets; nothing for the constant."""

CONSTANT: Quantity = ()


@dataclass(frozen=True, slots=True)
class Form:
    """A linear form: what each quantity is multiplied by, in order of first appearance."""

    parts: tuple[tuple[Quantity, float], ...]

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What it adds up, the constant apart."""
        return tuple(quantity for quantity, _ in self.parts if quantity)

    @property
    def constant(self) -> float:
        """What it is when all quantities are zero."""
        return dict(self.parts).get(CONSTANT, 0.0)


@dataclass(frozen=True, slots=True)
class Constraint:
    """A form without a constant, and between what it must lie."""

    text: str
    form: Form
    low: float = -math.inf
    high: float = math.inf


def parse_form(text: str) -> Form:
    """A linear form, as a goal may be one.

    Raises:
        EntryError: it is none.
    """
    reader = _Reader(text)
    form = reader.sum()
    reader.end()
    return form


def parse_constraint(text: str) -> Constraint:
    """A constraint: two sides, or a form between two numbers.

    Raises:
        EntryError: it is none.
    """
    reader = _Reader(text)
    sides, signs = [reader.sum()], list[str]()
    while reader.next in {"<=", ">=", "==", "<", ">", "="}:
        signs.append(reader.take())
        sides.append(reader.sum())
    reader.end()
    if strict := next((sign for sign in signs if sign in {"<", ">", "="}), ""):
        meant = "==" if strict == "=" else f"{strict}="
        raise EntryError(f"{shown(text)} compares with {strict}", COMPARED, f"did you mean {meant}?")
    if len(signs) == 2 and (signs[0] != signs[1] or signs[0] == "==" or sides[0].quantities or sides[2].quantities):
        raise EntryError(f"{shown(text)} is no constraint", COMPARED)
    if len(signs) not in {1, 2}:
        raise EntryError(f"{shown(text)} is no constraint", COMPARED)
    ends = {"<=": (-math.inf, 0.0), ">=": (0.0, math.inf), "==": (0.0, 0.0)}
    if len(signs) == 2:
        bounds = sorted((sides[0].constant, sides[2].constant), reverse=signs[0] == ">=")
        if bounds != [sides[0].constant, sides[2].constant]:
            raise EntryError(f"{shown(text)} leaves no room", "a lower bound below the upper one")
        form, low, high = sides[1], min(bounds), max(bounds)
    else:
        form = Form(_added(sides[0], sides[1], -1))
        low, high = ends[signs[0]]
    if not form.quantities:
        raise EntryError(f"{shown(text)} says nothing about the plant", ALLOWED)
    rest = tuple((quantity, factor) for quantity, factor in form.parts if quantity)
    return Constraint(text.strip(), Form(rest), low - form.constant, high - form.constant)


def matches(name: str, pattern: str) -> bool:
    """Whether a pattern with stars, each for one step, names a path."""
    steps, wanted = name.split("."), pattern.split(".")
    return len(steps) == len(wanted) and all(map(fnmatchcase, steps, wanted))


def _added(one: Form, other: Form, factor: float) -> tuple[tuple[Quantity, float], ...]:
    whole = dict(one.parts)
    for quantity, much in other.parts:
        whole[quantity] = whole.get(quantity, 0.0) + factor * much
    return tuple((quantity, much) for quantity, much in whole.items() if much)


def _scaled(form: Form, factor: float) -> Form:
    return Form(tuple((quantity, factor * much) for quantity, much in form.parts))


class _Reader:
    """Reads a form, by recursive descent."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._tokens())
        self.depth = 0

    def _tokens(self) -> Iterator[tuple[str, str]]:
        at, text = 0, self.text.rstrip()
        if len(text) > 2000:
            raise EntryError(f"a constraint of {len(text)} characters", "at most 2000")
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise EntryError(f"{shown(text[at:].strip())} stands in a constraint", ALLOWED)
            yield str(match.lastgroup), match[match.lastgroup or 0]
            at = match.end()

    @property
    def next(self) -> str:
        """The next token; empty at the end."""
        return self.tokens[0][1] if self.tokens else ""

    def take(self) -> str:
        """The next token, taken."""
        return self.tokens.pop(0)[1]

    def end(self) -> None:
        """Nothing may follow."""
        if self.tokens:
            raise EntryError(f"{shown(self.next)} cannot stand there in {shown(self.text)}", ALLOWED)

    def sum(self) -> Form:
        """Products with + and - between them."""
        whole = self.product()
        while self.next in {"+", "-"}:
            factor = -1.0 if self.take() == "-" else 1.0
            whole = Form(_added(whole, self.product(), factor))
        return whole

    def product(self) -> Form:
        """Factors with * and / between them, all but one of them numbers."""
        whole = self.factor()
        while self.next in {"*", "/"}:
            sign, other = self.take(), self.factor()
            if sign == "*" and not whole.quantities:
                whole, other = other, whole
            if other.quantities or (sign == "/" and not other.constant):
                raise EntryError(f"{shown(self.text)} is not linear", ALLOWED)
            whole = _scaled(whole, other.constant if sign == "*" else 1 / other.constant)
        return whole

    def factor(self) -> Form:
        """A number, a quantity, or a form in brackets."""
        if self.next in {"-", "+"}:
            factor = -1.0 if self.take() == "-" else 1.0
            return _scaled(self._deeper(self.factor), factor)
        if self.next == "(":
            self.take()
            whole = self._deeper(self.sum)
            self._expect(")")
            return whole
        kind = self.tokens[0][0] if self.tokens else ""
        if kind == "number":
            return Form(((CONSTANT, float(self.take())),))
        if kind != "name":
            found = f"{shown(self.next)} cannot stand there in {shown(self.text)}"
            raise EntryError(found if kind else f"{shown(self.text)} is not complete", ALLOWED)
        return Form(((self._quantity(), 1.0),))

    def _deeper(self, read: Callable[[], Form]) -> Form:
        self.depth += 1
        if self.depth > 50:
            raise EntryError(f"{shown(self.text)} is nested too deep", ALLOWED)
        form = read()
        self.depth -= 1
        return form

    def _quantity(self) -> Quantity:
        name = self.take()
        inside = list[str]()
        if self.next == "(":
            if name not in {"sum", "count"}:
                raise EntryError(f"there is no function {name}", "sum(paths), count(paths), count(paths, value)")
            self.take()
            while self.tokens and self.tokens[0][0] in {"name", "number"}:
                inside.append(self.take())
                if self.next != ",":
                    break
                self.take()
            self._expect(")")
        elif name == "count":
            raise EntryError("count says not of what", "count(paths) or count(paths, value)")
        if name == "count" and not 1 <= len(inside) <= 2:
            raise EntryError(f"count is given {len(inside)} values", "count(paths) or count(paths, value)")
        return (name, *inside)

    def _expect(self, sign: str) -> None:
        if self.next != sign:
            raise EntryError(f"a {sign} is missing in {shown(self.text)}", ALLOWED)
        self.take()
