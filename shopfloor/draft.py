"""A first plant file, for a person to go on with: what a list says, what was assumed, and what could be said next.

Text is made rather than dumped, because its comments are half of its use: a key is explained where it first stands,
every assumption says that it is one, and keys that nobody used stand there with the first station, commented out.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

from plant.messages import RESERVED_NAMES
from plant.time import format_duration
from shopfloor.columns import percent
from shopfloor.listing import ListedStation

COMMENTS_AT = 40  # column where comments begin, if what they belong to is no longer
LONGEST_NAME = 64 - 4  # room for a number that tells it from others
LOT = 50  # parts of a product in a row, if there are setups
NO_TEXTS = re.compile(r"[\d.].*|true|false|null|yes|no|on|off|y|n", re.IGNORECASE)  # YAML may not read them as text

CYRILLIC = "a b v g d e e zh z i y k l m n o p r s t u f kh ts ch sh shch  y  e yu ya"  # what а to я become
LETTERS = str.maketrans(
    {
        "ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ø": "o", "Ø": "O", "ł": "l",
        "Ł": "L", "æ": "ae", "Æ": "Ae",
    }
    | {
        cyrillic: latin
        for lower, letters in zip(
            "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
            CYRILLIC.split(" "),
            strict=True,
        )
        for cyrillic, latin in ((lower, letters), (lower.upper(), letters.capitalize()))
    }
)  # fmt: skip
"""Letters that have no accent to take off."""

ABOUT = {
    "type": "signals, power and physics; `shopfloor schema` lists the types",
    "machines": "identical machines in parallel",
    "cycle_time": "work on one part; with spread: normal(92 s, 3 s)",
    "ideal_cycle": "planned time per part, for KPIs; else the mean cycle time",
    "minimum_cycle": "the shortest possible cycle, for bounds of KPIs",
    "load": "handling before work, part of no cycle",
    "unload": "handling after work",
    "buffer": "places in front; those in its machines are extra",
    "transport": "on the way into that buffer",
    "setup": "changeover of the machine",
    "tool": "life in parts or in time of work",
    "failures": "how its machines stop, each on its own",
    "maintenance": "planned work on it",
    "quality": "what share of the parts is bad",
    "operators": "who must be there, from the pools below",
}
"""What the keys of a station are, in reading order; told where a key first stands."""

EXAMPLES = {
    "type": "machining-center",
    "machines": "2",
    "ideal_cycle": "90 s",
    "minimum_cycle": "1 s",
    "load": "5 s",
    "unload": "3 s",
    "buffer": "6",
    "transport": "12 s",
    "tool": "{life: 180 parts, change: 4 min}",
    "failures": "[{mode: stop, availability: 98 %, time_to_repair: exponential(10 min)}]",
    "maintenance": "[{every: 160 h, clock: operating, time: 1 h}]",
    "quality": "{scrap: 0.4 %}",
}
"""What could be said about a station besides, one key a line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """What a first plant file is made of.

    Args:
        plant: a name as people write it.
        source: where the stations come from, in words.
        stations: in flow order, at least one.
        assumed: what is assumed about all of them.
    """

    plant: str
    source: str
    stations: tuple[ListedStation, ...]
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A line of the file.

    Args:
        text: the line, without its comment.
        said: what the comment says about just this line.
        key: key of a station that stands here; explained where it first does.
        example: the same of a key that is commented out; shown once, and not if another line uses the key.
    """

    text: str
    said: str = ""
    key: str = ""
    example: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line of the plant: its name and area, and its stations under the names they have in the file."""

    name: str
    area: str
    stations: tuple[tuple[str, ListedStation], ...]


# --- names -----------------------------------------------------------------------------------------------------------


def valid_name(text: str, otherwise: str = "unnamed") -> str:
    """The nearest name that a plant file allows: `OP 10` → `OP-10`, `Fräsen` → `Fraesen`, `Станок 5` → `Stanok-5`.

    Args:
        text: as people write it.
        otherwise: a valid name for a text without a letter or digit.
    """
    latin = unicodedata.normalize("NFKD", unicodedata.normalize("NFC", text).translate(LETTERS))
    bare = "".join(letter for letter in latin if not unicodedata.combining(letter))
    name = re.sub(r"[^A-Za-z0-9_]+", "-", bare)[:LONGEST_NAME].strip("-_") or otherwise
    return f"{name}-1" if name.lower() in RESERVED_NAMES else name


def valid_names(texts: Iterable[str], otherwise: str) -> Iterator[str]:
    """Valid names that differ by more than case: of equal ones the later ones are numbered from 2."""
    taken: set[str] = set()
    for text in texts:
        name = valid_name(text, otherwise)
        candidates = (name if number == 1 else f"{name}-{number}" for number in count(1))
        free = next(candidate for candidate in candidates if candidate.lower() not in taken)
        taken.add(free.lower())
        yield free


def _scalar(name: str) -> str:
    return f'"{name}"' if NO_TEXTS.fullmatch(name) else name


# --- the file --------------------------------------------------------------------------------------------------------


def plant_text(draft: Draft) -> str:
    """The text of the plant file, in YAML with comments."""
    lines, pools = _lines(draft.stations), _pools(draft.stations)
    entries = [*_site(draft), *(entry for line in lines for entry in _line(line, pools)), *_people(draft, pools)]
    used = {entry.key for entry in entries if entry.key}
    examples = {entry.example: entry for entry in reversed(entries) if entry.example not in used}
    entries = [entry for entry in entries if not entry.example or entry is examples.get(entry.example)]
    return "\n".join([*_opening(draft), *_commented(entries)]).rstrip() + "\n"


def _commented(entries: Iterable[Entry]) -> Iterator[str]:
    told: set[str] = set()
    for entry in entries:
        key = entry.key or entry.example
        about = "" if key in told else ABOUT.get(key, "")
        told.add(key)
        comment = _printable("; ".join(filter(None, (entry.said, about))))
        yield f"{entry.text:<{COMMENTS_AT - 2}}  # {comment}" if comment else entry.text


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())


def _opening(draft: Draft) -> Iterator[str]:
    yield f"# A first description, made by `shopfloor init` from {_printable(draft.source)}. Change what you like:"
    yield "#"
    yield "#   shopfloor check FILE                all its mistakes at once, or what it describes"
    yield "#   shopfloor simulate FILE --for 8h    what comes out of the line"
    yield "#"
    yield "# Assumed:"
    for assumption in (*draft.assumed, *_assumptions(draft.stations)):
        yield f"#   - {_printable(assumption)}"
    yield "#"
    yield "# A key behind a # is an example of what may be said besides: take the # away and put in your figure."
    yield ""


def _assumptions(stations: tuple[ListedStation, ...]) -> Iterator[str]:
    yield "raw parts never run out, and finished parts leave at once"
    yield "each time is always the same"
    if any(station.stops for station in stations):
        yield "stations stop by chance while they work; repairs are exponential, the part in work goes on afterwards"
    if any(station.setup for station in stations):
        yield f"two products alike, {LOT} parts of one, then {LOT} of the other, so that there is something to set up"
    if any(station.pool is not None for station in stations):
        yield "operators are needed while a machine works, and nobody waits for them"


def _lines(stations: tuple[ListedStation, ...]) -> list[Line]:
    """Stations by their lines, in the order in which these first appear."""
    groups: dict[str | None, list[ListedStation]] = {}
    for station in stations:
        groups.setdefault(station.line, []).append(station)
    names = valid_names((line or "line-1" for line in groups), "line")
    return [
        Line(
            name=name,
            area=next((valid_name(one.area, "main") for one in group if one.area), "main"),
            stations=tuple(zip(valid_names((one.name for one in group), "station"), group, strict=True)),
        )
        for name, group in zip(names, groups.values(), strict=True)
    ]


def _pools(stations: tuple[ListedStation, ...]) -> dict[str, str]:
    """Names of pools by the ones in the list; what differs by case only is the same pool."""
    listed = dict.fromkeys(station.pool for station in stations if station.pool is not None)
    first: dict[str, str] = {}
    return {pool: first.setdefault(valid_name(pool, "pool").lower(), valid_name(pool, "pool")) for pool in listed}


def _site(draft: Draft) -> Iterator[Entry]:
    yield Entry(text=f"plant: {_scalar(valid_name(draft.plant, 'plant'))}", said="names stand in topics and addresses")
    yield Entry(text="#enterprise: acme", said="whose plant it is; else local")
    if any(station.setup for station in draft.stations):
        yield Entry(text="products: [{name: A}, {name: B}]", said="assumed")
    yield Entry(text="")
    yield Entry(text="lines:")


def _line(line: Line, pools: Mapping[str, str]) -> Iterator[Entry]:
    yield Entry(text=f"  - name: {_scalar(line.name)}")
    yield Entry(text=f"    area: {_scalar(line.area)}")
    yield Entry(text="    arrivals: saturated", said="or every 95 s, exponential(95 s)")
    yield Entry(text="    blocking: after-service", said="a finished part waits in its machine for a place")
    if any(station.setup for _, station in line.stations):
        sequence = f"[{{product: A, quantity: {LOT}}}, {{product: B, quantity: {LOT}}}]"
        yield Entry(text=f"    sequence: {sequence}", said="assumed")
    yield Entry(text="    stations:", said="in flow order")
    for place, (name, station) in enumerate(line.stations):
        yield Entry(text="")
        listed = "" if name == station.name else f'"{station.name}" in the list'
        yield Entry(text=f"      - name: {_scalar(name)}", said="; ".join(filter(None, (listed, station.note))))
        values = _values(station, pools, first=place == 0)
        for key in ABOUT:
            if key in values:
                value, said = values[key]
                text, *below = f"        {key}: {value}".split("\n")
                yield Entry(text=text.rstrip(), said=said, key=key)
                yield from (Entry(text=item) for item in below)
            elif key in EXAMPLES and place == 0:
                yield Entry(text=f"        #{key}: {EXAMPLES[key]}", example=key)
    yield Entry(text="")


def _values(station: ListedStation, pools: Mapping[str, str], *, first: bool) -> dict[str, tuple[object, str]]:
    """What is known about a station, by key: the value as a plant file writes it, and what is to be said of it."""
    told: dict[str, object | None] = {
        "type": station.type,
        "machines": station.machines,
        "cycle_time": _time(station.cycle),
        "ideal_cycle": _time(station.ideal),
        "load": _time(station.load),
        "unload": _time(station.unload),
        "buffer": station.buffer,
        "transport": _time(station.transport),
        "setup": f"{{when: product changes, time: {_time(station.setup)}}}" if station.setup else None,
        "quality": None if station.scrap is None else f"{{scrap: {percent(station.scrap)}}}",
    }
    values: dict[str, tuple[object, str]] = {key: (value, "") for key, value in told.items() if value is not None}
    if station.buffer is None and not first:
        values["buffer"] = 0, "assumed"
    if (stops := station.stops) is not None:
        rate = f"time_to_failure: exponential({_time(stops.between)})"
        if stops.availability is not None:
            rate = f"availability: {percent(stops.availability)}"
        repair = f"time_to_repair: exponential({_time(stops.repair)})"
        said = f"assumed: {_time(stops.repair)} to repair" if stops.repair_assumed else ""
        values["failures"] = f"\n          - {{mode: stop, clock: operating, {rate}, {repair}}}", said
    if station.pool is not None:
        several = f", count: {station.operators}" if station.operators > 1 else ""
        values["operators"] = f"[{{pool: {_scalar(pools[station.pool])}, for: [process]{several}}}]", ""
    return values


def _time(micros: int | None) -> str | None:
    return None if micros is None else format_duration(micros)


def _people(draft: Draft, pools: Mapping[str, str]) -> Iterator[Entry]:
    if pools:
        yield Entry(text="operators:")
    for pool in dict.fromkeys(pools.values()):
        members = [station for station in draft.stations if station.pool is not None and pools[station.pool] == pool]
        needed = sum((station.machines or 1) * station.operators for station in members)
        yield Entry(text=f"  - {{pool: {_scalar(pool)}, count: {needed}}}", said="assumed: as many as work at once")
