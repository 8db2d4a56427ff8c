"""Parts that become one, and one that becomes several (rule 11)."""

from typing import TYPE_CHECKING

from simulators.part import Part

if TYPE_CHECKING:
    from simulators.machine import Machine


def build_in(machine: "Machine", piece: Part, product: Part) -> None:
    """A part becomes a piece of another one."""
    station, now = machine.station, machine.env.time
    piece.machine = machine.number
    product.since = min(product.since, piece.since)
    product.defective |= piece.defective
    if station.recorder is not None:
        station.recorder.built_in(station.line.index, station.index, piece, product, now)
    if station.report is not None:
        station.report.built_in(machine, piece, product)
    station.line.gone(piece)


def take_apart(machine: "Machine", part: Part) -> list[Part]:
    """The pieces of a part, bound for where they go; the first one is the part itself."""
    station = machine.station
    pieces = []
    for place, (to, product) in enumerate(station.pieces):
        piece = _piece(machine, part, product) if place else part
        piece.target = station.line.by_name.get(to)
        pieces.append(piece)
    return pieces


def _piece(machine: "Machine", of: Part, product: str | None) -> Part:
    station, line, now = machine.station, machine.station.line, machine.env.time
    piece = line.new_part(line.product(product) if product else of.product)
    piece.since = of.since
    piece.start = piece.finish = now
    piece.machine, piece.operation, piece.lot = machine.number, of.operation, of.lot
    if station.again:
        station.count_visit(piece)
    if station.report is not None:
        station.report.came_out(machine, piece, of)
    if station.recorder is not None:
        station.recorder.came_out(line.index, piece, of, now)
    return piece
