"""Commands that run a plant live: all of it in one go."""

from typing import Annotated

import typer

from plant.time import DAY
from shopfloor.commands.options import (
    Broker,
    Data,
    DataLimit,
    HistorianPlace,
    PlantFile,
    Port,
    ScenarioFile,
    Seed,
    Speed,
    Start,
    WallFor,
    console,
    plant_of,
)
from shopfloor.settings import DEMO_PAST, LiveSettings, duration, historian_place, instant, size


def demo(
    *,
    scenario: ScenarioFile = None,
    port: Port = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Don't open the page in a browser.")] = False,
    speed: Speed = 1.0,
    data: Data = None,
    data_limit: DataLimit = "20GB",
    wall: WallFor = None,
) -> None:
    """Run the bundled plant: a past of 8 hours to look at, then live. Broker, twin, historian and page in one go."""
    from shopfloor.bundled import demo_plant
    from shopfloor.live import run_live

    run_live(
        LiveSettings(
            plant=plant_of(demo_plant(), scenario),
            speed=speed,
            backfill=DEMO_PAST,
            port=port,
            data=data,
            limit=size("--data-limit", data_limit),
            duration=None if wall is None else duration("--for", wall, least=1),
            browser=not no_browser,
        ),
        console,
    )


def run(
    *,
    plant: PlantFile,
    scenario: ScenarioFile = None,
    speed: Speed = 1.0,
    backfill: Annotated[str, typer.Option(metavar="TIME", help="Plant time to fill before going live.")] = "0s",
    start: Start = None,
    seed: Seed = 1,
    broker: Broker = None,
    historian: HistorianPlace = None,
    port: Port = None,
    wall: WallFor = None,
    data: Data = None,
    data_limit: DataLimit = "20GB",
    keep_raw: Annotated[str, typer.Option(metavar="TIME", help="Plant time that telemetry is kept in full.")] = "14d",
    keep_minutes: Annotated[str, typer.Option(metavar="TIME", help="Plant time that its minutes are kept.")] = "366d",
) -> None:
    """Run a plant live: simulator, broker, twin, historian and page."""
    from shopfloor.live import run_live

    run_live(
        LiveSettings(
            plant=plant_of(plant, scenario),
            seed=seed,
            speed=speed,
            backfill=duration("--backfill", backfill),
            start=instant("--start", start),
            broker=broker,
            port=port,
            data=data,
            limit=size("--data-limit", data_limit),
            keep_raw=duration("--keep-raw", keep_raw, least=DAY),
            keep_minutes=duration("--keep-minutes", keep_minutes, least=DAY),
            historian=historian_place(historian),
            duration=None if wall is None else duration("--for", wall, least=1),
        ),
        console,
    )
