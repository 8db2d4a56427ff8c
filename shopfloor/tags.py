"""Which tags a person asks for: `power`, `OP10.spindle_temp`, `block-line/OP10/2.power`, with commas between."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from plant.errors import InputError, did_you_mean, shown
from plant.messages import Emission, Meta, Tag
from plant.paths import Node

Birth = tuple[Node, Meta]


def machines_of(births: Iterable[Emission], plant_nodes: Iterable[Node]) -> dict[Node, Meta]:
    """Birth documents of the machines, in order of the plant."""
    known = set(plant_nodes)
    return {node: message for node, message in births if node in known and isinstance(message, Meta)}


@dataclass(frozen=True, slots=True)
class TagChoice:
    """What was asked for: pairs of a machine, a station or a line (or nothing: all) and a tag."""

    wanted: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, text: str | None, machines: Mapping[Node, Meta]) -> Self:
        """Read what a person wrote; nothing chooses all tags.

        Raises:
            InputError: there is no such machine or tag.
        """
        if text is None:
            return cls()
        asked = [(place, tag) for place, _, tag in (word.strip().rpartition(".") for word in text.split(","))]
        for place, tag in asked:
            meant = [meta for node, meta in machines.items() if not place or place in _names(node)]
            if not meant:
                names = [node.station or "" for node in machines]
                hint = did_you_mean(place, names)
                told = f"--tags: there is no machine {shown(place)}; allowed: {', '.join(dict.fromkeys(names))}"
                raise InputError(told + (f" ({hint})" if hint else ""))
            tags = list(dict.fromkeys(name for meta in meant for name in meta.tags))
            if tag not in tags:
                hint = did_you_mean(tag, tags)
                at = f" at {place}" if place else ""
                told = f"--tags: there is no tag {shown(tag)}{at}; allowed: {', '.join(tags)}"
                raise InputError(told + (f" ({hint})" if hint else ""))
        return cls(tuple(asked))

    def of(self, node: Node, meta: Meta) -> dict[str, Tag]:
        """The chosen tags of a machine, in the order of its birth document."""
        if not self.wanted:
            return dict(meta.tags)
        chosen = {tag for place, tag in self.wanted if not place or place in _names(node)}
        return {name: tag for name, tag in meta.tags.items() if name in chosen}


def _names(node: Node) -> set[str]:
    """What people call a machine: with or without line, area and number."""
    stations = (f"{node.station}", f"{node.line}/{node.station}", f"{node.area}/{node.line}/{node.station}")
    numbered = () if node.machine is None else tuple(f"{name}/{node.machine}" for name in stations)
    return {*stations, *numbered, node.line, f"{node.area}/{node.line}"}
