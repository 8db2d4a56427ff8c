"""Commands around dashboards for Grafana."""

from pathlib import Path
from typing import Annotated

import typer

from plant.loader import load_plant
from shopfloor.commands.options import console

boards = typer.Typer(help="Dashboards for Grafana, as files or into a server.", no_args_is_help=True)


@boards.command("build")
def build_dashboards(
    *,
    plant: Annotated[
        Path | None, typer.Argument(metavar="[PLANT]", help="Plant file (YAML).", show_default="that of the demo")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder to write.", show_default="dashboards/grafana, in a checkout"),
    ] = None,
    contract_kw: Annotated[
        float | None,
        typer.Option(metavar="KW", help="Power above which there is an alert.", min=0, show_default="an assumption"),
    ] = None,
) -> None:
    """Write dashboards, data sources and alert rules of a plant as files that Grafana reads at its start."""
    from shopfloor.bundled import demo_plant
    from shopfloor.grafana import build

    told = load_plant(demo_plant() if plant is None else plant)
    console.print(build(told, out, contract_kw), highlight=False, markup=False, soft_wrap=True)


@boards.command("push")
def push_dashboards(
    *,
    plant: Annotated[
        Path | None, typer.Argument(metavar="[PLANT]", help="Plant file (YAML).", show_default="that of the demo")
    ] = None,
    url: Annotated[str, typer.Option(metavar="URL", help="Address of Grafana: http://localhost:3000.")],
    token: Annotated[
        str | None,
        typer.Option(metavar="TOKEN", help="Token of a service account.", show_default="that in GRAFANA_TOKEN"),
    ] = None,
    folder: Annotated[str, typer.Option(metavar="TITLE", help="Folder for the dashboards.")] = "Shopfloor",
    prune: Annotated[bool, typer.Option("--prune", help="Delete dashboards of an earlier push.")] = False,
) -> None:
    """Push folder, data sources and dashboards of a plant to a Grafana; again and again without harm."""
    from shopfloor.bundled import demo_plant
    from shopfloor.grafana import PushSettings, push_dashboards

    told = load_plant(demo_plant() if plant is None else plant)
    settings = PushSettings(plant=told, url=url, token=token, folder=folder, prune=prune)
    console.print(push_dashboards(settings), highlight=False, markup=False, soft_wrap=True)
