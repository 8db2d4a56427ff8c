"""Commands that simulate as fast as possible: a run, or a data set of one."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from plant.errors import InputError
from plant.time import DEFAULT_START
from shopfloor.commands.options import PlantFile, ScenarioFile, Seed, Start, console, errors, plant_of
from shopfloor.settings import DatasetSettings, OfflineSettings, duration, instant


def simulate(
    *,
    plant: PlantFile,
    scenario: ScenarioFile = None,
    plant_time: Annotated[str, typer.Option("--for", metavar="TIME", help="Plant time after the warm-up, e.g. 8h.")],
    warm_up: Annotated[str, typer.Option(metavar="TIME", help="Plant time that is not counted.")] = "0s",
    seed: Seed = 1,
    start: Start = None,
    replications: Annotated[int, typer.Option(help="Independent runs.", min=1, max=10_000)] = 1,
    engine: Annotated[str, typer.Option(metavar="simpy|compiled|auto", help="Which engine runs the model.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
    messages: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write every message as a line: topic TAB payload.")
    ] = None,
    parts: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a row per part and machine (CSV, microseconds).")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.svg", help="Draw states of the machines and tags over time.")
    ] = None,
    tags: Annotated[
        str | None,
        typer.Option(
            metavar="TAG,…",
            help="Tags in the picture: OP10.spindle_temp,OP10.power.",
            show_default="the usual ones of the busiest machine",
        ),
    ] = None,
) -> None:
    """Simulate a plant offline, as fast as it can be, and say what came out."""
    from shopfloor.offline import chosen_engine, picture_file, run_offline, write_messages, write_parts, write_picture
    from shopfloor.tables import print_results

    drawn = picture_file(plot, tags)
    chosen = instant("--start", start)
    described = plant_of(plant, scenario)
    settings = OfflineSettings(
        plant=described,
        duration=duration("--for", plant_time, least=1),
        warm_up=duration("--warm-up", warm_up),
        seed=seed,
        replications=replications,
        engine=chosen_engine(described, engine, errors),
    )
    if chosen is not None:
        settings = settings.starting(chosen)
    results = run_offline(settings, errors)
    if messages is not None:
        write_messages(settings, messages)
    if parts is not None:
        write_parts(settings, parts)
    if drawn is not None:
        write_picture(settings, drawn, tags, results)
    if as_json:
        sys.stdout.write(json.dumps(results, indent=2) + "\n")
    else:
        print_results(results, console)


def dataset(
    *,
    plant: Annotated[Path | None, typer.Argument(metavar="[PLANT]", help="Plant file (YAML).")] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write; it must be new or empty.")],
    plant_time: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="Plant time after the warm-up, e.g. 30d.")
    ] = None,
    warm_up: Annotated[str, typer.Option(metavar="TIME", help="Plant time that is left out.")] = "0s",
    seed: Seed = 1,
    start: Start = None,
    line: Annotated[str | None, typer.Option(metavar="NAME", help="Line to tell of.", show_default="all")] = None,
    tags: Annotated[
        str | None, typer.Option(metavar="TAG,…", help="Tags to tell of: power,OP10.spindle_temp.", show_default="all")
    ] = None,
    scenario: ScenarioFile = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a data set that is there already.")] = False,
    rules: Annotated[
        str | None, typer.Option(metavar="ai4i", help="Instead of a plant: a table by published rules.")
    ] = None,
    rows: Annotated[int, typer.Option(metavar="N", help="Rows of that table.")] = 10_000,
) -> None:
    """Write a labelled data set: telemetry, events, parts, quality, energy and the truth, in Parquet with a card."""
    from shopfloor.dataset import write_dataset

    if rules is not None:
        from shopfloor.rules_table import write_rules

        if plant is not None or plant_time is not None:
            raise InputError("--rules: a table by rules has no plant and no --for; allowed: one or the other")
        console.print(
            write_rules(rules, out, rows=rows, seed=seed, force=force), highlight=False, markup=False, soft_wrap=True
        )
        return
    if plant is None or plant_time is None:
        raise InputError("dataset: of what? allowed: PLANT with --for TIME, or --rules ai4i")
    settings = DatasetSettings(
        plant=plant_of(plant, scenario),
        out=out,
        duration=duration("--for", plant_time, least=1),
        warm_up=duration("--warm-up", warm_up),
        seed=seed,
        start=DEFAULT_START if (chosen := instant("--start", start)) is None else chosen,
        line=line,
        tags=tags,
        force=force,
    )
    console.print(write_dataset(settings, errors), highlight=False, markup=False, soft_wrap=True)
