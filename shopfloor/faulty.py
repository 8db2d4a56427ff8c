"""Where the transport faults of a plant come in: between its publishers and the twin."""

from broker import Link
from plant.description import Plant
from plant.faults import TransportFault
from plant.messages import Delivery


def link_of(plant: Plant, *, seed: int, start: int) -> Link | None:
    """The faulty way of a plant's messages; none where nothing is wrong with it."""
    faulty = any(isinstance(fault, TransportFault) for fault in plant.faults)
    return Link(plant, seed=seed, start=start) if faulty else None


def carried(link: Link | None, deliveries: list[Delivery]) -> list[Delivery]:
    """What arrives while these set out."""
    return deliveries if link is None else link.carry(deliveries)
