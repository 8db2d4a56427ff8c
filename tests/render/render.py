"""Pictures of the built dashboards: a simulated shift in a real InfluxDB, drawn in Chromium by Grafana's own packages.

`bash .ci/render` installs the packages, builds the bundle and starts this: ``render.py BUNDLE OUT``.

Nothing is invented: the shift goes from the simulator through the twin and its recorder to InfluxDB 1.6, by the command
that people use; the dashboards are those that `shopfloor dashboards build` writes of the same plant.
"""

import asyncio
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from string import Template
from typing import Any

import yaml
from influx_process import Influxd, influxd
from running import running, shopfloor
from site_server import Database, site
from write_shim import write_shim

log = logging.getLogger("render")

ROOT = Path(__file__).parents[2]
PLANT = ROOT / "examples" / "engine-works.yaml"
BEGIN, HOURS = datetime.fromisoformat("2026-01-05T06:00:00Z"), 8
BOARDS = (
    "overview",
    "oee",
    "downtime?from=2026-01-05T00:00:00Z",  # a Pareto chart stands at the begin of its day
    "machine?var-machine=OP20%201&open=Signals:%20Machining%20centre",
    "quality",
    "energy",
)
"""What is drawn, and what is chosen where another choice than the first one shows more."""

BUCKETS = {"INFLUXDB_BUCKET": "shopfloor", "INFLUXDB_RAW_BUCKET": "shopfloor_raw"}
"""What Grafana's environment says."""

CELLS = HOURS * 12 + 2
"""Of five minutes: those of the shift, the one that begins at its end, which the pictures show, and the next one."""

PATIENCE = 900
"""Seconds until the shift is stored: two million samples come before its points."""


def main(bundle: Path, out: Path) -> int:
    """Draw all boards.

    Args:
        bundle: folder with the installed packages, and the bundle built of them in `dist`.
        out: folder of the pictures.

    Returns:
        0 if nothing was wrong.
    """
    with tempfile.TemporaryDirectory(prefix="shopfloor-render-") as name:
        folder = Path(name)
        built = build(folder / "dashboards")
        program = shutil.which("influxd") or sys.exit("influxd is missing: apt-get install influxdb")
        with influxd(program, folder / "influxd", *BUCKETS.values()) as server:
            asyncio.run(fill(server))
            database = Database(server.url, sources(built))
            icons = bundle / "node_modules/@grafana/ui/dist/public"
            with site(bundle / "dist", built / "boards", icons, database) as address:
                return sum([told(board) for board in shoot(bundle, address, out)])


def build(folder: Path) -> Path:
    """The dashboards of the plant."""
    done = shopfloor("dashboards", "build", str(PLANT), "--out", str(folder))
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return folder


def sources(built: Path) -> dict[str, str]:
    """The database of each data source that is provisioned, by its uid."""
    (file,) = (built / "provisioning" / "datasources").glob("*.yaml")
    told = yaml.safe_load(file.read_text(encoding="utf-8"))["datasources"]
    return {one["uid"]: Template(one["jsonData"]["dbName"]).substitute(BUCKETS) for one in told}


async def fill(server: Influxd) -> None:
    """A shift, from the simulator through the twin into the database."""
    bucket = BUCKETS["INFLUXDB_BUCKET"]
    with write_shim(server.url) as shim:
        place = f"influxdb:{shim.url}/?org=shopfloor&bucket={bucket}"
        past = ("--start", BEGIN.isoformat(), "--backfill", f"{HOURS}h", "--speed", "10", "--port", "0")
        async with running("run", str(PLANT), *past, "--historian", place) as run:
            async with asyncio.timeout(PATIENCE):
                while not complete(server, bucket):
                    assert run.process.returncode is None, "".join(run.lines)
                    await asyncio.sleep(2)
    log.info("%d cells of the line are stored", stored(server, bucket, "line_account", "elapsed"))


def complete(server: Influxd, bucket: str) -> bool:
    """Whether all of the shift is stored, and what is now."""
    return stored(server, bucket, "line_account", "elapsed") >= CELLS and stored(server, bucket, "status", "code") > 0


def stored(server: Influxd, bucket: str, table: str, field: str) -> int:
    """How many points of a table have a field."""
    found = server.ask(f'SELECT count("{field}") FROM "{table}"', bucket)  # noqa: S608 names of ours
    return found[0]["values"][0][1] if found else 0


def shoot(bundle: Path, address: str, out: Path) -> Iterator[dict[str, Any]]:
    """Open each board in Chromium; what it shows."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or sys.exit("chromium is missing")
    out.mkdir(parents=True, exist_ok=True)
    end = BEGIN + timedelta(hours=HOURS)
    words = [chromium, address, str(out), BEGIN.isoformat(), end.isoformat()]
    command = ["node", "shoot.mjs", *words, *(f"shopfloor-{board}" for board in BOARDS)]
    with subprocess.Popen(command, cwd=bundle, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            yield json.loads(line)
    if process.returncode:
        sys.exit("the browser did not come to its end")
    if quantiser := shutil.which("pngquant"):
        pictures = [str(out / f"{board.split('?')[0]}.png") for board in BOARDS]
        subprocess.run([quantiser, "--force", "--ext", ".png", "--strip", "128", *pictures], check=True)


def told(board: dict[str, Any]) -> int:
    """Say what a board shows, and how much of it is wrong."""
    panels = board["panels"]
    log.info("%s: %d panels, 1440 x %d", board["uid"], len(panels), board["height"])
    for panel in panels:
        shown = "; ".join(panel["fields"][:4]) or ("nothing asked" if not panel["asks"] else "NOTHING THERE")
        log.info("  %3d %-14s %-12s %s: %s", panel["id"], panel["kind"], panel["means"], panel["title"], shown)
    wrong = [*board["errors"], *(f"{panel['id']}: {error}" for panel in panels for error in panel["errors"])]
    for error in wrong:
        log.error("  %s", error)
    return len(wrong)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    os.environ.setdefault("INFLUXDB_TOKEN", "of-a-test")
    sys.exit(1 if main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()) else 0)
