"""Commands that run one half of a live plant as a service of its own: its publisher, or its twin."""

from pathlib import Path
from typing import Annotated

import typer

from plant.loader import load_plant
from plant.time import DAY
from shopfloor.commands.options import (
    BrokerOfOthers,
    CaFile,
    Data,
    DataLimit,
    HistorianPlace,
    PlantFile,
    ScenarioFile,
    Seed,
    Speed,
    Start,
    WallFor,
    broker_of,
    console,
    plant_of,
)
from shopfloor.settings import duration, historian_place, instant, size


def publish(
    *,
    plant: PlantFile,
    broker: BrokerOfOthers = None,
    scenario: ScenarioFile = None,
    speed: Speed = 1.0,
    backfill: Annotated[str, typer.Option(metavar="TIME", help="Plant time to send before going live.")] = "0s",
    start: Start = None,
    seed: Seed = 1,
    line: Annotated[str | None, typer.Option(metavar="NAME", help="Line to publish.", show_default="all")] = None,
    ca_file: CaFile = None,
    data: Data = None,
    wall: WallFor = None,
) -> None:
    """Publish a simulated plant to a broker, its past as well: one half of `run`, as a service of its own."""
    from shopfloor.publishing import PublishSettings, run_publisher

    run_publisher(
        PublishSettings(
            plant=plant_of(plant, scenario),
            broker=broker_of(broker),
            seed=seed,
            speed=speed,
            backfill=duration("--backfill", backfill),
            start=instant("--start", start),
            line=line,
            ca_file=ca_file,
            data=data,
            duration=None if wall is None else duration("--for", wall, least=1),
        ),
        console,
    )


def twin(
    *,
    plant: PlantFile,
    data: Annotated[Path, typer.Option(metavar="DIR", help="Folder that keeps journal and telemetry.")],
    broker: BrokerOfOthers = None,
    historian: HistorianPlace = None,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address that page and API listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of page and API; 0: a free one.", min=0, max=65535)] = 8000,
    token: Annotated[
        str | None,
        typer.Option(help="What every request has to bring.", show_default="SHOPFLOOR_TOKEN of the environment"),
    ] = None,
    ca_file: CaFile = None,
    data_limit: DataLimit = "20GB",
    keep_raw: Annotated[str, typer.Option(metavar="TIME", help="Plant time that telemetry is kept in full.")] = "14d",
    keep_minutes: Annotated[str, typer.Option(metavar="TIME", help="Plant time that its minutes are kept.")] = "366d",
    wall: WallFor = None,
) -> None:
    """Run the twin of a plant that others publish: the other half of `run`, as a service of its own."""
    from shopfloor.twin_service import TwinSettings, run_twin

    run_twin(
        TwinSettings(
            plant=load_plant(plant),
            broker=broker_of(broker),
            data=data,
            historian=historian_place(historian),
            host=host,
            port=port,
            token=token,
            ca_file=ca_file,
            limit=size("--data-limit", data_limit),
            keep_raw=duration("--keep-raw", keep_raw, least=DAY),
            keep_minutes=duration("--keep-minutes", keep_minutes, least=DAY),
            duration=None if wall is None else duration("--for", wall, least=1),
        ),
        console,
    )
