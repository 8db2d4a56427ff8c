"""Everything that Grafana needs of a plant, as files: the same plant gives the same bytes."""

import json
from pathlib import Path

from dashboards.grafana import provisioning, sdk
from dashboards.grafana.compiler import dashboards_of
from plant.description import Plant
from plant.errors import InputError

BOARDS, PROVISIONING = "boards", "provisioning"


def files_of(plant: Plant, contract_kw: float | None = None) -> dict[str, str]:
    """Text of each file by its path: dashboards under ``boards``, the rest under ``provisioning``."""
    boards = {f"{BOARDS}/{uid}.json": sdk.encoded(tree) for uid, tree in dashboards_of(plant).items()}
    told = {f"{PROVISIONING}/{path}": text for path, text in provisioning.files(plant, contract_kw).items()}
    return boards | told


def write(files: dict[str, str], folder: Path) -> tuple[int, int]:
    """Write files into a folder, and delete dashboards of an earlier build that are none any more.

    Returns:
        How many were written, and how many deleted.

    Raises:
        InputError: the folder cannot be written.
    """
    try:
        for path, text in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        there = [file for file in (folder / BOARDS).glob("*.json") if f"{BOARDS}/{file.name}" not in files]
        stale = [file for file in there if _ours(file)]
        for file in stale:
            file.unlink()
    except OSError as error:
        found = f"{error.filename or folder}: {error.strerror}"
        raise InputError(f"--out: {found}; allowed: a folder to write to") from None
    return len(files), len(stale)


def _ours(file: Path) -> bool:
    """Whether a dashboard was built by us: people may keep their own beside ours."""
    try:
        return "shopfloor" in json.loads(file.read_text(encoding="utf-8")).get("tags", ())
    except (OSError, ValueError, AttributeError):
        return False
