"""What can go wrong, as one tree.

    ShopfloorError
    ├── InputError            wrong input of a person: exit status 2
    │   ├── EntryError        one value that cannot be used; also a ValueError
    │   ├── PlantError        a plant file, with all its problems at once
    │   └── RecordingError    a recorded log that cannot be read
    ├── MessageError          a message that is not valid: goes to the dead letters
    ├── BrokerError           a broker that cannot be reached, started or trusted
    ├── StoreError            a journal or historian that cannot be opened, read or written
    │   └── DamageError       a journal whose file is damaged
    └── SimulationError       a run that cannot go on

Facts are attributes; the text of an error is made from them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

SHOWN = 60  # characters of a value that an error quotes


class ShopfloorError(Exception):
    """Root of all errors that Shopfloor raises on purpose."""


class InputError(ShopfloorError):
    """Something a person wrote is wrong; the text says what and where."""


class EntryError(InputError, ValueError):
    """A value that cannot be used.

    Attributes:
        found: what was found, for people: ``'9 parsecs' is not a duration``.
        allowed: what may stand there: ``operating, calendar``.
        hint: what was probably meant.
        at: where several values don't fit together, the way to the decisive one from the thing that holds them.
    """

    def __init__(self, found: str, allowed: str, hint: str = "", at: tuple[str | int, ...] = ()) -> None:
        self.found = found
        self.allowed = allowed
        self.hint = hint
        self.at = at
        super().__init__(_sentence(found, allowed, hint))


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One mistake in a file: where it stands, what was found and what is allowed.

    Args:
        file: as the person named it.
        line: from 1; 0 if the mistake has no line, as with a file that is not there.
        path: place in the description, lists addressed by name: ``lines.block-line.stations.OP10.buffer``.
        found: what was found.
        allowed: what may stand there.
        hint: what was probably meant.
    """

    file: str
    line: int
    path: str
    found: str
    allowed: str
    hint: str = ""

    def __str__(self) -> str:
        """One line for people, in the form that editors and terminals make clickable."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        path = f" {self.path}:" if self.path else ""
        return f"{where}:{path} {_sentence(self.found, self.allowed, self.hint)}"


def _sentence(found: str, allowed: str, hint: str) -> str:
    return f"{found}; allowed: {allowed}" + (f" ({hint})" if hint else "")


def shown(value: object) -> str:
    """A value as an error quotes it: on one line and not too long."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 2] + "…" + text[0]


def closest(word: object, words: Iterable[str]) -> str | None:
    """The word that was probably meant."""
    known = {known.lower(): known for known in words}
    close = get_close_matches(str(word).lower(), known, n=1, cutoff=0.6)
    return known[close[0]] if close else None


def did_you_mean(word: object, words: Iterable[str]) -> str:
    """A hint at the word that was probably meant, or nothing."""
    meant = closest(word, words)
    return f"did you mean {meant}?" if meant else ""


class PlantError(InputError):
    """A plant file with one or more problems, all of them reported."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class RecordingError(InputError):
    """A recorded log that cannot be read."""


class MessageError(ShopfloorError):
    """A message that is not valid.

    Attributes:
        reason: short word under which dead letters are counted: ``json``, ``topic``, ``envelope``, ``kind``, ``value``.
        detail: what exactly was wrong.
    """

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}")


class BrokerError(ShopfloorError):
    """A broker that cannot be reached, started or trusted."""


class StoreError(ShopfloorError):
    """A journal or historian that cannot be opened, read or written."""


class DamageError(StoreError):
    """A journal whose file is damaged: it can be read in part at best."""


class SimulationError(ShopfloorError):
    """A simulated run that cannot go on."""
