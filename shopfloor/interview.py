"""Questions on a terminal whose answers make a first plant; Enter all the way makes one too."""

from collections.abc import Callable
from typing import Any

import typer

from plant.errors import EntryError
from shopfloor.columns import Measure, count, read_cell
from shopfloor.listing import ListedStation, Stops

PLANT = "my-plant"
LINE = "line-1"
CYCLE = "60 s"
REPAIR = "10 min"


def _ask(question: str, default: str, read: Callable[[str], Any] = str) -> Any:
    """An answer that can be used; one that cannot is told why, and the question comes again."""

    def check(answer: str) -> Any:
        try:
            return read(answer)
        except EntryError as wrong:
            raise typer.BadParameter(str(wrong)) from None

    return typer.prompt(question, default=default, value_proc=check)


def _cell(key: str) -> Callable[[str], Any]:
    return lambda answer: read_cell(key, answer)


def ask_plant() -> str:
    """The name of the plant, as people write it."""
    return str(_ask("Name of the plant", PLANT, _cell("name")))


def ask_stations() -> tuple[ListedStation, ...]:
    """The stations of a line in flow order."""
    line = _ask("Name of the line", LINE, _cell("name"))
    number = _ask("How many stations", "3", lambda answer: count(1, 1000)(answer.strip(), Measure()))
    typer.echo("In flow order; times such as 92 s or 1.5 min, a bare number is seconds.")
    return tuple(_ask_station(line, place) for place in range(1, number + 1))


def _ask_station(line: str, place: int) -> ListedStation:
    name = _ask(f"Station {place}, its name", f"OP{10 * place}", _cell("name"))
    cycle = _ask("  Cycle time", CYCLE, _cell("cycle"))
    buffer = _ask("  Places in front of it", "2", _cell("buffer")) if place > 1 else None
    availability = _ask("  Availability, 100 % if it never fails", "95 %", _cell("availability"))
    stops = None
    if availability < 1:
        stops = Stops(
            availability=availability, repair=_ask("  Mean time to repair, in minutes", REPAIR, _cell("mttr"))
        )
    return ListedStation(name=name, cycle=cycle, buffer=buffer, stops=stops, line=line)
