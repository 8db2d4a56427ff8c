"""Scenario files: faults that are added to a plant, to see what it does then."""

from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationInfo, model_validator

from plant.contradictions import ContradictionError
from plant.contradictions.faults import apart, placed
from plant.description import Plant
from plant.document import read_document
from plant.faults import Fault
from plant.fields import Description, Name
from plant.loader import described, schema_of

WANTED = "a scenario, beginning with scenario: NAME"


class Scenario(Description):
    """What happens to a plant besides what stands in its own file."""

    scenario: Name = Field(description="Name of the scenario.", examples=["worn-bearing"])
    title: str = Field("", description="What happens, in a sentence.")
    faults: tuple[Fault, ...] = Field(
        min_length=1, description="Faults, as in a plant file.", examples=["with one item per fault"]
    )

    @model_validator(mode="after")
    def _agrees(self, info: ValidationInfo) -> Self:
        plant = (info.context or {}).get("plant")
        if plant is None:
            return self
        own = len(plant.faults)
        wrong = (*placed(plant, self.faults), *apart((*plant.faults, *self.faults), own))
        if wrong:
            raise ContradictionError(self, wrong)
        return self


def load_scenario(path: str | Path, plant: Plant) -> Plant:
    """A plant with the faults of a scenario besides its own.

    Args:
        path: a YAML file with `scenario: NAME` and `faults` as they stand in plant files.
        plant: the plant that they befall.

    Raises:
        PlantError: with all problems of the file, in order of their lines.
    """
    scenario = described(read_document(path), Scenario, WANTED, plant=plant)
    return plant.with_faults(scenario.faults)


def scenario_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of scenario files, for editors."""
    return schema_of(Scenario, "Shopfloor scenario")
