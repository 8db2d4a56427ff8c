"""What parts are like after work, and who finds out, as plant files describe it."""

from typing import Self

from pydantic import Field, model_validator

from plant.errors import EntryError
from plant.fields import Count, Description, Name, QuantityField, Share, must_differ


class Rework(Description):
    """Parts that are worked on again."""

    share: Share = Field(description="Share of the parts that go back.")
    to: Name = Field(description="Station they go to: this one, or another of the line.")
    limit: Count | None = Field(
        None, ge=0, description="How often a part may come back from here; then it is scrap. Left out: always."
    )


class Characteristic(Description):
    """A measure that work here gives the part: it is told, and a part outside its limits is defective."""

    name: Name = Field(description="Name of the characteristic.")
    nominal: QuantityField = Field(description="Target with its unit: 82.000 mm.")
    lower: QuantityField | None = Field(None, description="Lower limit of specification.")
    upper: QuantityField | None = Field(None, description="Upper limit of specification.")
    sigma: QuantityField = Field(description="Standard deviation from part to part.")
    drift: QuantityField | None = Field(None, description="Shift of the mean over the whole life of a tool.")

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        for key, value in (("lower", self.lower), ("upper", self.upper), ("sigma", self.sigma), ("drift", self.drift)):
            if value is not None and value.unit != self.nominal.unit:
                raise EntryError(f"{key} is in {value.unit}", f"the unit of nominal, {self.nominal.unit}", at=(key,))
        if self.sigma.value < 0:
            raise EntryError("sigma is negative", "0 or more", at=("sigma",))
        if self.lower is not None and self.upper is not None and self.lower.value >= self.upper.value:
            raise EntryError("lower is not below upper", "lower < upper", at=("lower",))
        return self


class QualityRules(Description):
    """What share of the parts is bad after work here."""

    scrap: Share = Field(0.0, description="Share of the parts scrapped after work here.")
    rework: Rework | None = Field(None, description="Parts that are worked on again.")
    defects: Share = Field(
        0.0, description="Share of the parts that become defective here without anybody seeing it; inspection may."
    )
    characteristics: tuple[Characteristic, ...] = Field((), description="What is measured on each part.")

    @model_validator(mode="after")
    def _one_whole(self) -> Self:
        must_differ("characteristic", "name", "characteristics", (c.name for c in self.characteristics))
        if self.rework is not None and self.scrap + self.rework.share > 1:
            raise EntryError("scrap and rework are more than all parts", "a sum of at most 1", at=("rework", "share"))
        return self


class Inspection(Description):
    """The work here looks for defects that were made before."""

    sample: Share = Field(1.0, description="Share of the parts that are looked at, drawn for each; the others pass.")
    every: Count = Field(1, ge=1, description="Instead of a share: each so-many-th part is looked at.")
    detects: Share = Field(1.0, description="Probability to find a defect that is there.")
    false_alarm: Share = Field(0.0, description="Probability to see one that is not there.")
    to: Name | None = Field(None, description="Station to which a found part goes back; left out: it is scrap.")
    limit: Count | None = Field(
        None, ge=0, description="How often a part may go back from here; then it is scrap. Left out: always."
    )

    @model_validator(mode="after")
    def _one_sample(self) -> Self:
        if self.sample < 1 and self.every > 1:
            raise EntryError("both sample and every are given", "one of the two", at=("every",))
        return self
