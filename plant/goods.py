"""What a plant makes: products, the order in which they come, and production orders."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from plant.errors import EntryError
from plant.fields import Count, Description, Duration, Name, Share, Time

Dispatch = Literal["fifo", "edd", "spt", "critical-ratio", "priority", "same-setup"]


class Product(Description):
    """A product: its share of the mix, its way and its times."""

    name: Name = Field(description="Name of the product, unique in the plant.")
    share: Share | None = Field(
        None, description="Share of the parts that come; products without one have equal parts of the rest."
    )
    cycle_times: dict[Name, Time] = Field(
        default_factory=dict, description="Cycle times at stations where they differ: {OP20: 80 s}."
    )
    ideal_cycles: dict[Name, Duration] = Field(
        default_factory=dict, description="Planned run times per item at stations where they differ."
    )
    route: tuple[Name, ...] = Field(
        (), description="Stations it visits, in this order; left out: those of the line as they flow."
    )
    priority: Count = Field(5, ge=1, le=9, description="For the dispatch rule priority: 1 before 9.")

    @model_validator(mode="after")
    def _times(self) -> Self:
        for station, time in self.cycle_times.items():
            if time.mean < 1:
                raise EntryError(f"{time} is no time", "a cycle time above 0", at=("cycle_times", station))
        return self


def _step(value: object) -> object:
    return {"product": value} if isinstance(value, str) else value


class Step(Description):
    """A run of one product in a sequence."""

    product: Name = Field(description="Name of the product.")
    quantity: Count = Field(1, ge=1, description="How many of it in a row.")


Sequence = tuple[Annotated[Step, BeforeValidator(_step, json_schema_input_type=Step | Name)], ...]


class Order(Description):
    """A production order."""

    order: Name = Field(description="Name of the order, unique in the plant.")
    product: Name | None = Field(None, description="What to make; left out if there is one product only.")
    quantity: Count = Field(ge=1, le=10_000_000, description="How many good parts.")
    release: Duration = Field(0, description="When it is released, from the start of the run.")
    due: Duration | None = Field(None, description="When it is due, from the start of the run.")
    line: Name | None = Field(None, description="Line that makes it; left out if one line only works to orders.")

    @model_validator(mode="after")
    def _in_time(self) -> Self:
        if self.due is not None and self.due < self.release:
            raise EntryError("it is due before it is released", "a due date after the release", at=("due",))
        return self


class OrderStream(Description):
    """Orders that come by themselves, named NAME-1, NAME-2 …; products by their shares."""

    order: Name = Field("order", description="What their names begin with.")
    every: Time = Field(description="Time between two releases; the first one comes after one interval.")
    quantity: Count = Field(1, ge=1, le=10_000_000, description="Good parts in each.")
    product: Name | None = Field(None, description="What to make; left out: drawn by the shares of the products.")
    due: Duration | None = Field(None, description="Time from release to due date.")
    line: Name | None = Field(None, description="Line that makes them; left out if one line only works to orders.")

    @model_validator(mode="after")
    def _takes_time(self) -> Self:
        if self.every.mean < 1:
            raise EntryError("no time lies between two orders", "an interval above 0", at=("every",))
        return self


def _form(value: Any) -> str:
    streams = "every" in value if isinstance(value, dict) else isinstance(value, OrderStream)
    return "<stream>" if streams else "<order>"


AnyOrder = Annotated[Annotated[Order, Tag("<order>")] | Annotated[OrderStream, Tag("<stream>")], Discriminator(_form)]
