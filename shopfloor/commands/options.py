"""Arguments and options that several commands share, what they mean, and where commands write."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from plant.description import Plant
from plant.errors import InputError
from plant.loader import load_plant
from plant.scenarios import load_scenario

console = Console()
errors = Console(stderr=True)

PlantFile = Annotated[Path, typer.Argument(metavar="PLANT", help="Plant file (YAML).")]
ScenarioFile = Annotated[
    Path | None, typer.Option("--scenario", metavar="FILE", help="Scenario file (YAML): faults that are added.")
]
Seed = Annotated[int, typer.Option(help="Seed of all random draws.", min=0)]
Start = Annotated[str | None, typer.Option(metavar="ISO", help="First instant of the run, e.g. 2026-01-05T06:00:00Z.")]
Speed = Annotated[float, typer.Option(help="Seconds of plant time per second.", min=0.01, max=10_000)]
Broker = Annotated[
    str | None, typer.Option(metavar="mqtt://…", help="Broker to use; without it one is started on this machine.")
]
Port = Annotated[
    int | None, typer.Option(help="Port of the page.", min=0, max=65535, show_default="8000, or a free one")
]
HistorianPlace = Annotated[
    str | None,
    typer.Option(
        metavar="duckdb:DIR|influxdb:URL",
        help="Where telemetry and points are stored. The token of an InfluxDB: INFLUXDB_TOKEN of the environment.",
    ),
]
Data = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder that keeps the run, so that it goes on after a restart.")
]
DataLimit = Annotated[
    str, typer.Option(metavar="SIZE", help="What the data folder may take; beyond it the oldest goes, e.g. 500MB.")
]
BrokerOfOthers = Annotated[
    str | None,
    typer.Option("--broker", metavar="mqtt[s]://…", help="Broker.", show_default="SHOPFLOOR_BROKER of the environment"),
]
CaFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Certificates (PEM) that the broker's own must lead to, with mqtts.")
]
WallFor = Annotated[str | None, typer.Option("--for", metavar="TIME", help="Stop after this wall time, e.g. 10min.")]


def plant_of(file: Path, scenario: Path | None) -> Plant:
    """The plant of a file, with the faults of a scenario if one is given."""
    plant = load_plant(file)
    return plant if scenario is None else load_scenario(scenario, plant)


def broker_of(url: str | None) -> str:
    """The broker that was named, here or in the environment."""
    if found := url or os.environ.get("SHOPFLOOR_BROKER"):
        return found
    raise InputError("--broker: is missing; allowed: mqtt://host:1883, here or in SHOPFLOOR_BROKER")
