"""Experiment files: which configurations of a plant are tried, what is looked at, and how long."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from experiments.designs import MOST, size, told
from experiments.optimisation import Optimise, task_of
from experiments.paths import Described
from experiments.responses import names, parse_response
from experiments.study import Setting
from plant.contradictions import ContradictionError
from plant.contradictions.contradiction import Contradiction, Found
from plant.document import Place
from plant.errors import EntryError, PlantError, did_you_mean, shown
from plant.fields import Count, Description, Name, Share
from plant.loader import schema_of
from plant.time import DURATION_PATTERN, SECOND, format_duration, parse_duration

LEVELS_ALLOWED = "a list of values such as [2, 4, 6], or a range of whole numbers such as 2..8"
DESIGN_ALLOWED = "full, one-at-a-time, latin-hypercube(40), or a list of named scenarios"
WIDEST = 1000  # levels of a factor

_RANGE = re.compile(r"\s*(-?\d+)\s*\.\.\s*(-?\d+)\s*")
_HYPERCUBE = re.compile(r"latin-hypercube\(\s*(\d+)\s*\)")


def _setting(value: object) -> object:
    if value is None or not isinstance(value, str | int | float | bool):
        raise EntryError(f"{shown(value)} is no value to set", "a number, a text, true or false")
    return value


SettingField = Annotated[
    Any, BeforeValidator(_setting), WithJsonSchema({"type": ["string", "number", "boolean"]})
]


@dataclass(frozen=True, slots=True)
class Levels:
    """The values of a factor, and how people wrote them."""

    values: tuple[Setting, ...]
    text: str
    neutral: ClassVar[str] = "0..1"

    def __str__(self) -> str:
        """As people write it."""
        return self.text


def _levels(value: object) -> Levels:
    if isinstance(value, Levels):
        return value
    if isinstance(value, str) and (match := _RANGE.fullmatch(value)):
        low, high = int(match[1]), int(match[2])
        if not low <= high < low + WIDEST:
            raise EntryError(f"{value} has {max(0, high - low + 1)} values", f"1 to {WIDEST} of them")
        return Levels(tuple(range(low, high + 1)), f"{low}..{high}")
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= WIDEST:
        raise EntryError(f"{shown(value)} cannot be used" if value != [] else "the list is empty", LEVELS_ALLOWED)
    values = [_setting(one) for one in value]
    marked = [(type(one), one) for one in values]
    if twice := next((one for i, (_, one) in enumerate(marked) if marked[i] in marked[:i]), None):
        raise EntryError(f"{shown(twice)} is there twice", "each value once")
    return Levels(tuple(values), str(list(value)))  # type: ignore[arg-type]


LevelsField = Annotated[
    Levels,
    BeforeValidator(_levels),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": _RANGE.pattern}, {"type": "array", "minItems": 1}]}),
]


@dataclass(frozen=True, slots=True)
class WarmUpRule:
    """What is cut off the beginning of each run: so many microseconds, or what MSER-5 says."""

    time: int | None = 0

    def __str__(self) -> str:
        """As people write it."""
        return "auto" if self.time is None else format_duration(self.time)


def _rule(value: object) -> WarmUpRule:
    if isinstance(value, WarmUpRule):
        return value
    if value == "auto":
        return WarmUpRule(None)
    try:
        return WarmUpRule(parse_duration(value))
    except EntryError as wrong:
        hint = wrong.hint or did_you_mean(value, ["auto"])
        raise EntryError(f"{shown(value)} is no warm-up", "auto, or a time such as 8 h", hint) from None


RuleField = Annotated[
    WarmUpRule,
    BeforeValidator(_rule),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"pattern": f"^auto$|{DURATION_PATTERN}"}]}),
]


def _counted(value: object) -> int:
    micros = parse_duration(value)
    if micros < SECOND:
        raise EntryError(f"{shown(value)} is too short", "a time from 1 s")
    return micros


class Until(Description):
    """When replications are enough."""

    half_width: Share = Field(
        gt=0, description="Half width of the 95 % interval of each response, by its mean.", examples=["1 %"]
    )
    at_most: Count = Field(200, ge=10, le=100_000, description="Replications of each configuration, at most.")


class Run(Description):
    """How long and how often each configuration runs."""

    duration: Annotated[
        int,
        BeforeValidator(_counted),
        PlainSerializer(format_duration, return_type=str),
        WithJsonSchema({"anyOf": [{"type": "number", "minimum": 1}, {"type": "string", "pattern": DURATION_PATTERN}]}),
    ] = Field(alias="for", description="Plant time that counts, after the warm-up.", examples=["80 h"])
    warm_up: RuleField = Field(
        WarmUpRule(), description="Plant time before, that does not count; auto: found by MSER-5; left out: none."
    )
    replications: Count | None = Field(
        None, ge=1, le=100_000, description="Runs of each configuration, on other streams; left out: 20."
    )
    until: Until | None = Field(None, description="Instead: as many as it takes to know the means well enough.")

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if self.replications is not None and self.until is not None:
            raise EntryError("both replications and until are given", "one of the two", at=("until",))
        return self


class NamedScenario(Description):
    """A configuration by name."""

    name: str = Field(min_length=1, description="Its name.", examples=["more-buffers"])
    settings: dict[str, SettingField] = Field(alias="set", description="Values by path.", examples=["{PATH: VALUE}"])


@dataclass(frozen=True, slots=True)
class Design:
    """How configurations are made of factors: ``full``, ``one-at-a-time``, or ``latin-hypercube`` with points."""

    kind: str = "full"
    points: int = 0
    neutral: ClassVar[str] = "full"

    def __str__(self) -> str:
        """As people write it."""
        return f"{self.kind}({self.points})" if self.points else self.kind


def _design(value: object) -> Design:
    if isinstance(value, Design):
        return value
    if value in {"full", "one-at-a-time"}:
        return Design(str(value))
    match = _HYPERCUBE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        hint = did_you_mean(str(value).partition("(")[0], ["full", "one-at-a-time", "latin-hypercube(40)"])
        raise EntryError(f"{shown(value)} is no design", DESIGN_ALLOWED, hint)
    if not 2 <= (points := int(match[1])) <= MOST:
        raise EntryError(f"{shown(value)} has {points} points", f"2 to {MOST} of them")
    return Design("latin-hypercube", points)


def _kind(value: Any) -> str:
    return "<scenarios>" if isinstance(value, list | tuple) else "<rule>"


_Rule = Annotated[
    Design,
    BeforeValidator(_design),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^full$|^one-at-a-time$|^latin-hypercube\(\d+\)$"}),
]
DesignField = Annotated[
    Annotated[_Rule, Tag("<rule>")]
    | Annotated[Annotated[tuple[NamedScenario, ...], Field(min_length=1)], Tag("<scenarios>")],
    Discriminator(_kind),
]


class Experiment(Description):
    """A question to a plant: what is varied, and what is looked at."""

    experiment: Name = Field(description="Name of the experiment.", examples=["buffers"])
    title: str = Field("", description="The question, in a sentence.")
    plant: str = Field(min_length=1, description="Plant file, as seen from this one.", examples=["engine-works.yaml"])
    run: Run = Field(description="How long and how often each configuration runs.", examples=["{for: 80 h}"])
    seed: Count = Field(1, ge=0, le=2**63 - 1, description="Seed of the first replication; the others follow.")
    factors: dict[str, LevelsField] = Field(
        default_factory=dict, description="Values by path into the plant file; a star stands for any step."
    )
    design: DesignField = Field(Design(), description=f"Which configurations are tried: {DESIGN_ALLOWED}.")
    responses: tuple[str, ...] = Field(
        min_length=1,
        description="What is looked at: keys of simulate --json or KPIs, LINE. in front if there are several lines.",
        examples=["[throughput_per_s]"],
    )
    baseline: dict[str, SettingField] = Field(
        default_factory=dict, description="What the others are compared with; left out: the plant as it stands."
    )
    sensitivity: Count = Field(
        0, ge=0, le=1000, description="Runs in which cycle times, failures and buffers are changed one by one; 0: none."
    )
    optimise: Optimise | None = Field(None, description="A search for the best settings.")

    @model_validator(mode="after")
    def _agrees(self, info: ValidationInfo) -> Self:
        described = (info.context or {}).get("described")
        if described is None:
            return self
        if wrong := tuple(contradictions(self, described)):
            raise ContradictionError(self, wrong)
        return self

    @property
    def scenarios(self) -> tuple[NamedScenario, ...]:
        """Configurations by name, if the design lists them."""
        return self.design if isinstance(self.design, tuple) else ()


def experiment_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of experiment files, for editors."""
    return schema_of(Experiment, "Shopfloor experiment")


# --- what only the plant can tell ----------------------------------------------------------------------------------


def contradictions(of: Experiment, described: Described) -> Found:
    """What an experiment says that its plant cannot be."""
    yield from _responses(of, described)
    for path, levels in of.factors.items():
        yield from _settable(described, path, levels.values, ("factors", path), listed=levels.text.startswith("["))
    for path, value in of.baseline.items():
        yield from _settable(described, path, (value,), ("baseline", path))
    for k, scenario in enumerate(of.scenarios):
        for path, value in scenario.settings.items():
            yield from _settable(described, path, (value,), ("design", k, "set", path))
    yield from _names(of)
    yield from _design_fits(of)
    if of.optimise is not None:
        yield from _optimisable(of.optimise, described)


def _responses(of: Experiment, described: Described) -> Found:
    for k, name in enumerate(of.responses):
        if name in of.responses[:k]:
            yield Contradiction(("responses", k), f"{name} is there twice", "each response once")
        try:
            parse_response(name, described.plant)
        except EntryError as wrong:
            yield Contradiction(("responses", k), wrong.found, wrong.allowed, wrong.hint)


def _settable(
    described: Described, path: str, values: Iterable[Setting], place: Place, *, listed: bool = False
) -> Found:
    try:
        described.judge(path)
    except EntryError as wrong:
        yield Contradiction(place, wrong.found, wrong.allowed, wrong.hint)
        return
    for k, value in enumerate(values):
        yield from _allowed(described, {path: value}, (*place, k) if listed else place)


def _allowed(described: Described, settings: Mapping[str, Setting], place: Place) -> Iterator[Contradiction]:
    try:
        described.set(settings)
    except PlantError as wrong:
        paths = [path for pattern in settings for path in described.expand(pattern)]
        different = {(problem.found, problem.allowed): problem for problem in wrong.problems}
        for problem in different.values():
            where = "" if problem.path in paths else f"{problem.path}: "
            values = ", ".join(f"{path} = {told(value)}" for path, value in settings.items())
            found = f"{values} makes no plant: {where}{problem.found}"
            yield Contradiction(place, found, problem.allowed, problem.hint)


def _names(of: Experiment) -> Found:
    seen = {"baseline"}
    for k, scenario in enumerate(of.scenarios):
        if scenario.name in seen:
            found = f"the name {scenario.name} is taken"
            yield Contradiction(("design", k, "name"), found, "names that differ, other than baseline")
        seen.add(scenario.name)


def _design_fits(of: Experiment) -> Found:
    if of.scenarios and of.factors:
        yield Contradiction(("factors",), "factors beside named scenarios", "one of the two")
    many = size({path: levels.values for path, levels in of.factors.items()})
    if isinstance(of.design, Design) and of.design.kind == "full" and many > MOST:
        found = f"a full design of these factors has {many} configurations"
        yield Contradiction(("factors",), found, f"at most {MOST}, or latin-hypercube(40)")
    if isinstance(of.design, Design) and of.design.points and not of.factors:
        yield Contradiction(("design",), f"{of.design} without factors", "factors: {PATH: [values]}")


def _optimisable(written: Optimise, described: Described) -> Found:
    place: Place = ("optimise",)
    for path, choices in written.vary.items():
        listed = choices.text.startswith("[")
        yield from _settable(described, path, choices.values, (*place, "vary", path), listed=listed)
    lost = [path for path in written.vary if not described.expand(path)]  # they are told already
    rest = {path: choices for path, choices in written.vary.items() if path not in lost}
    _, errors = task_of(written.model_copy(update={"vary": rest}), described.expand, names(described.plant))
    for wrong in errors:
        if not any(path in wrong.found for path in lost):
            yield Contradiction((*place, *wrong.at), wrong.found, wrong.allowed, wrong.hint)
