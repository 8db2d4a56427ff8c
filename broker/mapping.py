"""Mapping files: what the data items of MTConnect machines mean in the words of a plant."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from broker.shdr import Category
from plant.contradictions import Contradiction, ContradictionError
from plant.contradictions.contradiction import Found, product_names, unknown
from plant.description import Line, Plant, Station
from plant.document import Place, read_document
from plant.errors import EntryError, did_you_mean, shown
from plant.fields import Count, Description, Name, must_differ
from plant.loader import described
from plant.machine_types import MachineType
from plant.messages import Tag
from plant.paths import Node

WANTED = "a mapping with the keys machines and controls"


def _item(value: object) -> str:
    if not isinstance(value, str) or not value or any(sign in value for sign in "|:\n") or value != value.strip():
        allowed = "the key of a data item, without | and :, as it stands in the log"
        raise EntryError(f"{shown(value)} is no data item", allowed)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise EntryError(f"{shown(value)} is no text", "a text, in quotes if it looks like a number")
    return value


def _values(value: object) -> tuple[str, ...]:
    """One value or several, as texts: logs know no numbers."""
    some = value if isinstance(value, list | tuple) else [value]
    if not some or not all(isinstance(one, str | int | float) for one in some):
        raise EntryError(f"{shown(value)} cannot be compared", "a value such as ACTIVE, or a list of values")
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in some)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        raise EntryError(f"{shown(value)} is no number", "a number such as 0.001")
    return float(value)


def _factor(value: object) -> float:
    if (factor := _number(value)) == 0:
        raise EntryError("0 makes every value 0", "a number other than 0, such as 0.001")
    return factor


Item = Annotated[str, BeforeValidator(_item)]
Text = Annotated[str, BeforeValidator(_text)]
Values = Annotated[tuple[str, ...], BeforeValidator(_values)]
When: TypeAlias = dict[Item, Values]
StateName = Literal[
    "off", "pause", "failed", "maintenance", "setup", "processing", "blocked", "waiting", "starved", "unknown"
]
Priority = Annotated[Count, Field(ge=1, le=4)]


class Rule(Description):
    """A state of the machine, and when it is in it: the first rule that fits counts."""

    when: When = Field(
        default_factory=dict,
        description="Items and the values, one or a list, that all of them must have; left out: always.",
    )
    state: StateName = Field(description="State of the machine.", examples=["processing"])
    reason: str = Field("", description="Why, in a word or two: operator.")


class Counting(Description):
    """How finished parts are known."""

    count: Item = Field(
        description="Item that counts parts: each one that it rises by is a finished part.", examples=["ppartcount"]
    )
    begins: When = Field(
        default_factory=dict, description="Items and values with which a cycle begins; left out: the state processing."
    )
    ends: When = Field(
        default_factory=dict,
        description="Items and values with which a cycle is over; left out: it goes on until the count rises.",
    )
    name: Name | None = Field(None, description="What names of parts begin with, before their number; the line's name.")
    product: Name | None = Field(None, description="What they are; left out: the first product of the line.")
    by: Item | None = Field(None, description="Item that tells the product, such as the program; with products.")
    products: dict[str, Name] = Field(
        default_factory=dict, description="Products by values of that item; a value that is not here: product."
    )


class Signal(Description):
    """A data item that is a signal of the machine."""

    tag: Name = Field(description="Signal of the machine's type, or a name of your own with unit.", examples=["load"])
    item: Item = Field(description="Item that holds its values.", examples=["S1load"])
    factor: Annotated[float, BeforeValidator(_factor)] = Field(1.0, description="By which values are multiplied.")
    offset: Annotated[float, BeforeValidator(_number)] = Field(0.0, description="What is added to them then.")
    unit: Text | None = Field(None, description="Unit (UCUM) of a signal that the type does not have.")
    title: Text | None = Field(None, description="What people read of such a signal; left out: its tag.")


class Alarming(Description):
    """Conditions that are alarms: raised with a fault or warning, cleared when normal again."""

    items: tuple[Item, ...] = Field(
        min_length=1, description="Conditions; they are the codes of the alarms.", examples=["[system]"]
    )
    fault: Priority = Field(2, description="Priority of a fault, 1 (the highest) to 4.")
    warning: Priority | None = Field(3, description="Priority of a warning.")
    text: Text | None = Field(None, description="What people read where the log has no text; left out: the condition.")


class Control(Description):
    """What the data items of one kind of machine control mean."""

    name: Name = Field(description="Name, by which machines refer to it.", examples=["okuma"])
    states: tuple[Rule, ...] = Field(
        min_length=1,
        description="Rules for the state; where none fits it is unknown.",
        examples=["[{when: {execution: ACTIVE}, state: processing}]"],
    )
    parts: Counting | None = Field(None, description="How finished parts are known; left out: not at all.")
    tags: tuple[Signal, ...] = Field((), description="Items that are signals.")
    alarms: tuple[Alarming, ...] = Field((), description="Conditions that are alarms.")
    conditions: tuple[Item, ...] = Field((), description="Other items of the category CONDITION.")
    messages: tuple[Item, ...] = Field((), description="Items of the type MESSAGE.")
    series: tuple[Item, ...] = Field((), description="Items that are time series.")

    @property
    def categories(self) -> dict[str, Category]:
        """Categories of the items that are no plain data."""
        return {item: category for _, item, category in self._special()}

    @property
    def items(self) -> frozenset[str]:
        """All items that it speaks of."""
        rules = [rule.when for rule in self.states]
        counting = [self.parts.begins, self.parts.ends] if self.parts else []
        single = [self.parts.count, self.parts.by] if self.parts else []
        asked = {item for when in (*rules, *counting) for item in when}
        named = {signal.item for signal in self.tags} | {item for item in single if item is not None}
        return frozenset(asked | named | set(self.categories))

    def _special(self) -> Iterator[tuple[Place, str, Category]]:
        for k, alarming in enumerate(self.alarms):
            for i, item in enumerate(alarming.items):
                yield ("alarms", k, "items", i), item, Category.CONDITION
        listed = (("conditions", Category.CONDITION), ("messages", Category.MESSAGE), ("series", Category.SERIES))
        for key, category in listed:
            for i, item in enumerate(getattr(self, key)):
                yield (key, i), item, category

    def disagreements(self) -> Found:
        """What cannot be so whatever the plant is; places are counted from the control."""
        seen: set[str] = set()
        for place, item, _ in self._special():
            if item in seen:
                yield Contradiction(place, f"the item {shown(item)} stands here for the second time", "each item once")
            seen.add(item)
        for k, rule in enumerate(self.states[:-1]):
            if not rule.when:
                found = "a rule without when fits always, so that the ones below never count"
                yield Contradiction(("states", k, "when"), found, "such a rule at the end only")
        numbers: list[tuple[Place, str | None]] = [(("tags", k, "item"), one.item) for k, one in enumerate(self.tags)]
        if self.parts is not None:
            numbers += [(("parts", "count"), self.parts.count), (("parts", "by"), self.parts.by)]
            if (self.parts.by is None) != (not self.parts.products):
                key, other = ("products", "by") if self.parts.by is None else ("by", "products")
                yield Contradiction(("parts", key), f"{key} without {other}", "by and products, both or neither")
        yield from self._must_be_plain(numbers)

    def _must_be_plain(self, items: list[tuple[Place, str | None]]) -> Found:
        categories = self.categories
        for place, item in items:
            category = categories.get(item or "", Category.DATA)
            if category is not Category.DATA and not (category is Category.SERIES and place[0] == "tags"):
                yield Contradiction(place, f"{shown(item)} is a {category}", "an item of plain data")


class Machine(Description):
    """A machine of the plant, and where the logs speak of it."""

    station: Name = Field(description="Its station.", examples=["OP10"])
    machine: Count | None = Field(None, ge=1, description="Its number where the station has several machines.")
    control: Name = Field(description="How its data items are to be read.", examples=["okuma"])
    log: Text | None = Field(
        None, description="Its log file: the name, after folders if names repeat, * and ? allowed; left out: any."
    )
    device: Text | None = Field(None, description="Device of its items in the log; left out: any.")

    def told_by(self, log: Path, device: str | None) -> bool:
        """Whether a log speaks of it with the items of a device."""
        return (self.log is None or log.match(self.log)) and self.device in {None, device}


class Mapping(Description):
    """What the logs of a line mean: which machine each is of, and what its data items say."""

    machines: tuple[Machine, ...] = Field(
        min_length=1, description="Machines that have logs.", examples=["with one item per machine"]
    )
    controls: tuple[Control, ...] = Field(
        min_length=1,
        description="What data items mean, once per kind of machine control.",
        examples=["with one item per kind of control"],
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        must_differ("control", "name", "controls", (control.name for control in self.controls))
        for k, control in enumerate(self.controls):
            try:
                must_differ("tag", "tag", "tags", (signal.tag for signal in control.tags))
            except EntryError as wrong:
                at = ("controls", k, *wrong.at)
                raise EntryError(wrong.found, wrong.allowed, wrong.hint, at) from None
        return self

    @model_validator(mode="after")
    def _agrees(self, info: ValidationInfo) -> Self:
        context = info.context or {}
        plant = context.get("plant")
        found = [] if plant is None else list(_contradictions(self, plant, context.get("mended", ())))
        if found:
            raise ContradictionError(self, tuple(found))
        return self

    def control_of(self, machine: Machine) -> Control:
        """How the items of a machine are to be read."""
        return next(control for control in self.controls if control.name == machine.control)


def load_mapping(path: Path, plant: Plant) -> Mapping:
    """The mapping that a file describes, for the first line of a plant.

    Raises:
        PlantError: with all problems of the file, in order of their lines.
    """
    return described(read_document(path), Mapping, WANTED, plant=plant)


def node_of(line: Line, machine: Machine) -> Node:
    """Whose messages those of a machine are."""
    several = next(station for station in line.stations if station.name == machine.station).machines > 1
    return Node(line.area, line.name, machine.station, machine.machine if several else None)


# --- against the plant ---------------------------------------------------------------------------------------------


def _contradictions(mapping: Mapping, plant: Plant, mended: Collection[Place]) -> Found:
    line = plant.lines[0]
    named = not any(place[:1] == ("controls",) and place[2:3] in {(), ("name",)} for place in mended)
    stations = {station.name: station for station in line.stations}
    controls = [control.name for control in mapping.controls]
    nodes: set[tuple[str, int]] = set()
    for k, machine in enumerate(mapping.machines):
        place: Place = ("machines", k)
        if named:  # else one that nobody could read may be meant
            yield from unknown("control", machine.control, controls, (*place, "control"))
        yield from unknown("station", machine.station, stations, (*place, "station"))
        if machine.station in stations:
            yield from _numbered(machine, stations[machine.station], place)
        key = machine.station, machine.machine or 1
        if key in nodes:
            yield Contradiction(place, f"the machine of {machine.station} stands here for the second time", "each once")
        nodes.add(key)
        yield from _overlap(mapping, k)
    for k, control in enumerate(mapping.controls):
        place = ("controls", k)
        for one in control.disagreements():
            yield Contradiction((*place, *one.place), one.found, one.allowed, one.hint)
        yield from _product(control, plant, place)
        users = [machine.station for machine in mapping.machines if named and machine.control == control.name]
        told: set[Place] = set()
        used = [stations[user] for user in users if user in stations]
        for one in (one for station in used for one in _signals(control, station, plant, place)):
            if one.place not in told and (*one.place[:-1], "unit") not in mended:  # else nobody knows its unit
                told.add(one.place)
                yield one


def _numbered(machine: Machine, station: Station, place: Place) -> Found:
    if machine.machine is None and station.machines > 1:
        allowed = f"machine: a number from 1 to {station.machines}"
        yield Contradiction(place, f"{station.name} has {station.machines} machines", allowed)
    elif (machine.machine or 1) > station.machines:
        found = f"{station.name} has no machine {machine.machine}"
        yield Contradiction((*place, "machine"), found, f"a number from 1 to {station.machines}")


def _overlap(mapping: Mapping, k: int) -> Found:
    """A log must say of which machine it speaks: patterns that only look alike are found when the logs are known."""
    machine = mapping.machines[k]
    for other in mapping.machines[:k]:
        if (other.log, other.device) == (machine.log, machine.device):
            where = "any log" if machine.log is None else machine.log
            found = f"{where} speaks of {other.station} already"
            yield Contradiction(("machines", k), found, "log and device that no other machine has")


def _product(control: Control, plant: Plant, place: Place) -> Found:
    if control.parts is None:
        return
    known = product_names(plant) or [line.name for line in plant.lines]
    if control.parts.product is not None:
        yield from unknown("product", control.parts.product, known, (*place, "parts", "product"))
    for value, product in control.parts.products.items():
        yield from unknown("product", product, known, (*place, "parts", "products", value))


def _signals(control: Control, station: Station, plant: Plant, place: Place) -> Found:
    kind = plant.kind(station)
    for k, signal in enumerate(control.tags):
        own = kind.tags.get(signal.tag)
        if own is None and signal.unit is None:
            yield Contradiction(
                (*place, "tags", k, "tag"),
                f"{station.name}, a {station.type}, has no signal {shown(signal.tag)}",
                f"{', '.join(kind.tags)}, or any name with its unit",
                did_you_mean(signal.tag, kind.tags),
            )
        elif own is not None and signal.unit not in {None, own.unit}:
            found = f"{signal.tag} of {station.name}, a {station.type}, is in {own.unit}, not in {signal.unit}"
            yield Contradiction((*place, "tags", k, "unit"), found, f"{own.unit}, with a factor if need be")


def tags_of(control: Control, kind: MachineType) -> dict[str, Tag]:
    """Signals of a machine: those of its type, then those that the mapping adds."""
    known = kind.told_tags
    added = {
        signal.tag: Tag(unit=signal.unit, title=signal.title or signal.tag)
        for signal in control.tags
        if signal.tag not in known and signal.unit is not None
    }
    return known | added
