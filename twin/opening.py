"""A twin with its stores, ready to use."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from broker import PREFIX
from plant.description import Plant
from plant.errors import DamageError, StoreError
from twin.duckdb_historian import DuckDbHistorian
from twin.influx_address import InfluxAddress
from twin.journal import Journal
from twin.levels import Retention
from twin.salvage import finish, salvage
from twin.twin import Twin

if TYPE_CHECKING:
    from twin.influx_historian import InfluxHistorian

log = logging.getLogger(__name__)

JOURNAL = "journal.sqlite"
SPOOL = "influxdb"
"""Folder of what is on its way to an InfluxDB."""


@asynccontextmanager
async def open_twin(
    plant: Plant,
    folder: Path | None,
    *,
    historian: Path | InfluxAddress | None = None,
    retention: Retention | None = None,
    durable: bool = True,
    prefix: str = PREFIX,
) -> AsyncIterator[Twin]:
    """A twin that keeps its journal and its telemetry in a folder.

    A journal that is damaged is set aside; what can be read of it is in the new one, and a warning says so.

    Args:
        plant: the description.
        folder: where the journal is; none keeps all in memory.
        historian: folder of the telemetry, if another, or where an InfluxDB is; what is on its way there is kept in
            the folder.
        retention: how long telemetry is kept.
        durable: whether what was taken has to survive a loss of power.
        prefix: what topics begin with.

    Raises:
        StoreError: a file cannot be opened or read, or belongs to another version.
    """
    file = None if folder is None else folder / JOURNAL
    async with _historian(plant, folder, historian, retention) as store:

        def twin_of() -> Twin:
            return Twin(plant, journal=Journal(file, durable=durable), historian=store, prefix=prefix)

        twin = await (_started(twin_of) if file is None else _started_or_salvaged(twin_of, file))
        try:
            yield twin
        finally:
            await twin.close()


@asynccontextmanager
async def _historian(
    plant: Plant, folder: Path | None, place: Path | InfluxAddress | None, retention: Retention | None
) -> "AsyncIterator[DuckDbHistorian | InfluxHistorian]":
    if not isinstance(place, InfluxAddress):
        async with DuckDbHistorian(place or folder, plant=plant, retention=retention) as files:
            yield files
        return
    from twin.influx_historian import InfluxHistorian  # noqa: PLC0415 its client takes half a second to load

    with tempfile.TemporaryDirectory(prefix="shopfloor-spool-") if folder is None else nullcontext(folder) as spool:
        async with InfluxHistorian(plant, place, Path(spool) / SPOOL) as server:
            yield server


async def _started(twin_of: Callable[[], Twin]) -> Twin:
    twin = twin_of()
    try:
        await twin.start()
    except BaseException:
        await twin.close()
        raise
    return twin


async def _started_or_salvaged(twin_of: Callable[[], Twin], file: Path) -> Twin:
    """To start is to read the journal, so damage shows by now; only then is it worth a second reading."""
    await asyncio.to_thread(finish, file)
    try:
        return await _started(twin_of)
    except DamageError as damage:
        log.warning("%s; reading what can be read …", damage)
    kept, damaged = await asyncio.to_thread(salvage, file)
    log.warning("%s: %d messages could be read and are kept; the damaged file is now %s", file, kept, damaged.name)
    return await _started(twin_of)


@asynccontextmanager
async def read_twin(plant: Plant, folder: Path, *, prefix: str = PREFIX) -> AsyncIterator[Twin]:
    """A twin of what the journal of a folder holds, without its telemetry: also while another process fills it.

    Args:
        plant: the description.
        folder: where the journal is.
        prefix: what topics begin with.

    Raises:
        StoreError: there is no journal, or it cannot be read.
    """
    file = folder / JOURNAL
    if not file.is_file():
        raise StoreError(f"{file} is not there")
    async with (
        DuckDbHistorian() as store,
        Twin(plant, journal=Journal(file), historian=store, prefix=prefix, pace=None) as twin,
    ):
        yield twin
