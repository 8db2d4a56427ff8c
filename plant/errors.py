"""What can go wrong, as one tree.

    ShopfloorError
    ├── InputError            wrong input of a person: exit status 2
    │   ├── PlantError        a plant file, with all its problems at once
    │   └── RecordingError    a recorded log that cannot be read
    ├── MessageError          a message that is not valid: goes to the dead letters
    ├── BrokerError           a broker that cannot be reached, started or trusted
    ├── StoreError            a journal or historian that cannot be opened, read or written
    └── SimulationError       a run that cannot go on

Facts are attributes; the text of an error is made from them.
"""

from collections.abc import Iterable
from dataclasses import dataclass


class ShopfloorError(Exception):
    """Root of all errors that Shopfloor raises on purpose."""


class InputError(ShopfloorError):
    """Something a person wrote is wrong; the text says what and where."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One mistake in a file: where it stands, what was found and what is allowed."""

    file: str
    line: int
    path: str
    found: str
    allowed: str
    hint: str = ""

    def __str__(self) -> str:
        """One line for people, in the form that editors and terminals make clickable."""
        where = f"{self.file}:{self.line}"
        path = f" {self.path}:" if self.path else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}:{path} {self.found}; {self.allowed}{hint}"


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
        reason: short word under which dead letters are counted (``json``, ``topic``, ``envelope``, ``kind``, ``value``).
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


class SimulationError(ShopfloorError):
    """A simulated run that cannot go on."""
