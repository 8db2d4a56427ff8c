"""The plant of each run in a data folder, so that the folder can be read without the plant file."""

import json
from pathlib import Path

from pydantic import ValidationError

from plant.description import Plant
from plant.errors import InputError, StoreError

PLANTS = "plants"


def keep_plant(folder: Path, run: str, plant: Plant) -> None:
    """Note the description of a run's plant.

    Raises:
        StoreError: it cannot be written.
    """
    file = _file(folder, run)
    told = plant.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(".new")
        temporary.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        temporary.replace(file)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error}") from error


def forget_plant(folder: Path, run: str) -> None:
    """Delete the description of a run's plant.

    Raises:
        StoreError: it cannot be deleted.
    """
    try:
        _file(folder, run).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"{_file(folder, run)} cannot be deleted: {error}") from error


def kept_plant(folder: Path, run: str) -> Plant:
    """The plant of a run.

    Raises:
        InputError: the folder does not say, or not on its own: a description may name CSV files of times.
    """
    file = _file(folder, run)
    told = "allowed: --plant with the plant file of that run"
    try:
        return Plant.model_validate(json.loads(file.read_bytes()))
    except FileNotFoundError:
        raise InputError(f"{folder}: does not hold the plant of run {run}; {told}") from None
    except (OSError, ValueError, ValidationError) as error:
        found = str(error).partition("\n")[0]
        raise InputError(f"{file}: cannot be read as a plant ({found}); {told}") from None


def _file(folder: Path, run: str) -> Path:
    return folder / PLANTS / f"{run}.json"
