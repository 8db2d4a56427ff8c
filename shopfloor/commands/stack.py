"""Commands around the stack that a plant runs on: prepare it, and look at its health."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from plant.loader import load_plant
from plant.time import DAY
from shopfloor.commands.options import CaFile, PlantFile, console
from shopfloor.settings import duration


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
