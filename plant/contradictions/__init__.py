"""What cannot be true of a plant at once, though each value alone is right.

Each check reads some keys of the description and yields what contradicts itself there, with the place of the decisive
key. None relies on another: an unknown station is told where it is named, and is no reason for a second complaint.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from plant.contradictions import arrivals, faults, goods, means, stations, types, ways
from plant.contradictions.contradiction import Contradiction, ContradictionError, Found, Here
from plant.document import Place
from plant.flow import as_meant

if TYPE_CHECKING:
    from plant.description import Plant

__all__ = ["Contradiction", "ContradictionError", "contradictions"]


def contradictions(plant: "Plant", mended: Collection[Place] = ()) -> tuple[Contradiction, ...]:
    """All contradictions of a plant.

    Args:
        plant: a description of which each value alone is right.
        mended: places whose values nobody wrote; what depends on them is not judged.
    """
    found: list[Contradiction] = []
    for of_plant, reads in OF_PLANT:
        if not _touched(reads, mended):
            found += of_plant(plant)
    for index, line in enumerate(plant.lines):
        here = Here(plant, line, ("lines", index), plant.products_of(line))
        near = [place for place in mended if place[0] != "lines" or place[:2] in {("lines",), here.place}]
        checks = [(check, here, reads) for check, reads in OF_LINE]
        if (meant := as_meant(line, here.products)) is not None:
            flow = replace(here, line=meant[0], products=meant[1])
            checks += [(check, flow, reads) for check, reads in OF_FLOW]
        for check, there, reads in checks:
            if not _touched(reads, near):
                found += check(there)
    return tuple(found)


def _touched(reads: Collection[str], mended: Iterable[Place]) -> bool:
    """Whether one of the keys, or what it stands in, or something in it, was mended."""
    for place in mended:
        steps = [step for step in place if isinstance(step, str)]
        if any(all(a == b for a, b in zip(steps, key.split("."), strict=False)) for key in reads):
            return True
    return False


_STATIONS = "lines.stations"
_NAMES = (f"{_STATIONS}.name",)
_BACK = (f"{_STATIONS}.quality.rework", f"{_STATIONS}.inspection.to")
_FORTH = (f"{_STATIONS}.next", f"{_STATIONS}.joins", f"{_STATIONS}.disassembly")
_MADE = ("products.name", "lines.products")
_FLOW = (*_NAMES, *_BACK, *_FORTH, *_MADE, "products.route")
_TO_ORDERS = ("lines.arrivals", f"{_STATIONS}.arrivals", "lines.name", "orders.line", *_FLOW)
_TYPES = ("lines.name", *_NAMES, f"{_STATIONS}.type", f"{_STATIONS}.machines", f"{_STATIONS}.power")
_PEOPLE = ("operators", f"{_STATIONS}.operators")

OF_PLANT: tuple[tuple[Callable[["Plant"], Found], tuple[str, ...]], ...] = (
    (types.types_named, ("machine_types", f"{_STATIONS}.type")),
    (types.types_fit, ("machine_types",)),
    (types.figures_named, ("machine_types", f"{_STATIONS}.type", f"{_STATIONS}.figures")),
    (means.shifts_named, ("shifts.name",)),
    (means.distances, _NAMES),
    (goods.products, (*_NAMES, *_MADE)),
    (arrivals.lines_wait_for_orders, ("orders", *_TO_ORDERS)),
    (arrivals.orders, ("orders.order", *_TO_ORDERS)),
    (arrivals.ordered_products, ("orders.order", *_MADE, *_TO_ORDERS)),
    (faults.of_plant, _TYPES),
    (faults.together, tuple(f"faults.{key}" for key in ("on", "at", "every", "for", "transport"))),
)
"""Checks of a plant as a whole, with the keys that they read."""

OF_LINE: tuple[tuple[Callable[[Here], Found], tuple[str, ...]], ...] = (
    (ways.stations_named, _NAMES),
    (ways.own_station, _NAMES),
    (ways.ways, ()),
    (ways.assemblies, (f"{_STATIONS}.joins", *_NAMES)),
    (ways.sets_fit, (*(f"{_STATIONS}.{key}" for key in ("joins", "buffer", "transport", "machines")), *_NAMES)),
    (ways.endless_rework, (f"{_STATIONS}.quality.rework", f"{_STATIONS}.inspection")),
    (goods.products_named, _MADE),
    (goods.products_at_stations, _MADE),
    (goods.matrices, _MADE),
    (goods.mixes, ("products.share", "lines.sequence", "lines.arrivals", f"{_STATIONS}.product", *_MADE)),
    (means.pools_named, ("operators.pool", "operators.skills", "operators.count")),
    (means.on_shift_together, ("shifts", f"{_STATIONS}.shifts", f"{_STATIONS}.repairs", *_PEOPLE)),
    (means.fleets_named, ("fleets.fleet",)),
    (stations.together, ("lines.blocking",)),
    (stations.durations, ("products.cycle_times", f"{_STATIONS}.cycle_time")),
    (stations.modes_named, (f"{_STATIONS}.failures.mode",)),
    (faults.of_failures, (f"{_STATIONS}.type",)),
)
"""Checks of each line, with the keys that they read."""

OF_FLOW: tuple[tuple[Callable[[Here], Found], tuple[str, ...]], ...] = (
    (ways.sent_to_assemblies, _FLOW),
    (ways.into_assemblies, _FLOW),
    (ways.flow, _FLOW),
    (arrivals.limits, _FLOW),
    (arrivals.entries, _FLOW),
    (arrivals.saturated, ("lines.arrivals", "lines.wip_limit", *_FLOW)),
)
"""Checks of the flow through each line, names taken as they were probably meant."""
