"""Parts that become one, and one that becomes several, in the kernel (rule 11); see `simulators.several`."""

from typing import TYPE_CHECKING

from simulators.compiled.records import record_built_in

if TYPE_CHECKING:
    from simulators.compiled.machine import Machine
    from simulators.compiled.part import Part


def build_in(machine: "Machine", piece: "Part", product: "Part") -> None:
    """A part becomes a piece of another one."""
    station = machine.station
    piece.machine = machine.number
    product.since = min(product.since, piece.since)
    product.defective = product.defective or piece.defective
    record_built_in(station, piece, product, machine.world.time)
    station.line.gone(piece)


def take_apart(machine: "Machine", part: "Part") -> None:
    """A machine holds the pieces of a part from now on; the first one is the part itself."""
    station = machine.station
    part.target = station.pieces[0].to
    last = part
    for place in range(1, len(station.pieces)):
        piece = _piece(machine, part, place)
        piece.target = station.pieces[place].to
        last.next = piece
        last = piece


def _piece(machine: "Machine", of: "Part", place: int) -> "Part":
    station = machine.station
    line = station.line
    now = machine.world.time
    product = station.pieces[place].product
    piece = line.new_part(of.product if product is None else product)
    piece.since = of.since
    piece.start = now
    piece.finish = now
    piece.machine = machine.number
    piece.operation = of.operation
    piece.lot = of.lot
    if station.again:
        station.count_visit(piece)
    piece.of = of.number
    return piece
