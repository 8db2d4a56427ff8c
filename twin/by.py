"""KPIs of each order or product of a window, from shares that add up to the figures of the window. Pure.

What cannot be told apart by order or product has no value, and says so: energy, failures, the parts that stand between
machines. Where something of the window is not known, nobody can say to which order it would belong, so there are no
bounds.
"""

from collections.abc import Collection, Iterable
from typing import TypeVar

import msgspec

from plant.messages import Order
from plant.remarks import Planned
from twin import figures
from twin.catalogue import CATALOGUE, LINE_CATALOGUE, KpiRow
from twin.figures import Names, Window
from twin.kpis import Doubt, chain, coverage_of, evaluate, pool
from twin.mirror import LineMirror, Machine, Place, machines_of
from twin.orders import Completed
from twin.planning import pieces
from twin.shares import By, Share, Whose, product_of, shares, whose_are
from twin.values import KpiValue

NO_ROWS = slice(0, 0)
About = TypeVar("About", Order, Completed)
Found = dict[Machine, list[tuple[Planned | None, dict[Whose, Share]]]]
"""Shares of each machine in each piece of a window that was planned for one thing."""


def kpis_by(
    line: LineMirror, thing: LineMirror | Place | Machine, window: Window, by: By, names: Names
) -> dict[Whose, dict[str, KpiValue]]:
    """KPIs of each order or product that appears in a window, those without a name last.

    Raises:
        KeyError: the node has no KPI of that name.
    """
    parts = parts_by(line, thing, window, by, names)
    rows = rows_of(thing, names)
    machines = machines_of(line, thing)
    doubt, coverage = _doubt(line, machines, window, rows)
    told: dict[Whose, dict[str, KpiValue]] = {}
    for whose, of_all in parts.items():
        told[whose] = {}
        for row in rows:
            value = _chained(row, of_all, doubt, window) if row.chained else _value(row, of_all[""], doubt, window)
            reason = f"not_by_{by}" if value.reason == "missing_part" else value.reason
            told[whose][row.id] = msgspec.structs.replace(value, coverage=coverage, reason=reason)
    return told


def lines_kpis_by(
    lines: Collection[LineMirror], window: Window, by: By, names: Names
) -> dict[Whose, dict[str, KpiValue]]:
    """The same of an area or a site: sums over its lines.

    Raises:
        KeyError: lines have no KPI of that name.
    """
    rows = figures.chosen(LINE_CATALOGUE, "line", names)
    each = [parts_by(line, line, window, by, names) for line in lines]
    doubts = [_doubt(line, tuple(line.machines), window, rows) for line in lines]
    doubt = Doubt(unsure=frozenset[str]().union(*(doubt.unsure for doubt, _ in doubts)))
    whole = pool([figures.machine_parts(machine, line, window, ()) for line in lines for machine in line.machines])
    told: dict[Whose, dict[str, KpiValue]] = {}
    for whose in sorted(dict.fromkeys(name for of in each for name in of), key=_last_if_none):
        parts = figures.pooled_lines([of[whose][""] for of in each if whose in of])
        told[whose] = {}
        for row in rows:
            value = figures.pooled_figure(row, parts, doubt, window)
            reason = f"not_by_{by}" if value.reason == "missing_part" else value.reason
            told[whose][row.id] = msgspec.structs.replace(value, coverage=coverage_of(whole), reason=reason)
    return told


def rows_of(thing: LineMirror | Place | Machine, names: Names) -> list[KpiRow]:
    """Rows of the KPIs that are asked for.

    Raises:
        KeyError: the node has no KPI of that name.
    """
    if isinstance(thing, LineMirror):
        return figures.chosen(LINE_CATALOGUE, "line", names)
    return figures.chosen(CATALOGUE, "station" if isinstance(thing, Place) else "machine", names)


def parts_by(
    line: LineMirror, thing: LineMirror | Place | Machine, window: Window, by: By, names: Names
) -> dict[Whose, dict[str, dict[str, int]]]:
    """Additive parts of each order or product: under an empty name of all, of a line besides by station."""
    wanted = figures.wanted_of(rows_of(thing, names))
    places = line.places if isinstance(thing, LineMirror) else ()
    found: Found = {
        m: [(plan, shares(m, line, *ends, by)) for ends, plan in pieces(m, line, window.begin, window.end)]
        for m in machines_of(line, thing)
    }
    lines = _of_line(line, window, wanted, by) if isinstance(thing, LineMirror) else {}
    everybody = dict.fromkeys(whose for of in found.values() for _, share in of for whose in share)
    everybody |= dict.fromkeys(lines)
    told: dict[Whose, dict[str, dict[str, int]]] = {}
    for whose in sorted(everybody, key=_last_if_none):
        of_place = {p.station.name: _pooled(found, p.machines, whose, window, wanted) for p in places}
        of_all = pool(list(of_place.values())) if places else _pooled(found, tuple(found), whose, window, wanted)
        if isinstance(thing, LineMirror):
            of_all |= lines.get(whose) or _nothing(line, window, wanted)
            at_slowest = of_place[line.bottleneck.station.name]
            of_all |= {"bottleneck_PBT": at_slowest["PBT"], "bottleneck_UNK": at_slowest["UNK"]}
        told[whose] = {**of_place, "": of_all}
    return told


def _nothing(line: LineMirror, window: Window, wanted: Collection[str]) -> dict[str, int]:
    """Parts of an order or product of which nothing left the line, and that no order is about."""
    none = figures.orders_parts(line, window, wanted, [])[0]
    return {**figures.shipped_parts(line, NO_ROWS), **figures.due_parts([]), **none}


def _last_if_none(name: Whose) -> tuple[bool, str]:
    return name is None, name or ""


def _pooled(
    found: Found, machines: Iterable[Machine], whose: Whose, window: Window, wanted: Collection[str]
) -> dict[str, int]:
    """Parts of an order or product at some machines."""
    nothing = Share.nothing()
    return pool(
        [
            figures.total(
                figures.share_parts(m, share.get(whose, nothing), window, wanted, plan) for plan, share in found[m]
            )
            for m in machines
        ]
    )


def _of_line(line: LineMirror, window: Window, wanted: Collection[str], by: By) -> dict[Whose, dict[str, int]]:
    """Parts of each order or product that come from what left the line, and from orders."""
    rows = line.shipped.rows(window.begin, window.end)
    products: list[Whose] = [None, *line.kinds]
    kinds = line.shipped.kinds(rows).tolist()
    left = whose_are(line.shipped.orders[rows] if by == "order" else [products[kind] for kind in kinds], rows.start)
    makes = product_of(line)
    due = _grouped(line.orders.due(*window.known(line)), makes, by)
    done = _grouped(line.orders.completed(*window.known(line)), makes, by)
    return {
        whose: {
            **figures.shipped_parts(line, left.get(whose, NO_ROWS)),
            **figures.due_parts(due.get(whose, [])),
            **figures.orders_parts(line, window, wanted, done.get(whose, []))[0],
        }
        for whose in dict.fromkeys([None, *left, *due, *done])
    }


def _grouped(things: Iterable[About], makes: dict[Whose, Whose], by: By) -> dict[Whose, list[About]]:
    """Things about orders, by order or by what it makes."""
    found: dict[Whose, list[About]] = {}
    for one in things:
        found.setdefault(one.order if by == "order" else makes.get(one.order), []).append(one)
    return found


def _value(row: KpiRow, parts: dict[str, int], doubt: Doubt, window: Window) -> KpiValue:
    return evaluate(row, parts, doubt, window.profile)


def _chained(row: KpiRow, parts: dict[str, dict[str, int]], doubt: Doubt, window: Window) -> KpiValue:
    value = chain(row, {name: (of, doubt) for name, of in parts.items() if name}, window.profile)
    return msgspec.structs.replace(value, lower=None, upper=None) if doubt.unsure else value


def _doubt(
    line: LineMirror, machines: Collection[Machine], window: Window, rows: list[KpiRow]
) -> tuple[Doubt, float | None]:
    """All is in doubt if anything of the window is; and how much of its time is known."""
    wanted = figures.wanted_of(rows)
    parts = pool([figures.machine_parts(machine, line, window, ()) for machine in machines])
    doubts = [figures.machine_doubt(machine, line, window, ()) for machine in machines]
    unsure = figures.orders_parts(line, window, wanted, line.orders.completed(*window.known(line)))[1]
    if parts["UNK"] or any(doubt.missing != 0 or doubt.disposed != 0 for doubt in doubts):
        unsure |= wanted
    return Doubt(unsure=unsure), coverage_of(parts)
