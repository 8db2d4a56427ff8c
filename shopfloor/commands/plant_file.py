"""Commands around the plant file: make one, check it, say what may be in it."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from plant.scenarios import scenario_schema
from shopfloor.commands.options import PlantFile, ScenarioFile, console, errors, plant_of


def init(
    *,
    stations: Annotated[
        Path | None, typer.Argument(metavar="LIST", help="List of stations, CSV or Excel; without it: questions.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="PLANT.yaml", help="File to write.", show_default="NAME.yaml, here")
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the plant.", show_default="that of the list")
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(metavar="NAME", help="Sheet of an Excel file.", show_default="the first one")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write a file anew that is there already.")] = False,
) -> None:
    """Make a first plant file, with comments, from a list of stations (CSV or Excel) or by a few questions."""
    from shopfloor.starting import StartSettings, start_plant

    start_plant(StartSettings(stations=stations, sheet=sheet, name=name, out=out, force=force), console, errors)


def check(*, plant: PlantFile, scenario: ScenarioFile = None) -> None:
    """Check a plant file, and a scenario with it; say everything that is wrong with it, or what it describes."""
    from shopfloor.tables import print_plant

    print_plant(plant_of(plant, scenario), console)


def schema(
    *, scenario: Annotated[bool, typer.Option("--scenario", help="That of scenario files instead.")] = False
) -> None:
    """Print the JSON Schema of plant files, for editors."""
    from plant.loader import plant_schema

    sys.stdout.write(json.dumps(scenario_schema() if scenario else plant_schema(), indent=2) + "\n")
