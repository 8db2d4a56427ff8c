"""The data card of a data set: what it is, how it was made, how its labels are spread, and how to make it again."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from plant.description import Plant
from plant.errors import StoreError
from plant.messages import Tag
from plant.paths import Node
from plant.time import HOUR, format_duration, format_instant
from shopfloor import __version__
from shopfloor.samples import tag_columns
from shopfloor.schema import PATH, QUALITY, RUN, TABLES, TS, Column
from shopfloor.settings import DatasetSettings

CARDS = ("card.md", "card.json")  # the last one is written last: with it a data set is whole
FORMAT = "shopfloor-dataset/1"
TIME = (
    "Instants are integers: microseconds UTC since 1970-01-01T00:00:00Z; durations are integer microseconds. "
    "DuckDB: make_timestamp(ts). pandas: to_datetime(ts, unit='us', utc=True). "
    "Polars: from_epoch(ts, time_unit='us'). Plant time leaves nothing out and repeats nothing; it has no leap seconds."
)
LICENCE = (
    "The data are generated; no person and no real plant is in them. They may be used for anything, as under CC0 1.0, "
    "as far as the plant file is yours to give away."
)
LIMITS = (
    "Synthetic: a method that works here is not proven on a real line.",
    "Signals and failures follow the plant file and defaults of the machine catalogue, fitted to no real machine.",
    "An event at the last instant is not in the window any more; what began before the window has its true begin.",
    "The truth tables are labels: no sensor of a real plant says them, so nothing in them may be an input of a model.",
    "Bytes are equal for the same versions of Shopfloor, NumPy and DuckDB, as named here.",
)
ABOUT_SAMPLES = "samples of the machines of this type: a folder per machine, a file per day (UTC), a row per instant"

Tags = Mapping[str, Tag]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """A table that was written, and its rows."""

    name: str
    rows: int


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file of the data set: its name in the folder, bytes, SHA-256 and, of a table, rows."""

    name: str
    size: int
    sha256: str
    rows: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """How the labels are spread.

    Args:
        states: µs of machine time by state.
        faults: layer, what, whether planned, and how many.
        parts: outcome and how many.
        quality: whether within limits and how many.
        lives: rows of remaining time.
        ended: of them without a next failure.
        horizons: of them with the failure within so many µs.
    """

    states: Mapping[str, int]
    faults: list[tuple[Any, ...]]
    parts: list[tuple[Any, ...]]
    quality: list[tuple[Any, ...]]
    lives: int
    ended: int
    horizons: Mapping[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """All that a data card says.

    Args:
        settings: how the data set was made.
        run: name of the run.
        machines: type and chosen tags of each machine.
        tables: what was written.
        files: the same, file by file.
        labels: how the labels are spread.
    """

    settings: DatasetSettings
    run: str
    machines: Mapping[Node, tuple[str, Tags]]
    tables: list[Stored]
    files: list[File]
    labels: Balance


def versions() -> dict[str, str]:
    """What else the bytes depend on."""
    return {name: version(name) for name in ("numpy", "duckdb")}


def digest(folder: Path, name: str, rows: int | None) -> File:
    """A file with its size and hash."""
    with (folder / name).open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    return File(name=name, size=(folder / name).stat().st_size, sha256=found, rows=rows)


def write_card(folder: Path, told: dict[str, Any], page: str) -> None:
    """Write both forms of a card, the one for programs last.

    Raises:
        StoreError: there is no room for them.
    """
    people, machine = (folder / name for name in CARDS)
    try:
        people.write_text(page, encoding="utf-8", newline="\n")
        told["files"].append(file_entry(digest(folder, people.name, None)))
        machine.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    except OSError as error:
        for file in (machine, people):
            file.unlink(missing_ok=True)
        raise StoreError(f"{folder}: the card cannot be written: {error.strerror or error}") from error


def command(settings: DatasetSettings) -> str:
    """The command that makes the same data set again, out of the plant that lies in its folder."""
    words = [
        "shopfloor", "dataset", "plant.json", "--for", _short(settings.duration), "--warm-up", _short(settings.warm_up),
        "--seed", str(settings.seed), "--start", format_instant(settings.start),
    ]  # fmt: skip
    words += [] if settings.line is None else ["--line", settings.line]
    words += [] if settings.tags is None else ["--tags", settings.tags]
    return " ".join([*words, "--out", "DIR"])


def _short(micros: int) -> str:
    return format_duration(micros).replace(" ", "")


def plant_hash(plant: Plant) -> str:
    """SHA-256 of what a plant file says, however it says it."""
    return hashlib.sha256(json.dumps(plant.canonical()).encode()).hexdigest()


def as_json(card: Card) -> dict[str, Any]:
    """The card as a tree of plain values."""
    settings = card.settings
    return {
        "format": FORMAT,
        "title": f"{settings.plant.plant}: {_short(settings.duration)} of a simulated plant, with labels",
        "plant": settings.plant.plant,
        "plant_sha256": plant_hash(settings.plant),
        "run": card.run,
        "seed": settings.seed,
        "start": format_instant(settings.start),
        "begin": format_instant(settings.begin),
        "end": format_instant(settings.end),
        "begin_us": settings.begin,
        "end_us": settings.end,
        "warm_up_us": settings.warm_up,
        "duration_us": settings.duration,
        "version": __version__,
        "versions": versions(),
        "command": command(settings),
        "line": settings.line,
        "machines": [node.path for node in card.machines],
        "time": TIME,
        "tables": {table.name: _table(table, card.machines) for table in card.tables},
        "labels": _labels(card.labels),
        "limits": [*LIMITS, *_own_limits(settings.plant)],
        "licence": LICENCE,
        "files": [file_entry(file) for file in card.files],
    }


def _own_limits(plant: Plant) -> list[str]:
    if "empirical(" not in json.dumps(plant.model_dump(mode="json", by_alias=True, exclude_defaults=True)):
        return []
    return ["plant.json names CSV files of times: to make the data set again, lay them beside it."]


def file_entry(file: File) -> dict[str, Any]:
    """A file as the card names it."""
    told: dict[str, Any] = {"name": file.name, "bytes": file.size, "sha256": file.sha256}
    return told if file.rows is None else {**told, "rows": file.rows}


def _table(table: Stored, machines: Mapping[Node, tuple[str, Tags]]) -> dict[str, Any]:
    if table.name in TABLES:
        about, columns = TABLES[table.name].about, {"run": RUN, **TABLES[table.name].columns}
        files = f"{table.name}.parquet"
    else:
        about, columns, files = ABOUT_SAMPLES, _sample_columns(table.name, machines), f"{table.name}/*/*.parquet"
    return {
        "about": about,
        "files": files,
        "rows": table.rows,
        "columns": [
            {"name": name, "type": column.kind, "unit": column.unit or None, "about": column.about}
            for name, column in columns.items()
        ],
    }


def _sample_columns(table: str, machines: Mapping[Node, tuple[str, Tags]]) -> dict[str, Column]:
    """Columns of all machines of a type; one that a machine has not is not in its files."""
    kind = table.partition("/")[2]
    tags = {name: tag for own, chosen in machines.values() if own == kind for name, tag in chosen.items()}
    kinds = {"float": "float", "int": "int", "str": "text", "bool": "flag"}
    own = {
        column: Column(kind=kinds[tags[name].datatype], unit=tags[name].unit, about=tags[name].title or name)  # type: ignore[arg-type]
        for name, column in tag_columns(tags).items()
    }
    return {"run": RUN, "path": PATH, "ts": TS, **own, "quality": QUALITY}


def _labels(labels: Balance) -> dict[str, Any]:
    total = sum(labels.states.values()) or 1
    faults = [{"layer": a, "what": b, "planned": c, "count": n} for a, b, c, n in labels.faults]
    within = {_short(horizon): count for horizon, count in labels.horizons.items()}
    return {
        "machine_time": {state: {"us": time, "share": time / total} for state, time in labels.states.items()},
        "truth_faults": faults,
        "parts": {str(outcome): count for outcome, count in labels.parts},
        "quality": {"ok" if ok else "out of limits": count for ok, count in labels.quality},
        "truth_rul": {"rows": labels.lives, "without_next_failure": labels.ended, "failure_within": within},
    }


# --- for people ------------------------------------------------------------------------------------------------------


def page(told: Mapping[str, Any]) -> str:
    """The card for people, of the one for programs."""
    hours = told["duration_us"] / HOUR
    return "\n".join(
        [
            f"# {told['title']}",
            "",
            f"Made by Shopfloor {told['version']} ({', '.join(f'{k} {v}' for k, v in told['versions'].items())}).",
            "No measurement of a real plant, but a simulation of one, with the truth beside it.",
            "",
            *table_lines(
                ("what", ""),
                [
                    ("plant", told["plant"]),
                    ("plant, SHA-256", f"`{told['plant_sha256']}`"),
                    ("run", f"`{told['run']}`"),
                    ("seed", told["seed"]),
                    ("start of the run", told["start"]),
                    ("window", f"{told['begin']} to {told['end']}, {hours:g} h"),
                    ("machines", len(told["machines"])),
                ],
            ),
            "",
            "## Make it again",
            "",
            "In this folder; of the same versions come the same bytes, and `card.json` has the SHA-256 of every file.",
            "",
            "```",
            told["command"],
            "```",
            "",
            "## Time",
            "",
            told["time"],
            "",
            "## Labels",
            "",
            *_spread_of_labels(told["labels"]),
            "## Tables",
            "",
            *table_lines(
                ("table", "files", "rows", "a row is"),
                [(name, f"`{t['files']}`", f"{t['rows']:,}", t["about"]) for name, t in told["tables"].items()],
            ),
            *(line for name, table in told["tables"].items() for line in _columns_of(name, table)),
            "",
            "## Limits",
            "",
            *(f"- {limit}" for limit in told["limits"]),
            "",
            "## Licence",
            "",
            told["licence"],
            "",
        ]
    )


def _spread_of_labels(labels: Mapping[str, Any]) -> list[str]:
    times = [(state, f"{100 * t['share']:.2f} %") for state, t in labels["machine_time"].items()]
    faults = [
        (of["what"], of["layer"], "yes" if of["planned"] else "no", f"{of['count']:,}") for of in labels["truth_faults"]
    ]
    lives = labels["truth_rul"]
    counted = {f"within {time}": count for time, count in lives["failure_within"].items()}
    within = _shares({**counted, "none before the end": lives["without_next_failure"]}, lives["rows"])
    parts = _shares(labels["parts"], sum(labels["parts"].values()))
    return [
        *table_lines(("state", "share of machine time"), times), "",
        *table_lines(("what happened", "layer", "planned", "records"), faults), "",
        *table_lines(("next failure (`truth_rul`)", "rows", "share"), within), "",
        *table_lines(("visits by outcome", "rows", "share"), parts), "",
    ]  # fmt: skip


def _shares(counts: Mapping[str, int], of: int) -> list[tuple[Any, ...]]:
    """Counts with their share of a whole."""
    return [(name, f"{count:,}", f"{100 * count / of:.2f} %" if of else "–") for name, count in counts.items()]


def _columns_of(name: str, table: Mapping[str, Any]) -> list[str]:
    told = [(f"`{c['name']}`", c["type"], c["unit"] or "", c["about"]) for c in table["columns"]]
    return ["", f"### {name}", "", *table_lines(("column", "type", "unit", ""), told)]


def table_lines(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> list[str]:
    """A table in Markdown."""
    return [f"| {' | '.join(map(str, row))} |" for row in (head, ("---",) * len(head), *rows)]
