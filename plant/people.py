"""The people of a plant: pools of operators, and what they are needed for."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from plant.distributions import constant
from plant.errors import EntryError
from plant.fields import Count, Description, Name, Time, must_differ

Task = Literal["load", "process", "setup", "tool", "repair", "maintain", "inspect"]
TASKS: tuple[Task, ...] = ("load", "process", "setup", "tool", "repair", "maintain", "inspect")


def _heads(value: Any) -> str:
    return "<by shift>" if isinstance(value, dict) else "<number>"


Heads = Annotated[
    Annotated[int, Field(strict=True, ge=1, le=10_000), Tag("<number>")]
    | Annotated[dict[Name, Annotated[Count, Field(ge=0, le=10_000)]], Tag("<by shift>")],
    Discriminator(_heads),
]


class Pool(Description):
    """Operators who can do the same."""

    pool: Name = Field(description="Name of the pool, unique in the plant.")
    count: Heads = Field(description="How many there are: a number, or a number for each shift: {early: 3, late: 2}.")
    shifts: tuple[Name, ...] | None = Field(None, description="Shifts they work; left out: all declared shifts.")
    skills: tuple[Task, ...] = Field(TASKS, description="Tasks they can do; left out: all.")
    walking: Time = Field(
        default_factory=lambda: constant(0), description="Time on the way from one machine to another one."
    )

    @model_validator(mode="after")
    def _shifts_agree(self) -> Self:
        if isinstance(self.count, dict):
            if self.shifts is not None:
                raise EntryError("count goes by shift, and shifts are given too", "one of the two", at=("shifts",))
            if not any(self.count.values()):
                raise EntryError("nobody works in this pool", "at least one operator in some shift", at=("count",))
        return self

    @property
    def most(self) -> int:
        """The most operators that are there at once, shifts not overlapping."""
        return max(self.count.values()) if isinstance(self.count, dict) else self.count


def _pools(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Need(Description):
    """Operators that a station needs for some of its tasks."""

    pool: Annotated[tuple[Name, ...], BeforeValidator(_pools, json_schema_input_type=Name | tuple[Name, ...])] = Field(
        min_length=1, description="Pool that they come from; of several pools the first that has somebody free."
    )
    tasks: tuple[Task, ...] = Field(
        alias="for", min_length=1, description="What they are needed for; repair of every failure of the station."
    )
    count: Count = Field(1, ge=1, le=1000, description="How many of them at once.")
    priority: Count = Field(5, ge=1, le=9, description="Who is served first when operators are short: 1 before 9.")

    @model_validator(mode="after")
    def _pools_differ(self) -> Self:
        must_differ("pool", "", "pool", self.pool)
        return self
