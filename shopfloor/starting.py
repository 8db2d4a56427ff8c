"""The `init` command: a first plant file from a list of stations or from answers, checked before it is written."""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from plant.errors import InputError
from plant.loader import load_plant
from shopfloor.draft import Draft, plant_text, valid_name
from shopfloor.interview import ask_plant, ask_stations
from shopfloor.listing import read_list


@dataclass(frozen=True, kw_only=True, slots=True)
class StartSettings:
    """What a first plant file is made of, and where it goes.

    Args:
        stations: the list, CSV or Excel; none: questions on the terminal.
        sheet: sheet of an Excel file; none: the first one.
        name: name of the plant; none: that of the list.
        out: the file to write; none: one called like the plant, here.
        force: whether a file that is there already is written anew.
    """

    stations: Path | None = None
    sheet: str | None = None
    name: str | None = None
    out: Path | None = None
    force: bool = False


def start_plant(settings: StartSettings, console: Console, errors: Console) -> None:
    """Write the plant file and say what to try next.

    Raises:
        InputError: the list cannot be used, nobody is there to ask, or the file is there already.
    """
    if settings.stations is not None:
        name = settings.name or settings.stations.stem
        out = _free(settings, name)
        listing = read_list(settings.stations, settings.sheet)
        draft = Draft(plant=name, source=settings.stations.name, stations=listing.stations, assumed=listing.assumed)
        if listing.unused:
            errors.print(
                f"{settings.stations}: columns that are not used: {', '.join(listing.unused)}",
                highlight=False, markup=False, soft_wrap=True,
            )  # fmt: skip
    else:
        if settings.sheet is not None:
            raise InputError("--sheet: there is no list; allowed with an Excel file (.xlsx)")
        if not sys.stdin.isatty():
            raise InputError("init: nobody is here to ask; allowed: a list (CSV or Excel), or questions on a terminal")
        name = settings.name or ask_plant()
        out = _free(settings, name)
        draft = Draft(plant=name, source="answers", stations=ask_stations())
    _write(out, plant_text(draft))
    shown = f'"{out}"' if any(map(str.isspace, str(out))) else str(out)
    console.print(
        f"{out}: {len(draft.stations)} station{'s' if len(draft.stations) > 1 else ''}, the description is valid.\n"
        "Open it: comments say what was assumed and what may be added. Then try\n"
        f"  shopfloor check {shown}\n"
        f"  shopfloor simulate {shown} --for 8h\n"
        f"  shopfloor run {shown} --speed 20 --backfill 8h",
        highlight=False, markup=False, soft_wrap=True,
    )  # fmt: skip


def _free(settings: StartSettings, name: str) -> Path:
    """Where the file goes; nothing that is there is lost without a word."""
    out = settings.out or Path(f"{valid_name(name, 'plant')}.yaml")
    if out.exists() and not settings.force:
        raise InputError(f"{out}: is there already; allowed: another --out, or --force to write it anew")
    return out


def _write(out: Path, text: str) -> None:
    """Write a file that passes the check; one that does not never takes the place of another."""
    with tempfile.TemporaryDirectory(prefix="shopfloor-") as folder:
        trial = Path(folder) / "plant.yaml"
        trial.write_text(text, encoding="utf-8", newline="\n")
        load_plant(trial)
    try:
        out.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"{out}: cannot be written: {error.strerror or error}; allowed: a file in a folder") from None
