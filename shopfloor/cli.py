"""The command line: names and flags are a contract, the work is done elsewhere."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from plant.description import Plant
from plant.errors import InputError, ShopfloorError
from plant.loader import load_plant
from plant.scenarios import load_scenario, scenario_schema
from plant.time import DAY, DEFAULT_START
from shopfloor import __version__
from shopfloor.settings import (
    DEMO_PAST,
    DatasetSettings,
    LiveSettings,
    OfflineSettings,
    duration,
    historian_place,
    instant,
    size,
)

app = typer.Typer(
    name="shopfloor",
    help="Simulated machine-building lines on the wire, and a digital twin that understands them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    epilog="Add --debug to any command for a traceback when something goes wrong.",
)
boards = typer.Typer(help="Dashboards for Grafana, as files or into a server.", no_args_is_help=True)
app.add_typer(boards, name="dashboards")
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


def _version(wanted: bool) -> None:  # noqa: FBT001 typer calls it so
    if wanted:
        console.print(f"shopfloor {__version__}", highlight=False)
        raise typer.Exit


def _plant(file: Path, scenario: Path | None) -> Plant:
    """The plant of a file, with the faults of a scenario if one is given."""
    plant = load_plant(file)
    return plant if scenario is None else load_scenario(scenario, plant)


def _broker(url: str | None) -> str:
    """The broker that was named, here or in the environment."""
    if found := url or os.environ.get("SHOPFLOOR_BROKER"):
        return found
    raise InputError("--broker: is missing; allowed: mqtt://host:1883, here or in SHOPFLOOR_BROKER")


@app.callback()
def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Simulated machine-building lines on the wire, and a digital twin that understands them."""


@app.command()
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
            plant=_plant(demo_plant(), scenario),
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


@app.command()
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
            plant=_plant(plant, scenario),
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


@app.command()
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
            plant=_plant(plant, scenario),
            broker=_broker(broker),
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


@app.command()
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
            broker=_broker(broker),
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


@app.command()
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
    described = _plant(plant, scenario)
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


@app.command()
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


@app.command()
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
        plant=_plant(plant, scenario),
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


@app.command()
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


@app.command()
def check(*, plant: PlantFile, scenario: ScenarioFile = None) -> None:
    """Check a plant file, and a scenario with it; say everything that is wrong with it, or what it describes."""
    from shopfloor.tables import print_plant

    print_plant(_plant(plant, scenario), console)


@app.command()
def schema(
    *, scenario: Annotated[bool, typer.Option("--scenario", help="That of scenario files instead.")] = False
) -> None:
    """Print the JSON Schema of plant files, for editors."""
    from plant.loader import plant_schema

    sys.stdout.write(json.dumps(scenario_schema() if scenario else plant_schema(), indent=2) + "\n")


@app.command()
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


@app.command()
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


@app.command()
def backup(
    *,
    data: Annotated[Path, typer.Option(metavar="DIR", help="Data folder; a run may be writing to it.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write: .tar, or .tar.gz.")],
    telemetry: Annotated[bool, typer.Option("--telemetry/--no-telemetry", help="Whether telemetry goes along.")] = True,
) -> None:
    """Write a consistent backup of a data folder into one file; unpacked into an empty folder it is a data folder."""
    from shopfloor.backup import back_up

    console.print(back_up(data, file, errors, telemetry=telemetry), highlight=False, soft_wrap=True)


@app.command()
def doctor(
    *,
    place: Annotated[
        Path | None, typer.Argument(metavar="[PLANT]", help="Plant file; with --init-env the folder of the stack.")
    ] = None,
    init_env: Annotated[
        bool, typer.Option("--init-env", help="Write .env with random secrets from .env.example, and end.")
    ] = False,
    broker: Annotated[str | None, typer.Option(metavar="mqtt[s]://…", help="Broker to look at.")] = None,
    historian: Annotated[str | None, typer.Option(metavar="influxdb:URL", help="Database to look at.")] = None,
    grafana: Annotated[str | None, typer.Option(metavar="URL", help="Grafana to look at.")] = None,
    twin: Annotated[str | None, typer.Option(metavar="URL", help="Page of the twin to look at.")] = None,
    ca_file: CaFile = None,
    env: Annotated[Path, typer.Option(metavar="FILE", help="File with addresses and secrets.")] = Path(".env"),
) -> None:
    """Look at each hop from broker to dashboard, and say what to do; exit status 1 if something is wrong."""
    if init_env:
        from shopfloor.preparing import init_env as write_env

        file = write_env(place or Path())
        console.print(f"{file} is written: random secrets, readable by you alone", highlight=False, soft_wrap=True)
        return
    from shopfloor.doctor import DoctorSettings, run_doctor

    settings = DoctorSettings(
        plant=None if place is None else load_plant(place),
        broker=broker,
        historian=historian,
        grafana=grafana,
        twin=twin,
        ca_file=ca_file,
        env=env,
    )
    if not run_doctor(settings, console):
        raise typer.Exit(1)


@app.command()
def prepare(
    *,
    plant: PlantFile,
    access: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write Mosquitto's configuration, users and rules there.")
    ] = None,
    broker_data: Annotated[
        str, typer.Option(metavar="DIR", help="Where Mosquitto is to keep its state.")
    ] = "/mosquitto/data",
    certificates: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of ca.crt, server.crt and server.key, for TLS.")
    ] = None,
    make_certificates: Annotated[
        str | None, typer.Option(metavar="HOST,…", help="Make those certificates, for these names of the broker.")
    ] = None,
    buckets: Annotated[
        str | None, typer.Option(metavar="URL", help="InfluxDB in which missing buckets are made.")
    ] = None,
    raw_retention: Annotated[str, typer.Option(metavar="TIME", help="How long the raw bucket keeps.")] = "14d",
    password_of: Annotated[
        str | None, typer.Option(metavar="USER", help="Print the password of a user of the broker, and end.")
    ] = None,
) -> None:
    """Make what broker and database need of a plant: users, rules, configuration, certificates, buckets."""
    from shopfloor.preparing import PrepareSettings, password, run_prepare

    described = load_plant(plant)
    if password_of is not None:
        sys.stdout.write(password(described, password_of) + "\n")
        return
    settings = PrepareSettings(
        plant=described,
        access=access,
        broker_data=broker_data,
        certificates=certificates,
        hosts=tuple(host for host in (make_certificates or "").split(",") if host),
        buckets=buckets,
        raw_retention=duration("--raw-retention", raw_retention, least=DAY),
    )
    for line in run_prepare(settings):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
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


def main() -> None:
    """Entry point: errors are one line for people; wrong input ends with status 2, a failure with 1."""
    debug = "--debug" in sys.argv
    sys.argv = [argument for argument in sys.argv if argument != "--debug"]
    try:
        app(prog_name="shopfloor")
    except ShopfloorError as error:
        if debug:
            raise
        sys.stderr.write(f"{error}\n")
        sys.exit(2 if isinstance(error, InputError) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
