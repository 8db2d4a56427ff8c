"""Quantities of a machine as machine types tell them: what drives a variable, and what a sensor shows of it."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from plant.errors import EntryError
from plant.expressions import Expression, ExpressionField
from plant.fields import Description, Duration
from plant.messages import Tag

Ident = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
"""Name of a figure, a variable or a tag: it stands in expressions."""


class Lag(Description):
    """A first-order lag behind a stepwise quantity."""

    of: ExpressionField = Field(examples=["speed"], description="What it follows: an expression of stepwise variables.")
    tau: ExpressionField = Field(
        examples=["600"], description="Time constant in seconds: a number or an expression of stepwise variables."
    )


class TwoNodes(Description):
    """Rise of temperature above the surroundings of two thermal nodes, the first of which is heated."""

    heat: ExpressionField = Field(
        examples=["50 * drive_kw"], description="Heat into the first node in W: an expression of stepwise variables."
    )
    c1: float = Field(gt=0, examples=["2000"], description="Heat capacity of the first node in J/K.")
    c2: float = Field(gt=0, examples=["20000"], description="Heat capacity of the second node in J/K.")
    g12: float = Field(gt=0, examples=["8"], description="Conductance between the two in W/K.")
    g2a: float = Field(gt=0, examples=["12"], description="Conductance from the second one to the surroundings, W/K.")
    node: Literal[1, 2] = Field(1, description="The node that this is.")


class Sawtooth(Description):
    """What rises to a limit, then falls to another, again and again: an accumulator, a tank with a two-point cooler."""

    low: float = Field(examples=["80"], description="Lower limit.")
    high: float = Field(examples=["120"], description="Upper limit.")
    up: ExpressionField = Field(
        examples=["0.5"], description="How fast it rises, per second: an expression of stepwise variables."
    )
    down: ExpressionField = Field(
        examples=["0.2"], description="How fast it falls, per second: an expression of stepwise variables."
    )

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.low >= self.high:
            raise EntryError(f"low is {self.low:g} and high {self.high:g}", "low < high", at=("low",))
        return self


class Wander(Description):
    """What wanders about 0 by itself: an Ornstein-Uhlenbeck process."""

    sigma: float = Field(ge=0, examples=["0.4"], description="Standard deviation, in the unit of the variable.")
    tau: Duration = Field(examples=["2 h"], description="Correlation time.")


MODELS = ("formula", "lag", "two_nodes", "integral", "sawtooth", "wander", "scatter")


class Variable(Description):
    """A quantity of the process: one of these models says what it is."""

    formula: ExpressionField | None = Field(None, description="An expression of figures, variables, faults and tags.")
    lag: Lag | None = Field(None, description="A first-order lag.")
    two_nodes: TwoNodes | None = Field(None, description="One of two thermal nodes, in K above the surroundings.")
    integral: ExpressionField | None = Field(
        None, description="The integral over time in seconds, from the start of the run: an expression."
    )
    sawtooth: Sawtooth | None = Field(None, description="A saw-tooth between two limits.")
    wander: Wander | None = Field(None, description="Wandering about 0.")
    scatter: float | None = Field(
        None,
        ge=0,
        description="What differs from operation to operation, by itself: the standard deviation of a normal number "
        "with mean 0, drawn for each.",
    )

    @property
    def model(self) -> str | None:
        """Which of the models it has; none: it only adds to what the type it is like says."""
        return next((name for name in MODELS if getattr(self, name) is not None), None)

    @model_validator(mode="after")
    def _one_model(self) -> Self:
        given = [name for name in MODELS if getattr(self, name) is not None]
        if len(given) > 1:
            raise EntryError(f"both {given[0]} and {given[1]} are given", "one of the models", at=(given[1],))
        return self

    def expressions(self) -> Iterator[tuple[tuple[str, ...], Expression]]:
        """All its expressions, each with the way to it."""
        if self.formula is not None:
            yield ("formula",), self.formula
        if self.integral is not None:
            yield ("integral",), self.integral
        for model in ("lag", "two_nodes", "sawtooth"):
            of = getattr(self, model)
            for key in () if of is None else ("of", "tau", "heat", "up", "down"):
                if isinstance(found := getattr(of, key, None), Expression):
                    yield (model, key), found


class TagRow(Variable):
    """A variable with a sensor: what is told of it, and when."""

    unit: str = Field("1", description="Unit (UCUM): Cel, kW, /min, mm/s, …")
    title: str | None = Field(None, description="What people read; left out: the name.")
    min: float | None = Field(None, description="Lower end of the sensor's range: what is below shows as this.")
    max: float | None = Field(None, description="Upper end of the sensor's range: what is above shows as this.")
    step: float | None = Field(None, gt=0, description="Smallest step of the reading; left out: 0.001.")
    noise: ExpressionField | None = Field(
        None, description="Standard deviation of the sensor's noise in the unit of the tag: a number or an expression."
    )
    words: tuple[str, ...] | None = Field(
        None, description="What it reads instead of 0, 1, 2, …: [closed, open]; the tag is a text then."
    )
    every: Duration | None = Field(
        None, description="Time between two samples, at least the plant's `sample`; left out: as the plant says."
    )
    when: Literal["change", "cycle"] | None = Field(
        None, description="change: told when it changes; cycle: once per operation, at its end."
    )
    deadband: float | None = Field(
        None, gt=0, description="Told only when it has moved so far since it was told last; in the unit of the tag."
    )
    heartbeat: Duration | None = Field(None, description="With a deadband: told at the latest after so long.")

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.when is not None and (self.every is not None or self.deadband is not None):
            raise EntryError("both when and every or deadband are given", "one way to sample", at=("when",))
        if self.heartbeat is not None and self.deadband is None:
            raise EntryError("a heartbeat without a deadband", "a deadband besides", at=("heartbeat",))
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise EntryError("min is not below max", "min < max", at=("min",))
        return self

    @property
    def sampling(self) -> str:
        """How it is sampled, in a word: fixed, exception, change, cycle."""
        return self.when or ("fixed" if self.deadband is None else "exception")

    def told(self, name: str) -> Tag:
        """As birth documents describe it."""
        whole = self.unit == "1" and self.step is not None and self.step % 1 == 0  # counts; others happen to be whole
        datatype: Literal["float", "int", "str"] = "str" if self.words else "int" if whole else "float"
        title = self.title or name.replace("_", " ").capitalize()
        return Tag(
            unit=self.unit, datatype=datatype, min=self.min, max=self.max, sampling=self.sampling, title=title
        )
