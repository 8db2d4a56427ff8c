"""`shopfloor dashboards`: files for Grafana of a plant, and dashboards into a Grafana that runs."""

import os
from dataclasses import dataclass
from pathlib import Path

from dashboards.grafana.compiler import dashboards_of
from dashboards.grafana.files import files_of, write
from dashboards.grafana.provisioning import data_sources
from dashboards.grafana.pushing import Address, GrafanaError
from plant.description import Plant
from plant.errors import InputError

NO_CLIENT = (
    "dashboards push: grafana-client is not in this environment; in a checkout run"
    " `uv run --isolated --no-dev --extra grafana shopfloor dashboards push …`, elsewhere install 'shopfloor[grafana]'"
    " into an environment of its own, since it brings urllib3-future, which takes the place of urllib3 under InfluxDB's"
    " client"
)
IN_CHECKOUT = Path(__file__).parent.parent / "dashboards" / "grafana"


@dataclass(frozen=True, kw_only=True, slots=True)
class PushSettings:
    """Which Grafana gets the dashboards of which plant.

    Args:
        plant: whose dashboards.
        url: address of Grafana.
        token: of a service account; none: that of the environment.
        folder: title of the folder.
        prune: whether dashboards of an earlier push go.
    """

    plant: Plant
    url: str
    token: str | None
    folder: str
    prune: bool


def out_folder(out: Path | None) -> Path:
    """Where files go: what was said, or their place in a checkout.

    Raises:
        InputError: nothing was said and this is no checkout.
    """
    if out is not None:
        return out
    if (IN_CHECKOUT.parent.parent / "pyproject.toml").is_file():
        return IN_CHECKOUT
    raise InputError("--out: where to? allowed: a folder; only in a checkout of Shopfloor it can be left out")


def build(plant: Plant, out: Path | None, contract_kw: float | None) -> str:
    """Write all files; what was done, for people."""
    folder = out_folder(out)
    written, deleted = write(files_of(plant, contract_kw), folder)
    gone = f", {deleted} of an earlier build deleted" if deleted else ""
    return f"{plant.plant}: {written} files in {folder}{gone}"


def push_dashboards(settings: PushSettings) -> str:
    """Push; what was done, for people.

    Data sources go along where the environment says how to reach InfluxDB.

    Raises:
        InputError: there is no token, or no address.
        GrafanaError: it cannot be reached or refuses, or the client is not installed.
    """
    Address.of(settings.url)
    token = settings.token or os.environ.get("GRAFANA_TOKEN")
    if not token:
        raise InputError("--token: there is none; allowed: --token TOKEN, or GRAFANA_TOKEN in the environment")
    names = ("INFLUXDB_URL", "INFLUXDB_TOKEN", "INFLUXDB_BUCKET", "INFLUXDB_RAW_BUCKET")
    told = [os.environ.get(name, "") for name in names]
    if any(told) and not all(told):
        missing = ", ".join(name for name, value in zip(names, told, strict=True) if not value)
        raise InputError(f"{missing}: not in the environment; allowed: all of {', '.join(names)}, or none of them")
    try:
        from dashboards.grafana.push import push  # noqa: PLC0415 its client comes with an extra
    except ModuleNotFoundError as error:
        if error.name != "grafana_client":
            raise
        raise GrafanaError(NO_CLIENT) from None
    done = push(
        url=settings.url,
        token=token,
        dashboards=dashboards_of(settings.plant),
        sources=data_sources(*told) if all(told) else (),
        folder=settings.folder,
        prune=settings.prune,
    )
    kept = "" if all(told) else " (data sources are left as they are: INFLUXDB_URL is not in the environment)"
    return f"{settings.plant.plant} on {settings.url}: {done}{kept}"
