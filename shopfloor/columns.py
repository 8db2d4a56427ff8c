"""The columns that a list of stations may have: what people call them, and what their cells mean.

Numbers stay decimal until they are whole microseconds, so that `92.4` in a list is `92.4 s` in the plant file.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from typing import Any

from plant.catalogue import CATALOGUE
from plant.errors import EntryError, did_you_mean, shown
from plant.time import HOUR, LONGEST, MINUTE, SECOND, UNITS, format_duration

SEEN_SHARE = Decimal("0.2")  # a bare share of scrap above it is more likely a percentage

UNIT_WORDS: dict[str, int] = {
    word: UNITS[unit]
    for unit, words in {
        "ms": "ms msec millisecond milliseconds мс",
        "s": "s sec secs second seconds sek sekunde sekunden с сек секунд секунды секунда",
        "min": "min mins minute minutes minuten мин минут минуты минута",
        "h": "h hr hrs hour hours std stunde stunden ч час часов часа",
        "d": "d day days tag tage д день дней дня",
    }.items()
    for word in words.split()
}


# --- cells -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """How the bare numbers of a column are read: the unit of times in microseconds, or whether they are per cent."""

    unit: int = SECOND
    percent: bool = False
    decimal_comma: bool = True


NUMBER = r"[+-]?(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})+|\d+)?(?:[.,]\d*)?(?:[eE][+-]?\d{1,3})?"
"""A number as people write it, thousands perhaps apart."""
_NUMBER_AND_UNIT = re.compile(rf"({NUMBER})\s*([^\W\d_]*)\.?")
_CLOCK = re.compile(r"(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)")


def number_in(text: str, measure: Measure) -> Decimal | None:
    """The number that a text of the form of ``NUMBER`` says; none if it says none."""
    text = re.sub(r"[ \u00a0\u202f]", "", text)
    if "," in text and not measure.decimal_comma:
        return None
    text = text.replace(",", ".")
    return Decimal(text) if re.search(r"^[+-]?\.?\d", text) else None


def _wanted(measure: Measure, allowed: str) -> str:
    return allowed if measure.decimal_comma else f"{allowed}, with a decimal point"


def _duration(text: str, measure: Measure) -> int:
    allowed = "a time such as 92, 92 s, 1.5 min or 0:01:32"
    if clock := _CLOCK.fullmatch(text):
        number, unit = 3600 * int(clock[1]) + 60 * int(clock[2]) + Decimal(clock[3]), SECOND
    else:
        match = _NUMBER_AND_UNIT.fullmatch(text)
        read = number_in(match[1], measure) if match else None
        if match is None or read is None:
            raise EntryError(f"{shown(text)} is not a time", _wanted(measure, allowed))
        word = match[2].lower()
        if word and word not in UNIT_WORDS:
            raise EntryError(f"{shown(match[2])} is no unit of time", "ms, s, min, h, d", did_you_mean(word, UNITS))
        number, unit = read, UNIT_WORDS[word] if word else measure.unit
    if number < 0:
        raise EntryError(f"{shown(text)} is negative", "0 or more")
    if number > LONGEST // unit:
        raise EntryError(f"{shown(text)} is too long", f"at most {format_duration(LONGEST)}")
    return int((number * unit).to_integral_value(ROUND_HALF_EVEN))


def _some_time(text: str, measure: Measure) -> int:
    micros = _duration(text, measure)
    if micros == 0:
        raise EntryError(f"{shown(text)} is no time", "a time above 0")
    return micros


def count(least: int, most: int) -> Callable[[str, Measure], int]:
    """Reads a whole number between bounds."""

    def read(text: str, measure: Measure) -> int:
        match = _NUMBER_AND_UNIT.fullmatch(text)
        number = number_in(match[1], measure) if match and not match[2] else None
        if number is None or number != number.to_integral_value() or not least <= number <= most:
            raise EntryError(f"{shown(text)} cannot be used", f"a whole number from {least} to {most}")
        return int(number)

    return read


def is_bare(text: str) -> bool:
    """Whether a cell is a number without a unit."""
    return re.fullmatch(NUMBER, text) is not None and any(map(str.isdigit, text))


def _share(text: str, measure: Measure) -> tuple[Decimal, bool]:
    """A share, and whether it says that it is one in per cent."""
    told = text.endswith("%")
    match = _NUMBER_AND_UNIT.fullmatch(text.removesuffix("%").strip())
    number = number_in(match[1], measure) if match and not match[2] else None
    if number is None:
        raise EntryError(
            f"{shown(text)} is not a share", _wanted(measure, "a percentage or a fraction: 98 %, 98, 0.98")
        )
    return (number / 100 if told else number), told


def _availability(text: str, measure: Measure) -> Decimal:
    """Above 1 it is per cent, whatever the header says: nobody lists a machine that is up 1 % of the time."""
    share, told = _share(text, measure)
    if not told and share > 1:
        share /= 100
    if not 0 < share <= 1:
        raise EntryError(f"{shown(text)} is no availability", "above 0, at most 100 %")
    return share


def _scrap(text: str, measure: Measure) -> Decimal:
    share, told = _share(text, measure)
    if measure.percent and not told:
        share, told = share / 100, True
    if not told and SEEN_SHARE < share <= 1:
        raise EntryError(
            f"{shown(text)} may be {percent(share)} or {percent(share / 100)}",
            "a percentage with its sign, or [%] in the header",
        )
    if not 0 <= share <= 1:
        raise EntryError(f"{shown(text)} is no share of the parts", "from 0 to 100 %")
    return share


def percent(share: Decimal) -> str:
    """A share as people read it: ``98.5 %``."""
    return f"{(100 * share).normalize():f} %"


@cache
def types() -> dict[str, str]:
    """Machine types by all names that people may give them."""
    titles = {str(kind.title).lower().replace(" ", "-"): name for name, kind in CATALOGUE.items()}
    return {name: name for name in CATALOGUE} | titles


def _type(text: str, _: Measure) -> str:
    word = re.sub(r"[\s_]+", "-", text.lower())
    if word not in types():
        hint = did_you_mean(word, types())
        raise EntryError(f"there is no machine type {shown(text)}", ", ".join(CATALOGUE), hint)
    return types()[word]


def _words(text: str, _: Measure) -> str:
    return " ".join(text.split())


# --- columns ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column that a list may have.

    Args:
        about: what its cells say.
        read: from a cell to its value.
        words: what people call it, without regard to case, spaces and signs; the first ones go before the later ones.
        unit: of bare numbers, in microseconds, unless the header names one.
    """

    about: str
    read: Callable[[str, Measure], Any]
    words: tuple[str, ...]
    unit: int = SECOND

    @property
    def timed(self) -> bool:
        """Whether its cells are times."""
        return self.read in {_duration, _some_time}


COLUMNS: dict[str, Column] = {
    "name": Column(
        about="name of the station",
        read=_words,
        words=(
            "name", "station", "station name", "workstation", "operation", "op", "machine", "process",
            "process step", "Bezeichnung", "Arbeitsplatz", "Arbeitsgang", "Maschine", "Prozessschritt",
            "станция", "рабочее место", "операция", "станок", "наименование", "название",
        ),
    ),
    "cycle": Column(
        about="time of one machine for one part",
        read=_some_time,
        words=(
            "cycle time", "cycle", "ct", "processing time", "process time", "machining time", "takt time", "takt",
            "Zykluszeit", "Bearbeitungszeit", "Prozesszeit", "Zyklus", "Taktzeit",
            "время цикла", "цикл", "время обработки", "машинное время", "такт", "время такта",
        ),
    ),
    "machines": Column(
        about="identical machines in parallel",
        read=count(1, 1000),
        words=(
            "machines", "machine count", "number of machines", "no. of machines", "parallel machines", "count",
            "quantity", "qty", "Anzahl Maschinen", "Maschinenanzahl", "Maschinen", "Anzahl",
            "количество станков", "число станков", "станков", "количество", "кол-во",
        ),
    ),
    "buffer": Column(
        about="places in front of the station",
        read=count(0, 1_000_000),
        words=(
            "buffer", "buffer in front", "buffer before", "buffer size", "buffer capacity", "places",
            "Puffer", "Puffer davor", "Puffergröße", "Pufferplätze", "Pufferkapazität",
            "буфер", "буфер перед", "ёмкость буфера", "накопитель", "ёмкость накопителя",
        ),
    ),
    "availability": Column(
        about="share of the time up; above 1 it is per cent",
        read=_availability,
        words=(
            "availability", "technical availability", "avail", "uptime",
            "Verfügbarkeit", "technische Verfügbarkeit",
            "доступность", "готовность", "коэффициент готовности", "техническая готовность",
        ),
    ),
    "mttr": Column(
        about="mean time to repair",
        read=_some_time,
        unit=MINUTE,
        words=(
            "mttr", "repair", "repair time", "time to repair", "mean time to repair", "mdt", "mean down time",
            "Reparaturzeit", "mittlere Reparaturzeit", "Reparatur", "Reparaturdauer",
            "время ремонта", "среднее время ремонта", "время восстановления", "среднее время восстановления", "ремонт",
        ),
    ),
    "mtbf": Column(
        about="mean time of work between two failures",
        read=_some_time,
        unit=HOUR,
        words=(
            "mttf", "mtbf", "time to failure", "mean time to failure", "mean time between failures",
            "time between failures", "mittlere Zeit zwischen Ausfällen", "mittlerer Ausfallabstand", "Ausfallabstand",
            "наработка на отказ", "средняя наработка на отказ", "время между отказами",
        ),
    ),
    "scrap": Column(
        about="share of the parts scrapped",
        read=_scrap,
        words=(
            "scrap", "scrap rate", "scrap share", "reject rate", "rejects",
            "Ausschuss", "Ausschussquote", "Ausschussrate", "Ausschussanteil", "брак", "доля брака", "процент брака",
        ),
    ),
    "setup": Column(
        about="time of a changeover",
        read=_duration,
        unit=MINUTE,
        words=(
            "setup", "setup time", "changeover", "changeover time", "Rüstzeit", "Rüsten", "Umrüstzeit",
            "наладка", "время наладки", "переналадка", "время переналадки",
        ),
    ),
    "ideal": Column(
        about="planned time per part, for KPIs",
        read=_some_time,
        words=(
            "ideal cycle", "ideal cycle time", "planned cycle", "planned cycle time", "target cycle",
            "planned run time", "target cycle time",
            "Sollzykluszeit", "Sollzeit", "Planzykluszeit", "ideale Zykluszeit",
            "идеальный цикл", "идеальное время цикла", "плановый цикл", "норма времени",
        ),
    ),
    "type": Column(
        about="machine type of the catalogue",
        read=_type,
        words=("type", "machine type", "kind", "Typ", "Maschinentyp", "Art", "тип", "тип станка", "вид"),
    ),
    "load": Column(
        about="handling before work",
        read=_duration,
        words=("load", "load time", "loading", "loading time", "Beladen", "Beladezeit", "Ladezeit", "загрузка",
               "время загрузки"),
    ),
    "unload": Column(
        about="handling after work",
        read=_duration,
        words=("unload", "unload time", "unloading", "unloading time", "Entladen", "Entladezeit", "выгрузка",
               "разгрузка", "время выгрузки", "время разгрузки"),
    ),
    "transport": Column(
        about="time on the way to the station",
        read=_duration,
        words=("transport", "transport time", "transfer", "transfer time", "conveyor time", "Transportzeit",
               "транспортировка", "транспорт", "время транспортировки", "перемещение"),
    ),
    "operators": Column(
        about="pool that they come from, or how many each machine needs",
        read=_words,
        words=("operators", "operator", "operator pool", "pool", "workers", "Bediener", "Werker", "Personal",
               "операторы", "оператор", "рабочие", "персонал"),
    ),
    "line": Column(
        about="line of the station; empty: as above",
        read=_words,
        words=("line", "production line", "Linie", "Fertigungslinie", "линия")),
    "area": Column(
        about="area of its line; empty: as above",
        read=_words,
        words=("area", "department", "shop", "Bereich", "Abteilung", "участок", "цех")),
    "note": Column(
        about="becomes a comment",
        read=_words,
        words=("note", "notes", "comment", "description", "remark", "remarks", "Bemerkung", "Beschreibung", "Kommentar",
               "примечание", "описание", "комментарий"),
    ),
}  # fmt: skip
"""Columns by key; the reference page of `init` shows them."""


def plain(title: str) -> str:
    """A header without case, spaces and signs."""
    return re.sub(r"[\W_]+", "", title.casefold()).replace("ё", "е")


RANKS = {plain(word): (key, rank) for key, column in COLUMNS.items() for rank, word in enumerate(column.words)}


def read_cell(key: str, text: str) -> Any:
    """The value of one cell of a column, bare numbers in its own unit.

    Raises:
        EntryError: it cannot be used.
    """
    return COLUMNS[key].read(text.strip(), Measure(unit=COLUMNS[key].unit))
