"""Contradictions of products: names that nothing has, routes, mixes, setup matrices."""

from typing import TYPE_CHECKING

from plant.contradictions.contradiction import Contradiction, Found, Here, percent, product_names, unknown, ways_of

if TYPE_CHECKING:
    from plant.description import Plant
    from plant.document import Place

WHOLE = 1 + 1e-9  # shares are sums of decimals


def products_named(here: Here) -> Found:
    """Products that a line names must be there, and be made by it where they come into being."""
    declared, makes = product_names(here.plant), [product.name for product in here.products]
    for k, name in enumerate(here.line.products or ()):
        yield from unknown("product", name, declared, (*here.place, "products", k))
    if here.line.products is not None and not here.line.products:
        yield Contradiction((*here.place, "products"), "the line makes nothing", "one product or more")
    for k, step in enumerate(here.line.sequence):
        yield from unknown(
            "product", step.product, makes, (*here.place, "sequence", k, "product"), where=" in the line"
        )


def products_at_stations(here: Here) -> Found:
    """The same for the products that its stations name."""
    declared, makes = product_names(here.plant), [product.name for product in here.products]
    for place, station in here.stations():
        if station.product is not None:
            yield from unknown("product", station.product, makes, (*place, "product"), where=" in the line")
        for name in station.power.by_product if station.power is not None else ():
            yield from unknown("product", name, declared or makes, (*place, "power", "by_product", name))
        for at, _, way in ways_of(station):
            if way is not None and way.product is not None:
                yield from unknown("product", way.product, declared or makes, (*place, *at[:-1], "product"))
        for k, piece in enumerate(station.disassembly):
            if piece.product is not None:
                at = (*place, "disassembly", k, "product")
                yield from unknown("product", piece.product, makes, at, where=" in the line")


def matrices(here: Here) -> Found:
    """A setup matrix goes by products."""
    declared = product_names(here.plant)
    for place, station in here.stations():
        if station.setup is None or not station.setup.matrix:
            continue
        at = (*place, "setup", "matrix")
        if not declared:
            found = "a matrix goes by product, and the plant declares no products"
            yield Contradiction(at, found, "products of the plant, or a time instead of the matrix")
            continue
        for before, row in station.setup.matrix.items():
            yield from unknown("product", before, declared, (*at, before))
            for after in row:
                yield from unknown("product", after, declared, (*at, before, after))


def mixes(here: Here) -> Found:
    """The shares of a line's products make one whole."""
    alike = [line for line in here.plant.lines if here.plant.products_of(line) == here.products]
    drawn = [line for line in alike if not line.sequence and not line.arrivals.orders]
    named = {station.product for station in here.line.stations}
    mixed = [one for one in here.products if one.share is not None or one.name not in named]
    told = [one for one in mixed if one.share is not None]
    if not told:
        return
    whole = sum(one.share or 0.0 for one in told)
    place: Place = ("products", product_names(here.plant).index(told[-1].name), "share")
    where = f" of line {here.line.name}" if len(here.plant.lines) > 1 else ""
    if whole > WHOLE and here.line == alike[0]:  # of lines that make the same, the first one tells it
        found = f"the shares of the products{where} add up to {percent(whole)}"
        yield Contradiction(place, found, "shares of at most 100 % in all")
    elif whole < 2 - WHOLE and 1 < len(mixed) == len(told) and here.line in drawn[:1]:
        found = f"the shares of all products{where} add up to {percent(whole)}"
        yield Contradiction(place, found, "100 % in all, or a product without share for the rest")


def products(plant: "Plant") -> Found:
    """Each product is made by some line, and names stations of lines that make it."""
    stations = {line.name: [station.name for station in line.stations] for line in plant.lines}
    for k, one in enumerate(plant.products):
        lines = [line.name for line in plant.lines if one in plant.products_of(line)]
        known = list(dict.fromkeys(name for line in lines for name in stations[line]))
        if not lines:
            found = f"no line makes {one.name}"
            yield Contradiction(("products", k), found, "a product that is among the products of a line")
            continue
        where = f" that makes {one.name}" if len(lines) < len(plant.lines) else ""
        for key in ("cycle_times", "ideal_cycles"):
            for name in getattr(one, key):
                yield from unknown("station", name, known, ("products", k, key, name), where=where)
        for step, name in enumerate(one.route):
            lacking = [line for line in lines if name not in stations[line]]
            if lacking == lines:
                yield from unknown("station", name, known, ("products", k, "route", step), where=where)
            elif lacking:
                found = f"line {lacking[0]}, which makes {one.name} too, has no station {name}"
                at = ("products", k, "route", step)
                yield Contradiction(at, found, "a route through each line that makes it, or products for each line")
