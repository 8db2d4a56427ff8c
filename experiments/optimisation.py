"""The `optimise:` part of an experiment file: what should be best, what may be varied, under which constraints.

    optimise:
      maximise: throughput_per_s            # or minimise; a response, cost, or a linear form; two of them: a front
      vary: {lines.block-line.stations.*.buffer: 0..12}
      cost: {lines.block-line.stations.*.buffer: 400}
      subject_to: [sum <= 20, cost <= 5000, lead_time_s.mean <= 3600]
      budget: 2000                          # replications in all, those of the ranking too
      difference: 0.5 %                     # smallest one worth finding
      confidence: 95 %

`Optimise` is what people wrote; `task_of` makes of it what can be searched, or tells all that is wrong with it.
"""

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from experiments.constraints import ALLOWED, CONSTANT, Constraint, Form, matches, parse_constraint, parse_form
from experiments.space import Limit, Space, Tally, Variable
from experiments.study import Setting
from plant.errors import EntryError, closest, did_you_mean, shown
from plant.fields import Description, Share

CHOICES_ALLOWED = "a range of whole numbers such as 0..12, or a list of at least two choices"
WIDEST = 1000  # choices of one variable

_RANGE = re.compile(r"\s*(-?\d+)\s*\.\.\s*(-?\d+)\s*")


@dataclass(frozen=True, slots=True)
class Choices:
    """What a path may be set to, and how people wrote it: numbers are in order, from the smallest."""

    values: tuple[Setting, ...]
    text: str
    neutral: ClassVar[str] = "0..1"

    @property
    def ordered(self) -> bool:
        """Whether they are numbers, one next to the other."""
        return all(type(value) in {int, float} for value in self.values)

    def __str__(self) -> str:
        """As people write it."""
        return self.text


def _choices(value: object) -> Choices:
    if isinstance(value, Choices):
        return value
    if isinstance(value, str) and (match := _RANGE.fullmatch(value)):
        low, high = int(match[1]), int(match[2])
        if not low < high < low + WIDEST:
            raise EntryError(f"{value} has {max(0, high - low + 1)} choices", f"2 to {WIDEST} of them")
        return Choices(tuple(range(low, high + 1)), f"{low}..{high}")
    if not isinstance(value, list | tuple) or not 2 <= len(value) <= WIDEST:
        raise EntryError(f"{shown(value)} leaves nothing to choose", CHOICES_ALLOWED)
    if odd := [one for one in value if not isinstance(one, str | int | float | bool | None)]:
        raise EntryError(f"{shown(odd[0])} is no choice", "numbers, texts, true and false")
    marked = [(type(one).__name__ == "bool", one) for one in value]
    if twice := next((one for i, (_, one) in enumerate(marked) if marked[i] in marked[:i]), None):
        raise EntryError(f"{shown(twice)} is there twice", "each choice once")
    numbers = [one for one in value if type(one) in {int, float}]
    values = sorted(numbers) if len(numbers) == len(value) else value
    return Choices(tuple(values), str(list(value)))


def _prices(value: object) -> object:
    """A price for each unit, or one for each choice."""
    table: Mapping[object, Any] = value if isinstance(value, Mapping) else {"": value}
    for price in table.values():
        if type(price) not in {int, float} or not math.isfinite(price):
            raise EntryError(f"{shown(price)} is no price", "a number for each unit, or a table {choice: number}")
    return value


def _texts(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


def _form(value: object) -> str:
    parse_form(str(value))
    return str(value).strip()


def _constraint(value: object) -> str:
    parse_constraint(str(value))
    return str(value).strip()


ChoicesField = Annotated[
    Choices,
    BeforeValidator(_choices),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": _RANGE.pattern}, {"type": "array", "minItems": 2}]}),
]
PriceField = Annotated[Any, BeforeValidator(_prices), WithJsonSchema({"type": ["number", "object"]})]
FormField = Annotated[str, BeforeValidator(_form)]
ConstraintField = Annotated[str, BeforeValidator(_constraint)]


class Optimise(Description):
    """What should be best, and what may be varied for it."""

    maximise: Annotated[tuple[FormField, ...], BeforeValidator(_texts)] = Field(
        (), description="What should be as large as possible: a response, or a linear form; two for a Pareto front."
    )
    minimise: Annotated[tuple[FormField, ...], BeforeValidator(_texts)] = Field(
        (), description="What should be as small as possible, with `maximise` or instead of it.", examples=["cost"]
    )
    vary: dict[str, ChoicesField] = Field(
        min_length=1, description="Paths, with stars for any step, and their choices: a range `0..12` or a list."
    )
    cost: dict[str, PriceField] = Field(
        {}, description="Prices by path: for each unit, or a table by choice. `cost` is their sum."
    )
    subject_to: Annotated[tuple[ConstraintField, ...], BeforeValidator(_texts)] = Field(
        (), description="Constraints, linear in varied paths, sum, count, cost and responses."
    )
    budget: int = Field(1000, ge=50, strict=True, description="Replications in all.")
    difference: Share = Field(0.005, gt=0, description="Smallest difference worth finding, as a share of the answer.")
    confidence: Share = Field(0.95, gt=0.5, lt=1, description="Probability that the answer is the best finalist.")


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A linear form of settings and responses.

    Args:
        text: as people wrote it.
        tally: what settings say.
        responses: and responses, each with its factor.
    """

    text: str
    tally: Tally
    responses: tuple[tuple[str, float], ...] = ()

    def of(self, point: tuple[int, ...], answers: Mapping[str, float | None]) -> float:
        """Its value in one replication; not a number if a response has none."""
        parts = [math.nan if answers[name] is None else factor * answers[name] for name, factor in self.responses]  # type: ignore[operator]
        return self.tally.of(point) + math.fsum(parts)


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What should be large (sign 1) or small (sign -1)."""

    measure: Measure
    sign: int

    @property
    def text(self) -> str:
        """As people say it: ``maximise throughput_per_s``."""
        return f"{'maximise' if self.sign > 0 else 'minimise'} {self.measure.text}"


@dataclass(frozen=True, kw_only=True)
class Promise:
    """Between what the mean of a measure must lie: a constraint that only runs can judge."""

    measure: Measure
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Task:
    """What can be searched.

    Args:
        goals: one, or two for a front.
        space: variables, and constraints that settings alone decide.
        promises: constraints on responses.
        cost: of a point; none without prices.
        budget: replications in all.
        difference: smallest one worth finding, as a share of the answer.
        confidence: probability of correct selection among the finalists.
        subject_to: constraints as written.
    """

    goals: tuple[Goal, ...]
    space: Space
    promises: tuple[Promise, ...] = ()
    cost: Tally | None = None
    budget: int = 1000
    difference: float = 0.005
    confidence: float = 0.95
    subject_to: tuple[str, ...] = ()


def task_of(
    written: Optimise, expand: Callable[[str], Sequence[str]], responses: Collection[str]
) -> tuple[Task | None, tuple[EntryError, ...]]:
    """What can be searched, or all that is wrong.

    Args:
        written: of the file.
        expand: the paths of the plant that a pattern names; none if there are none.
        responses: names that a goal or constraint may use.

    Returns:
        the task, or none with errors; `EntryError.at` leads to the wrong entry from `optimise`.
    """
    return _Judge(written, responses).task(expand)


class _Judge:
    """Makes a task, and collects what is wrong on the way."""

    def __init__(self, written: Optimise, responses: Collection[str]) -> None:
        self.written = written
        self.responses = responses
        self.errors: list[EntryError] = []
        self.variables: tuple[Variable, ...] = ()
        self.cost: Tally | None = None

    def task(self, expand: Callable[[str], Sequence[str]]) -> tuple[Task | None, tuple[EntryError, ...]]:
        written = self.written
        self.variables = self._variables(expand)
        if self.errors:
            return None, tuple(self.errors)
        self.cost = self._cost() if written.cost else None
        ways = (("maximise", 1, written.maximise), ("minimise", -1, written.minimise))
        goals = [
            Goal(measure=measure, sign=sign)
            for key, sign, texts in ways
            for i, text in enumerate(texts)
            if (measure := self._measure(text, parse_form(text), (key, i))) is not None
        ]
        if not 1 <= len(written.maximise) + len(written.minimise) <= 2:
            count = len(written.maximise) + len(written.minimise)
            self._wrong(f"{count or 'no'} goals", "one of maximise and minimise, or two for a Pareto front", (), "")
        limits, promises = self._constraints()
        space = Space(variables=self.variables, limits=tuple(limits))
        if not self.errors:
            self._judge(space)
        if self.errors:
            return None, tuple(self.errors)
        return Task(
            goals=tuple(goals), space=space, promises=tuple(promises), cost=self.cost, budget=written.budget,
            difference=written.difference, confidence=written.confidence, subject_to=written.subject_to,
        ), ()  # fmt: skip

    def _wrong(self, found: str, allowed: str, at: tuple[str | int, ...], hint: str = "") -> None:
        self.errors.append(EntryError(found, allowed, hint, at))

    def _variables(self, expand: Callable[[str], Sequence[str]]) -> tuple[Variable, ...]:
        found: dict[str, tuple[str, Variable]] = {}
        for pattern, choices in self.written.vary.items():
            paths = expand(pattern)
            if not paths:
                self._wrong(f"there is no {pattern}", "paths into the plant", ("vary", pattern))
            for path in paths:
                if path in found:
                    self._wrong(f"{path} is varied twice", f"either {found[path][0]} or this", ("vary", pattern))
                found[path] = (pattern, Variable(path=path, choices=choices.values, ordered=choices.ordered))
        return tuple(variable for _, variable in found.values())

    def _cost(self) -> Tally:
        table = [[0.0] * len(of.choices) for of in self.variables]
        for pattern, price in self.written.cost.items():
            named = [i for i, of in enumerate(self.variables) if matches(of.path, pattern)]
            at = ("cost", pattern)
            if not named:
                paths = [of.path for of in self.variables]
                hint = did_you_mean(pattern, [*self.written.vary, *paths])
                self._wrong(f"{pattern} is not varied", "paths under vary", at, hint)
            for i in named:
                of = self.variables[i]
                for k, choice in enumerate(of.choices):
                    table[i][k] += self._price(of, choice, price, at)
        return Tally(table=tuple(map(tuple, table)))

    def _price(self, of: Variable, choice: Setting, price: Any, at: tuple[str | int, ...]) -> float:
        if isinstance(price, Mapping):
            known = {str(key): float(much) for key, much in price.items()}
            if str(choice) in known:
                return known[str(choice)]
            self._wrong(f"{shown(choice)} of {of.path} has no price", "a price for each choice", at)
        elif of.ordered:
            return float(price) * float(choice)  # type: ignore[arg-type]
        else:
            self._wrong(f"one price for the choices of {of.path}", "a table {choice: price}", at)
        return 0.0

    def _constraints(self) -> tuple[list[Limit], list[Promise]]:
        limits, promises = [], []
        for i, text in enumerate(self.written.subject_to):
            constraint = parse_constraint(text)
            measure = self._measure(text, constraint.form, ("subject_to", i))
            if measure is None:
                continue
            if measure.responses:
                promises.append(Promise(measure=measure, low=constraint.low, high=constraint.high))
            else:
                limits.append(self._limit(constraint, measure, ("subject_to", i)))
        return limits, promises

    def _limit(self, constraint: Constraint, measure: Measure, at: tuple[str | int, ...]) -> Limit:
        limit = Limit(text=constraint.text, tally=measure.tally, low=constraint.low, high=constraint.high)
        least, most = measure.tally.least, measure.tally.most
        if least > limit.high or most < limit.low:
            asked = f"at most {limit.high:g}" if least > limit.high else f"at least {limit.low:g}"
            found = f"{constraint.text} cannot hold: what is varied gives {least:g} to {most:g}, asked is {asked}"
            self._wrong(found, "constraints that some choice keeps", at)
        return limit

    def _judge(self, space: Space) -> None:
        """Whether all constraints can hold together."""
        if space.nearest(tuple(0 for _ in space.variables)) is not None:
            return
        for i in range(len(space.limits)):
            rest = replace(space, limits=(*space.limits[:i], *space.limits[i + 1 :]))
            if rest.nearest(tuple(0 for _ in space.variables)) is not None:
                at = [k for k, text in enumerate(self.written.subject_to) if text == space.limits[i].text]
                found = f"{space.limits[i].text} cannot hold together with the other constraints"
                self._wrong(found, "constraints that some choice keeps", ("subject_to", *at[:1]))
        if not self.errors:
            self._wrong("the constraints contradict each other", "constraints that some choice keeps", ("subject_to",))

    def _measure(self, text: str, form: Form, at: tuple[str | int, ...]) -> Measure | None:
        table = [[0.0] * len(of.choices) for of in self.variables]
        responses, before = [], len(self.errors)
        for quantity, factor in form.parts:
            if quantity == CONSTANT:
                continue
            if len(quantity) == 1 and quantity[0] in self.responses:
                responses.append((quantity[0], factor))
                continue
            own = self._table(quantity, at)
            table = [
                [mine + factor * more for mine, more in zip(row, extra, strict=True)]
                for row, extra in zip(table, own, strict=True)
            ]
        if len(self.errors) > before:
            return None
        tally = Tally(table=tuple(map(tuple, table)), constant=form.constant)
        return Measure(text=text, tally=tally, responses=tuple(responses))

    def _table(self, quantity: tuple[str, ...], at: tuple[str | int, ...]) -> list[list[float]]:
        """A number for each choice of each variable."""
        zeros = [[0.0] * len(of.choices) for of in self.variables]
        name, *inside = quantity
        if name == "cost":
            if not self.written.cost:
                self._wrong("cost without prices", "prices under optimise: cost: {path: price}", at)
                return zeros
            return [list(row) for row in self.cost.table] if self.cost else zeros
        value = inside[1] if name == "count" and len(inside) == 2 else None
        patterns = inside[:1] if name == "count" else inside or (["*"] if name == "sum" else [name])
        for pattern in patterns:
            named = [
                i for i, of in enumerate(self.variables) if (pattern == "*" and of.ordered) or matches(of.path, pattern)
            ]
            if not named:
                known = ["sum", "count", "cost", *self.written.vary, *(of.path for of in self.variables)]
                meant = closest(pattern, [*known, *self.responses])
                hint = f"did you mean {meant}?" if meant else ""
                self._wrong(f"{pattern} is neither varied nor a response", ALLOWED, at, hint)
            for i in named:
                zeros[i] = self._row(self.variables[i], name, value, at, zeros[i])
        return zeros

    def _row(
        self, of: Variable, name: str, value: str | None, at: tuple[str | int, ...], before: list[float]
    ) -> list[float]:
        if name == "count" and value is not None:
            if value not in map(_as_text, of.choices):
                self._wrong(f"{value} is no choice of {of.path}", ", ".join(map(_as_text, of.choices)), at)
            return [float(_as_text(choice) == value) for choice in of.choices]
        if name == "count":
            return [float(choice not in {0, None, ""}) for choice in of.choices]
        if not of.ordered:
            self._wrong(f"{of.path} has choices that are no numbers", f"count({of.path}, choice)", at)
            return before
        return [mine + float(choice) for mine, choice in zip(before, of.choices, strict=True)]  # type: ignore[arg-type]


def _as_text(choice: Setting) -> str:
    return str(choice).lower() if isinstance(choice, bool) else str(choice)
