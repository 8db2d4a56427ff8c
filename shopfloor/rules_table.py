"""The `dataset` command with `--rules`: a table that is made by published rules, without a plant."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plant.errors import InputError, did_you_mean, shown
from shopfloor import __version__
from shopfloor.card import CARDS, FORMAT, LICENCE, digest, file_entry, table_lines, versions, write_card
from shopfloor.dataset import WAITING, emptied
from shopfloor.schema import RULES
from simulators import ai4i
from twin import ColumnKind, GrowingTables

ABOUT = (
    "Rows by the published rules of the AI4I 2020 predictive maintenance data (S. Matzka 2020), drawn anew: product "
    "type, temperatures, speed, torque, wear of the tool, and which rows fail in which mode. No row is copied."
)
LIMITS = (
    "Synthetic, by rules that are known: a model that finds them proves that it can find these rules, and no more.",
    "The public table differs from its own outline in places; where it does, this one follows the outline.",
)
KINDS: dict[str, ColumnKind] = {"U": "text", "f": "float", "i": "int"}
LEAST = 2


def write_rules(rules: str, out: Path, *, rows: int, seed: int, force: bool) -> str:
    """Write a table by rules, and its card last.

    Returns:
        What is there, for people.

    Raises:
        InputError: there are no such rules, too few rows, or the folder is in use.
        StoreError: there is no room for it.
    """
    if rules not in RULES:
        hint = did_you_mean(rules, RULES)
        wrong = f"--rules: there are no rules {shown(rules)}; allowed: {', '.join(RULES)}"
        raise InputError(wrong + (f" ({hint})" if hint else ""))
    if rows < LEAST:
        raise InputError(f"--rows: {rows} is too few; allowed: {LEAST} or more")
    with emptied(out, force=force) as folder, GrowingTables(folder / WAITING) as tables:
        columns = ai4i.generate(rows, seed)
        tables.begin(rules, {name: KINDS[values.dtype.kind] for name, values in columns.items()})
        tables.append_columns(
            rules, [values.astype(object) if values.dtype.kind == "U" else values for values in columns.values()]
        )
        tables.store(rules, folder / f"{rules}.parquet", {})
        told = _card(rules, columns, rows, seed)
        told["files"] = [file_entry(digest(folder, f"{rules}.parquet", rows))]
        write_card(folder, told, _page(told))
    return f"{out}: {rows:,} rows; see {CARDS[0]}"


def _card(rules: str, columns: Mapping[str, NDArray[np.generic]], rows: int, seed: int) -> dict[str, Any]:
    flags = (ai4i.FAILURE, *ai4i.MODES)
    return {
        "format": FORMAT,
        "title": f"{rows} rows by the rules of {rules}",
        "about": ABOUT,
        "rules": rules,
        "seed": seed,
        "version": __version__,
        "versions": versions(),
        "command": f"shopfloor dataset --rules {rules} --rows {rows} --seed {seed} --out DIR",
        "tables": {
            rules: {
                "files": f"{rules}.parquet",
                "rows": rows,
                "columns": [
                    {"name": name, "type": KINDS[values.dtype.kind]} for name, values in columns.items()
                ],
            }
        },
        "labels": {name: int(np.sum(columns[name] == 1)) for name in flags},
        "limits": list(LIMITS),
        "licence": LICENCE,
    }


def _page(told: Mapping[str, Any]) -> str:
    table = told["tables"][told["rules"]]
    labels = [(name, count, f"{100 * count / table['rows']:.2f} %") for name, count in told["labels"].items()]
    lines = [
        f"# {told['title']}", "", told["about"], "",
        "## Make it again", "", "```", told["command"], "```", "",
        f"Shopfloor {told['version']}, {', '.join(f'{name} {of}' for name, of in told['versions'].items())}.", "",
        "## Labels", "", *table_lines(("flag", "rows", "share"), labels), "",
        f"## Columns of `{table['files']}`", "",
        *table_lines(("column", "type"), [(of["name"], of["type"]) for of in table["columns"]]), "",
        "## Limits", "", *(f"- {limit}" for limit in told["limits"]), "",
        "## Licence", "", told["licence"], "",
    ]  # fmt: skip
    return "\n".join(lines)
