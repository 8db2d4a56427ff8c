"""Commands around what was recorded: replay it, report on it, back it up."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from plant.loader import load_plant
from shopfloor.commands.options import Broker, Data, console, errors


def replay(
    *,
    logs: Annotated[
        list[Path],
        typer.Argument(
            metavar="LOG…", help="Recorded events (CSV: time_ns,station,part,event); with --map MTConnect logs (SHDR)."
        ),
    ],
    plant: Annotated[Path, typer.Option(metavar="PLANT", help="Plant file of the line that was recorded.")],
    mapping: Annotated[
        Path | None,
        typer.Option("--map", metavar="FILE", help="What the data items of MTConnect logs mean (YAML)."),
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(help="Seconds of the recording per second; without it as fast as possible.", min=0.01),
    ] = None,
    broker: Broker = None,
    data: Data = None,
    port: Annotated[int | None, typer.Option(help="Also serve the page on this port until stopped.", min=0)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what the twin reports as JSON.")] = False,
) -> None:
    """Send a recording of a real line over MQTT to the twin, and print what the twin makes of it."""
    from shopfloor.replaying import ReplaySettings, run_replay
    from shopfloor.tables import print_cell_report, print_report

    settings = ReplaySettings(
        logs=tuple(logs), plant=load_plant(plant), mapping=mapping, speed=speed, broker=broker, data=data, port=port
    )
    report = run_replay(settings, errors)
    if as_json:
        sys.stdout.write(json.dumps(report, indent=2) + "\n")
    elif mapping is not None:
        print_cell_report(report, console)
    else:
        print_report(report, console)


def report(
    *,
    data: Annotated[Path, typer.Option(metavar="DIR", help="Data folder of a run.")],
    run: Annotated[str | None, typer.Option(metavar="RUN", help="Run.", show_default="the newest")] = None,
    shift: Annotated[str | None, typer.Option(metavar="NAME", help="Shift, with --day.")] = None,
    day: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Day on which the shift begins.")] = None,
    begin: Annotated[str | None, typer.Option("--from", metavar="ISO", help="First instant of another window.")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="ISO", help="End of that window.")] = None,
    plant: Annotated[
        Path | None, typer.Option(metavar="PLANT", help="Plant file.", show_default="the one that the folder holds")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="File to write.", show_default="PLANT-DAY-SHIFT.html, here")
    ] = None,
) -> None:
    """Write the report of a shift, or of any time, from a data folder: one HTML file to read and to print."""
    from shopfloor.reporting import ReportSettings, write_report

    write_report(
        ReportSettings(
            data=data,
            run=run,
            plant=None if plant is None else load_plant(plant),
            shift=shift,
            day=day,
            begin=begin,
            end=end,
            out=out,
        ),
        console,
    )


def backup(
    *,
    data: Annotated[Path, typer.Option(metavar="DIR", help="Data folder; a run may be writing to it.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write: .tar, or .tar.gz.")],
    telemetry: Annotated[bool, typer.Option("--telemetry/--no-telemetry", help="Whether telemetry goes along.")] = True,
) -> None:
    """Write a consistent backup of a data folder into one file; unpacked into an empty folder it is a data folder."""
    from shopfloor.backup import back_up

    console.print(back_up(data, file, errors, telemetry=telemetry), highlight=False, soft_wrap=True)
