"""Messages on the wire: topics, JSON, buses, numbers, publishers, a broker of our own, and recorded logs."""

from broker.access import Access, Endpoint, endpoint, hide_password
from broker.bus import Bus, MemoryBus, Subscription, UndeliveredError
from broker.cell import CellRecording, read_cell
from broker.codec import decode, decode_all, encode
from broker.effects import Effects
from broker.embedded import EmbeddedBroker, embedded_broker, find_mosquitto
from broker.faulty_bus import FaultyBus
from broker.link import Link
from broker.mqtt import MqttBus
from broker.numbering import Numbering
from broker.publisher import Identity, Publisher
from broker.recording import Recording, read_recording
from broker.spool import Spool
from broker.topics import PREFIX, Address, build, parse

__all__ = [
    "PREFIX",
    "Access",
    "Address",
    "Bus",
    "CellRecording",
    "Effects",
    "EmbeddedBroker",
    "Endpoint",
    "FaultyBus",
    "Identity",
    "Link",
    "MemoryBus",
    "MqttBus",
    "Numbering",
    "Publisher",
    "Recording",
    "Spool",
    "Subscription",
    "UndeliveredError",
    "build",
    "decode",
    "decode_all",
    "embedded_broker",
    "encode",
    "endpoint",
    "find_mosquitto",
    "hide_password",
    "parse",
    "read_cell",
    "read_recording",
]
