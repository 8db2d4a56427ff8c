"""The `doctor` command: looks at each hop of the stack and says what to do."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from rich.console import Console

from broker import PREFIX, Access
from broker.deployment import TWIN, variables
from plant.description import Plant
from plant.errors import InputError
from shopfloor.broker_access import CA_FILE, PASSWORD, USER, broker_access
from shopfloor.broker_checks import broker_findings
from shopfloor.findings import Finding, print_findings, skipped
from shopfloor.server_checks import Database, Grafana, database_findings, grafana_findings, twin_findings

SECRETS = (
    "SHOPFLOOR_TOKEN",
    "SHOPFLOOR_LINES_SECRET",
    "SHOPFLOOR_TWIN_PASSWORD",
    "SHOPFLOOR_VIEWER_PASSWORD",
    "SHOPFLOOR_HEALTH_PASSWORD",
    "INFLUXDB_TOKEN",
    "INFLUXDB_PASSWORD",
    "GRAFANA_PASSWORD",
    "GRAFANA_TOKEN",
    PASSWORD,
)
PORTS = {"MQTT_PORT": "mqtt", "TWIN_PORT": "http", "INFLUXDB_PORT": "http", "GRAFANA_PORT": "http"}


@dataclass(frozen=True, kw_only=True, slots=True)
class DoctorSettings:
    """What is looked at; what is not named is taken from the environment and from `env`, and else skipped.

    Args:
        plant: whose topics are looked for; none: any.
        broker: URL.
        historian: ``influxdb:URL``, or ``duckdb:DIR``, which the twin looks after.
        grafana: URL.
        twin: URL of its page.
        ca_file: certificates that the broker's must lead to.
        env: file with more of the environment; what the environment says goes before it.
    """

    plant: Plant | None = None
    broker: str | None = None
    historian: str | None = None
    grafana: str | None = None
    twin: str | None = None
    ca_file: Path | None = None
    env: Path = Path(".env")


def run_doctor(settings: DoctorSettings, console: Console) -> bool:
    """Look at all hops, print what was found, and say whether nothing failed."""
    known = _environment(settings.env)
    findings = asyncio.run(_look(settings, known))
    return print_findings(findings, console, [known.get(name, "") for name in SECRETS])


def _environment(file: Path) -> dict[str, str]:
    """The environment, and below it the file, whose secrets and ports are those of a stack on this machine."""
    try:
        kept = variables(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        kept = {}
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read: {error}") from None
    inner = {name for name in ("SHOPFLOOR_BROKER", CA_FILE) if name in kept}  # names of the network of the containers
    return {name: value for name, value in kept.items() if name not in inner} | dict(os.environ)


def _here(known: Mapping[str, str], port: str) -> str | None:
    """Address of a service whose port is published on this machine."""
    return f"{PORTS[port]}://127.0.0.1:{known[port]}" if known.get(port) else None


async def _look(settings: DoctorSettings, known: Mapping[str, str]) -> list[Finding]:
    site = f"{PREFIX}/#"
    if settings.plant is not None:
        site = f"{PREFIX}/{settings.plant.enterprise}/{settings.plant.plant}/#"
    broker = settings.broker or known.get("SHOPFLOOR_BROKER") or _here(known, "MQTT_PORT")
    found: list[Finding] = []
    if broker:
        found += await broker_findings(broker, _access(settings, known), site)
    else:
        found.append(skipped("broker", "all", "none named: --broker or SHOPFLOOR_BROKER"))
    twin = settings.twin or known.get("SHOPFLOOR_TWIN") or _here(known, "TWIN_PORT")
    if twin:
        found += await asyncio.to_thread(twin_findings, twin.rstrip("/"), known.get("SHOPFLOOR_TOKEN", ""))
    else:
        found.append(skipped("twin", "all", "none named: --twin or SHOPFLOOR_TWIN"))
    found += await asyncio.to_thread(_historian, settings, known)
    grafana = settings.grafana or known.get("SHOPFLOOR_GRAFANA") or _here(known, "GRAFANA_PORT")
    if grafana:
        at = Grafana(
            url=grafana.rstrip("/"),
            token=known.get("GRAFANA_TOKEN", ""),
            user=known.get("GRAFANA_USER") or "admin",
            password=known.get("GRAFANA_PASSWORD", ""),
        )
        found += await asyncio.to_thread(grafana_findings, at)
    else:
        found.append(skipped("grafana", "all", "none named: --grafana or SHOPFLOOR_GRAFANA"))
    return found


def _access(settings: DoctorSettings, known: Mapping[str, str]) -> Access:
    """As whom the broker is spoken to: the user that is named, else the twin of the stack."""
    if not known.get(USER) and known.get("SHOPFLOOR_TWIN_PASSWORD"):
        known = {**known, USER: TWIN, PASSWORD: known["SHOPFLOOR_TWIN_PASSWORD"]}
    return broker_access(ca_file=settings.ca_file, environment=known)


def _historian(settings: DoctorSettings, known: Mapping[str, str]) -> list[Finding]:
    named = settings.historian or known.get("SHOPFLOOR_HISTORIAN") or ""
    here = _here(known, "INFLUXDB_PORT")
    if not named and here:
        named = f"influxdb:{here}"
    kind, _, place = named.partition(":")
    if kind == "duckdb":
        return [skipped("historian", "all", "DuckDB is in the twin's own process: its health speaks for it")]
    if not named:
        return [skipped("historian", "all", "none named: --historian or SHOPFLOOR_HISTORIAN")]
    if kind != "influxdb" or not place:
        raise InputError(f"--historian: {named!r} is no store; allowed: influxdb:http://HOST:8086 or duckdb:DIR")
    place, _, question = place.partition("?")
    told = dict(parse_qsl(question))
    at = Database(
        url=place.rstrip("/"),
        token=known.get("INFLUXDB_TOKEN", ""),
        org=told.get("org") or known.get("INFLUXDB_ORG") or "shopfloor",
        bucket=told.get("bucket") or known.get("INFLUXDB_BUCKET") or "shopfloor",
    )
    return database_findings(at)
