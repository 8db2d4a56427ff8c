"""The shared language: plant description, states, messages, distributions, draws, time, units, errors."""

from plant.description import Plant
from plant.errors import PlantError, ShopfloorError
from plant.loader import load_plant, plant_schema
from plant.states import State

__all__ = ["Plant", "PlantError", "ShopfloorError", "State", "load_plant", "plant_schema"]
