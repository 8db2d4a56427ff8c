"""What stops a machine: failures, setups, tool changes, maintenance, as plant files describe them."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from plant.distributions import Distribution, exponential
from plant.errors import EntryError, shown
from plant.fields import AmountField, Description, Name, Share, Time

PartTreatment = Literal["resume", "restart", "scrap"]


class Failure(Description):
    """One way in which a machine fails; modes are independent."""

    mode: Name = Field(description="Name of the mode, unique at its station; it becomes an alarm code.")
    clock: Literal["operating", "calendar"] = Field(
        "operating", description="operating: ages only while the machine processes; calendar: always."
    )
    time_to_failure: Time | None = Field(
        None, description="From the end of a repair to the next failure on the mode's clock. Give this or availability."
    )
    availability: Share | None = Field(
        None,
        description="Instead of time_to_failure: share of the clock's time up, alone, above 0 and below 1. "
        "The time to failure is exponential with the mean that follows: A / (1 - A) times the mean repair.",
    )
    time_to_repair: Time = Field(description="From the failure to its end, drawn at the failure.")
    part: PartTreatment = Field(
        "resume", description="What becomes of the part in work: resume: goes on; restart: with a new draw; scrap."
    )
    gates: Literal["work", "all"] = Field(
        "work", description="work: parts still come into and leave the failed machine; all: they don't."
    )
    fault: Name | None = Field(
        None, description="Fault of the machine's type that announces it: it grows before, and the repair ends it."
    )
    onset: Share = Field(0.3, description="Share of the time to failure, the last one, in which that fault grows.")

    @model_validator(mode="after")
    def _one_interval(self) -> Self:
        wanted = "either time_to_failure or availability"
        if (self.time_to_failure is None) == (self.availability is None):
            found = "neither is given" if self.availability is None else "both are given"
            raise EntryError(found, wanted, at=("availability",))
        if self.onset == 0:
            raise EntryError("onset is 0, so that nothing announces the failure", "a share above 0", at=("onset",))
        if self.availability is None:
            return self
        if not 0 < self.availability < 1:
            raise EntryError(f"availability is {self.availability:g}", "above 0 and below 1", at=("availability",))
        if self.time_to_repair.mean < 1:
            raise EntryError(
                "time_to_repair is 0, so that no time to failure follows from availability",
                "a time_to_repair above 0",
                at=("time_to_repair",),
            )
        return self

    @field_validator("time_to_failure")
    @classmethod
    def _takes_time(cls, value: Distribution | None) -> Distribution | None:
        if value is not None and value.mean < 1:
            raise EntryError(f"{shown(str(value))} is no time", "a time to failure above 0")
        return value

    @property
    def interval(self) -> Distribution:
        """Time to failure; from availability A and mean repair R exponential with mean R A / (1 - A)."""
        if self.time_to_failure is not None:
            return self.time_to_failure
        a = self.availability or 0.0
        return exponential(self.time_to_repair.mean * a / (1 - a))


class Setup(Description):
    """A changeover before work on a part that is unlike the one before."""

    when: Literal["product changes", "order changes", "lot changes"] = Field(
        "product changes", description="What makes a setup necessary; the first part of a run needs none."
    )
    time: Time | None = Field(None, description="Time of a setup; with a matrix the time of the pairs it leaves out.")
    matrix: dict[Name, dict[Name, Time]] = Field(
        default_factory=dict, description="Times by product, from the one before to the next: {A: {B: 10 min}}."
    )

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.time is None and not self.matrix:
            raise EntryError("neither time nor matrix is given", "a time, a matrix, or both", at=("time",))
        if self.matrix and self.when != "product changes":
            raise EntryError(
                f"a matrix goes by product, and setups come when {self.when}", "product changes", at=("when",)
            )
        return self


class Tool(Description):
    """The tool of a machine: it wears, is changed, and may break before."""

    life: AmountField = Field(description="Parts, or time of work, after which it is changed.")
    change: Time = Field(description="Time of a change; it begins when the last operation of its life ends.")
    breaks: Time | None = Field(
        None, description="Time of work after which a new tool breaks, if its life is not over before; left out: never."
    )
    replace: Time | None = Field(None, description="Time to replace a broken tool; left out: that of a change.")
    part: PartTreatment = Field("scrap", description="What becomes of the part in work when the tool breaks.")

    @field_validator("breaks")
    @classmethod
    def _takes_time(cls, value: Distribution | None) -> Distribution | None:
        if value is not None and value.mean < 1:
            raise EntryError(f"{shown(str(value))} is no time", "a time above 0")
        return value


class Maintenance(Description):
    """Work on a machine that is planned; it never interrupts an operation."""

    name: Name = Field("maintenance", description="Name of the task, unique at its station.")
    every: AmountField | None = Field(
        None, description="Time on the clock, or number of parts, between two; give this or at_wear."
    )
    clock: Literal["operating", "calendar"] = Field(
        "calendar", description="What a time counts: operating: work; calendar: all time since the end of the last one."
    )
    at_wear: Share | None = Field(
        None, description="Condition instead of every: share of the mean life of the modes in renews that is used up."
    )
    time: Time = Field(description="How long it takes.")
    renews: tuple[Name, ...] = Field(
        (), description="Failure modes whose clocks begin anew with it; their repair begins its interval anew too."
    )
    opportunistic: Share = Field(
        0.0, description="How much earlier, as a share of every, it may be done when the machine stands still anyway."
    )

    @model_validator(mode="after")
    def _one_trigger(self) -> Self:
        if (self.every is None) == (self.at_wear is None):
            found = "neither is given" if self.every is None else "both are given"
            raise EntryError(found, "either every or at_wear", at=("every",))
        if self.at_wear is not None:
            if not 0 < self.at_wear <= 1:
                raise EntryError(f"at_wear is {self.at_wear:g}", "above 0, at most 1", at=("at_wear",))
            if not self.renews:
                raise EntryError("at_wear without renews: nothing wears", "the modes in renews", at=("renews",))
        return self
