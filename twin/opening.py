"""A twin with its stores, ready to use."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from broker import PREFIX
from plant.description import Plant
from plant.errors import StoreError
from twin.duckdb_historian import DuckDbHistorian
from twin.journal import Journal
from twin.twin import Twin

JOURNAL = "journal.sqlite"
TELEMETRY = "telemetry.duckdb"


@asynccontextmanager
async def open_twin(
    plant: Plant, folder: Path | None, *, historian: Path | None = None, durable: bool = True, prefix: str = PREFIX
) -> AsyncIterator[Twin]:
    """A twin that keeps its journal and its telemetry in a folder.

    Args:
        plant: the description.
        folder: where the journal is; none keeps all in memory.
        historian: folder of the telemetry, if another.
        durable: whether what was taken has to survive a loss of power.
        prefix: what topics begin with.

    Raises:
        StoreError: a file cannot be opened or read, or belongs to another version.
    """
    place = historian or folder
    async with DuckDbHistorian(None if place is None else place / TELEMETRY) as store:
        journal = Journal(None if folder is None else folder / JOURNAL, durable=durable)
        async with Twin(plant, journal=journal, historian=store, prefix=prefix) as twin:
            yield twin


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
    async with DuckDbHistorian() as store, Twin(plant, journal=Journal(file), historian=store, prefix=prefix) as twin:
        yield twin
