"""The command that tries configurations of a plant."""

from pathlib import Path
from typing import Annotated

import typer

from shopfloor.commands.options import console, errors


def experiment(
    *,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Experiment file (YAML).")],
    jobs: Annotated[
        int | None, typer.Option(metavar="N", help="Processes.", min=1, max=1024, show_default="one for each core")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option("--on", metavar="ray://…", help="Ray cluster to run on, instead of processes.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the answer.", show_default="NAME-results, here")
    ] = None,
    engine: Annotated[str, typer.Option(metavar="simpy|compiled|auto", help="Which engine runs the model.")] = "auto",
) -> None:
    """Try configurations of a plant, and say honestly which is better; after Ctrl-C the same command goes on."""
    from shopfloor.experimenting import ExperimentSettings, run_experiment

    settings = ExperimentSettings(file=file, jobs=jobs, cluster=cluster, out=out, engine=engine)
    run_experiment(settings, console, errors)
