"""Waveforms: vibration of a spindle, tightening of a screw, stroke of a press, press fit. Pure, drawn by counter.

A model is a frozen set of figures with one method: `waveform(stream, k)` gives the k-th waveform of a stream, the same
whoever asks and whenever. What belongs to it as single numbers stands in its `bands`, computed from the samples as a
monitoring system would. The models are ours; their parts are textbook (`simulators.physics`).
"""

from collections.abc import Mapping
from types import MappingProxyType

from simulators.waveforms.strokes import Blanking, PressFit
from simulators.waveforms.tightening import Tightening
from simulators.waveforms.vibration import Vibration
from simulators.waveforms.waveform import Model, Packed, Signal, Waveform, pack

MODELS: Mapping[str, type[Vibration | Tightening | Blanking | PressFit]] = MappingProxyType(
    {"vibration": Vibration, "tightening": Tightening, "blanking": Blanking, "press-fit": PressFit}
)
"""Models by the name that a machine type calls them by."""

__all__ = [
    "MODELS",
    "Blanking",
    "Model",
    "Packed",
    "PressFit",
    "Signal",
    "Tightening",
    "Vibration",
    "Waveform",
    "pack",
]
