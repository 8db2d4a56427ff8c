"""What is finished of an experiment, on disk: a line for each result, appended as it comes.

The first line says of which experiment it is. A line that was cut off when the program was killed is left out.
"""

import json
import os
from pathlib import Path
from typing import IO, Any, Self

from plant.errors import InputError

NAME = "finished.jsonl"


class Finished:
    """Results by key; use it with ``with``.

    Args:
        folder: of the experiment's output; it is made. None: results are kept in memory only.
        of: what experiment it is: whatever its results depend on.

    Raises:
        InputError: the folder holds results of another experiment, or cannot be written.
    """

    def __init__(self, folder: Path | None, of: dict[str, str]) -> None:
        self._known: dict[tuple[str, int], Any] = {}
        self._out: IO[str] | None = None
        if folder is None:
            return
        file = folder / NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            kept = self._read(file, of) if file.exists() else []
            fresh = file.with_suffix(".new")
            fresh.write_text("".join([json.dumps(of) + "\n", *kept]), encoding="utf-8", newline="\n")
            fresh.replace(file)
            self._out = file.open("a", encoding="utf-8", newline="\n")
        except OSError as error:
            raise InputError(f"{file} cannot be written: {error.strerror}") from error

    def _read(self, file: Path, of: dict[str, str]) -> list[str]:
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        before = _parsed(lines[0]) if lines else of
        if before != of:
            known = before if isinstance(before, dict) else {}
            changed = ", ".join(key for key in of if known.get(key) != of[key])
            raise InputError(
                f"{file.parent} holds results of another experiment (another {changed}); "
                f"allowed: another folder with --out, or delete it"
            )
        kept = []
        for line in lines[1:]:
            if line.endswith("\n") and (told := _parsed(line)) is not None:
                self._known[told["of"], told["replication"]] = told["found"]
                kept.append(line)
        return kept

    def __enter__(self) -> Self:
        """It is open already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        if self._out is not None:
            self._out.flush()
            os.fsync(self._out.fileno())
            self._out.close()

    def get(self, of: str, replication: int) -> Any:
        """A result; none if it is not there yet."""
        return self._known.get((of, replication))

    def add(self, of: str, replication: int, found: Any) -> None:
        """Keep a result."""
        self._known[of, replication] = found
        if self._out is not None:
            self._out.write(json.dumps({"of": of, "replication": replication, "found": found}) + "\n")
            self._out.flush()


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        return None
