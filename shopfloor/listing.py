"""A list of stations as people keep it, in CSV or Excel: a header row, and a row for each station.

What is wrong with a list is told all at once, a line for each cell.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from plant.errors import EntryError, InputError, Problem, shown
from plant.time import HOUR, MINUTE, SECOND
from shopfloor.columns import COLUMNS, RANKS, UNIT_WORDS, Measure, count, is_bare, number_in, percent, plain
from shopfloor.spreadsheet import Row, Spreadsheet, read_spreadsheet

ASSUMED_REPAIR = 10 * MINUTE
NOTHING = {"", "-", "–", "—", "n/a", "#n/a", "none"}  # what people put into a cell that has nothing to say
ABOVE = ("line", "area")  # an empty cell repeats the one above: merged cells hold their text in the first row
NEEDED = ("name", "cycle")
TITLE_ROWS = 20  # a header row stands among the first ones
AGREEING = Decimal("0.01")  # lists round availabilities


@dataclass(frozen=True, kw_only=True, slots=True)
class Stops:
    """How a station stops: by the share of time it is up or by the mean time between, and the mean repair.

    Args:
        repair: microseconds.
        repair_assumed: whether nobody said it.
        availability: share of the time up, above 0 and below 1.
        between: mean time of work between two failures, microseconds; instead of the availability.
    """

    repair: int
    repair_assumed: bool = False
    availability: Decimal | None = None
    between: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedStation:
    """A station as a list tells it; what the list leaves open is none.

    Args:
        name: as listed, not yet a name of a plant file.
        cycle, ideal, load, unload, transport, setup: microseconds.
        machines, buffer: counts.
        scrap: a share.
        type: machine type of the catalogue.
        stops: how it fails.
        pool: its operators, as listed.
        operators: how many of them each machine needs while it works.
        line, area: as listed.
        note: what people say about it.
    """

    name: str
    cycle: int
    machines: int | None = None
    buffer: int | None = None
    ideal: int | None = None
    load: int | None = None
    unload: int | None = None
    transport: int | None = None
    setup: int | None = None
    scrap: Decimal | None = None
    type: str | None = None
    stops: Stops | None = None
    pool: str | None = None
    operators: int = 1
    line: str | None = None
    area: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """A list of stations.

    Args:
        stations: in the order of the list, at least one.
        unused: headers that were not understood, or that say what another one says better.
        assumed: units that neither header nor cells name, in words.
    """

    stations: tuple[ListedStation, ...]
    unused: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()


def read_list(path: Path, sheet: str | None = None) -> Listing:
    """The stations that a CSV or Excel file lists.

    Args:
        path: the file.
        sheet: name of the sheet of an Excel file; none: the first one.

    Raises:
        InputError: with a line for each thing that is wrong: file, row, column, what was found, what is allowed.
    """
    table = read_spreadsheet(path, sheet)
    if not table.rows:
        raise InputError(f"{table.file}: the list is empty; allowed: a header row and a row for each station")
    return _Reading.begin(table).listing()


# --- headers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class _Heading:
    """A header that was understood.

    Args:
        key: the column it names.
        rank: how good its word is, 0 is best.
        title: as written.
        place: position in its row from 0.
        unit: what it says about the unit of bare numbers; nothing if it says nothing.
    """

    key: str
    rank: int
    title: str
    place: int
    unit: str


def _is_unit(word: str) -> bool:
    return word == "%" or word in UNIT_WORDS


def _heading(title: str, place: int) -> _Heading | None:
    """`Cycle time [s]`, `cycle (min)`, `mttr_min`, `scrap %`, `Zykluszeit in s`: words, then perhaps a unit."""
    brackets = re.findall(r"([\[(])\s*([^\])/]*?)\.?\s*(?:/[^\])]*)?[\])]", title.lower())
    words = re.sub(r"[\[(][^\])]*[\])]?", " ", title).strip()
    units = [word for _, word in brackets if _is_unit(word)]
    units += [word for opening, word in brackets if opening == "["]  # no unit that we know: an error later on
    tail = re.fullmatch(r"(.+?)(?:[\s_,.-]+in)?(?:[\s_,.-]+([^\W_]+)\.?|\s*(%))", words)
    if plain(words) not in RANKS and tail and _is_unit(unit := (tail[2] or tail[3]).lower()):
        words, units = tail[1], [*units, unit]
    if plain(words) not in RANKS:
        return None
    key, rank = RANKS[plain(words)]
    units += ["%"] if words.endswith("%") else []
    return _Heading(key=key, rank=rank, title=title, place=place, unit=units[0] if units else "")


def _headings(row: Row) -> dict[str, _Heading]:
    """The best heading of each column that a row names."""
    best: dict[str, _Heading] = {}
    for place, title in enumerate(row.cells):
        heading = _heading(title, place)
        if heading and (heading.key not in best or heading.rank < best[heading.key].rank):
            best[heading.key] = heading
    return best


def _unused(title: str) -> str:
    """A header that is not used, with the word that was meant if it looks like a slip of the pen."""
    close = get_close_matches(plain(title), RANKS, n=1, cutoff=0.8)
    return f"{title} (did you mean {RANKS[close[0]][0]}?)" if close and plain(title) not in RANKS else title


# --- rows ------------------------------------------------------------------------------------------------------------


@dataclass(kw_only=True, slots=True)
class _Reading:
    """A list in reading.

    Args:
        table: the sheet.
        header: its row of headers.
        headings: the headers that were understood, by column.
        problems: what is wrong so far.
        bare: columns with a number whose unit nobody names.
    """

    table: Spreadsheet
    header: Row
    headings: dict[str, _Heading]
    problems: list[Problem] = field(default_factory=list)
    bare: set[str] = field(default_factory=set)

    @classmethod
    def begin(cls, table: Spreadsheet) -> "_Reading":
        """With the row that names what every list must have; there may be a title above it."""
        seen = [(row, _headings(row)) for row in table.rows[:TITLE_ROWS]]
        header, headings = max(seen, key=lambda one: (len(set(NEEDED) & set(one[1])), len(one[1])))
        return cls(table=table, header=header, headings=headings)

    def listing(self) -> Listing:
        """What the list says."""
        for key in NEEDED:
            if key not in self.headings:
                found = f"no column {key} among {', '.join(title for title in self.header.cells if title)}"
                self._note(self.header, "", EntryError(found, ", ".join(COLUMNS[key].words[:6])))
        rows = [row for row in self.table.rows if row.number > self.header.number]
        if not rows and not self.problems:
            self._note(self.header, "", EntryError("no rows below the header", "a row for each station"))
        measures = {key: self._measure(heading, rows) for key, heading in self.headings.items()}
        stations = [self._station(row, measures) for row in self._filled(rows)]
        self._judge_areas(rows, stations)
        if self.problems:
            raise InputError("\n".join(map(str, sorted(self.problems, key=lambda problem: problem.line))))
        used = {heading.place for heading in self.headings.values()}
        words = {SECOND: "seconds", MINUTE: "minutes", HOUR: "hours"}
        return Listing(
            stations=tuple(station for station in stations if station is not None),
            unused=tuple(
                _unused(title) for place, title in enumerate(self.header.cells) if title and place not in used
            ),
            assumed=tuple(
                f"{self.headings[key].title}: numbers without a unit are {words[column.unit]}"
                for key, column in COLUMNS.items()
                if key in self.bare
            ),
        )

    def _note(self, row: Row, column: str, wrong: EntryError) -> None:
        self.problems.append(
            Problem(
                file=self.table.file,
                line=row.number,
                path=column,
                found=wrong.found,
                allowed=wrong.allowed,
                hint=wrong.hint,
            )
        )

    def _cell(self, row: Row, key: str) -> str:
        place = self.headings[key].place
        text = row.cells[place] if place < len(row.cells) else ""
        return "" if text.lower() in NOTHING else text

    def _measure(self, heading: _Heading, rows: Iterable[Row]) -> Measure:
        """How bare numbers of a column are read; as shares all of them are per cent if one of them is above 1."""
        column, comma = COLUMNS[heading.key], self.table.decimal_comma
        unit = UNIT_WORDS.get(heading.unit, column.unit)
        if column.timed and heading.unit and heading.unit not in UNIT_WORDS:
            wrong = EntryError(f"{shown(heading.unit)} is no unit of time", "[ms], [s], [min], [h] or [d]")
            self._note(self.header, heading.title, wrong)
        cells = filter(is_bare, (self._cell(row, heading.key) for row in rows))
        numbers = (number_in(cell, Measure(decimal_comma=comma)) for cell in cells)
        above = any(number is not None and number > 1 for number in numbers)
        return Measure(unit=unit, percent=heading.unit == "%" or above, decimal_comma=comma)

    def _filled(self, rows: Iterable[Row]) -> Iterator[Row]:
        above: dict[str, str] = {}
        for row in rows:
            cells = list(row.cells)
            for key in set(ABOVE) & set(self.headings):
                place = self.headings[key].place
                cells += [""] * (place + 1 - len(cells))
                above[key] = cells[place] = cells[place] or above.get(key, "")
            yield Row(number=row.number, cells=tuple(cells))

    def _station(self, row: Row, measures: dict[str, Measure]) -> ListedStation | None:
        before = len(self.problems)
        if self.table.ragged and any(row.cells[len(self.header.cells) :]):
            wrong = EntryError(
                f"{len(row.cells)} cells under {len(self.header.cells)} headers",
                "a cell for each header",
                "" if self.table.decimal_comma else "for decimal commas put ; between them",
            )
            self._note(row, "", wrong)
            return None
        values: dict[str, Any] = {}
        for key, heading in self.headings.items():
            text = self._cell(row, key)
            if not text:
                if key in NEEDED:
                    self._note(row, heading.title, EntryError("the cell is empty", f"the {key} of the station"))
                continue
            try:
                values[key] = COLUMNS[key].read(text, measures[key])
            except EntryError as wrong:
                self._note(row, heading.title, wrong)
            if COLUMNS[key].timed and not heading.unit and is_bare(text) and values.get(key):
                self.bare.add(key)
        if len(self.problems) > before or not set(NEEDED) <= set(values):
            return None
        try:
            stops = _stops(values.pop("availability", None), values.pop("mtbf", None), values.pop("mttr", None))
            people = _people(values.pop("operators", None))
        except EntryError as wrong:
            self._note(row, self.headings[str(wrong.at[0])].title, wrong)
            return None
        return ListedStation(**values, **people, stops=stops)

    def _judge_areas(self, rows: Iterable[Row], stations: Iterable[ListedStation | None]) -> None:
        """A line lies in one area."""
        areas: dict[str | None, str] = {}
        for row, station in zip(rows, stations, strict=True):
            if station is not None and station.area is not None:
                area = areas.setdefault(station.line, station.area)
                if area != station.area:
                    found = f"{shown(station.area)}, and {shown(area)} above"
                    wrong = EntryError(found, "one area for a line; a column line divides the list into lines")
                    self._note(row, self.headings["area"].title, wrong)


def _stops(availability: Decimal | None, between: int | None, repair: int | None) -> Stops | None:
    """How a station fails. Any two of the figures say everything: A = F / (F + R)."""
    if between is None and availability is None:
        if repair is not None:
            raise EntryError("how often it fails is missing", "availability or MTBF beside a repair time", at=("mttr",))
        return None
    if between is None:
        if availability == 1:
            return None
        return Stops(availability=availability, repair=repair or ASSUMED_REPAIR, repair_assumed=repair is None)
    if availability is None:
        return Stops(between=between, repair=repair or ASSUMED_REPAIR, repair_assumed=repair is None)
    if repair is None:
        if availability == 1:
            raise EntryError("100 %, although it fails now and then", "below 100 %, or no MTBF", at=("availability",))
        return Stops(between=between, repair=round(between * (1 - availability) / availability))
    follows = Decimal(between) / (between + repair)
    if abs(follows - availability) > AGREEING:
        found = f"{percent(availability)}, where MTBF and MTTR give {percent(round(follows, 4))}"
        raise EntryError(found, "two of the three, or figures that agree", at=("availability",))
    return Stops(between=between, repair=repair)


def _people(text: str | None) -> dict[str, Any]:
    """Operators of a station: the name of their pool, or how many of the one pool it needs."""
    if text is None or not is_bare(text):
        return {} if text is None else {"pool": text}
    try:
        number = count(0, 1000)(text, Measure())
    except EntryError as wrong:
        raise EntryError(wrong.found, f"the name of a pool, or {wrong.allowed}", at=("operators",)) from None
    return {"pool": "operators", "operators": number} if number else {}
