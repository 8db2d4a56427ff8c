"""A waveform and its numbers, how it is packed into words, and what all models of waveforms share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from plant.draws import Stream
from simulators.physics.elementary import Floats
from simulators.physics.noise import gauss

LONGEST = 1 << 20
"""Samples of a waveform are fewer than that: each has a counter of its own."""

WORDS = 65535
"""Steps between the smallest and the largest 16-bit word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """Values as 16-bit words, value = offset + scale * word."""

    words: NDArray[np.int16]
    scale: float
    offset: float

    @property
    def data(self) -> bytes:
        """The words, little-endian."""
        return self.words.astype("<i2").tobytes()

    def values(self) -> Floats:
        """The values, each within half a step (`scale`) of what was packed."""
        return self.offset + self.scale * self.words.astype(np.float64)


def pack(values: Floats) -> Packed:
    """Values as 16-bit words that use the whole range.

    Args:
        values: shape (n,), n at least 1.

    Raises:
        ValueError: there are none, or not all are finite.
    """
    if values.size == 0 or not np.all(np.isfinite(values)):
        raise ValueError("a waveform needs values, and finite ones")
    low, high = float(values.min()), float(values.max())
    scale = (high - low) / WORDS
    if scale == 0.0:
        return Packed(words=np.zeros(values.shape, dtype=np.int16), scale=1.0, offset=low)
    steps = np.clip(np.floor((values - low) / scale + 0.5), 0, WORDS)
    return Packed(words=(steps - 32768.0).astype(np.int16), scale=scale, offset=low + 32768.0 * scale)


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """One quantity of a waveform.

    Args:
        signal: its name.
        unit: UCUM.
        values: shape (n,).
    """

    signal: str
    unit: str
    values: Floats

    def packed(self) -> Packed:
        """Its values as they go over the wire."""
        return pack(self.values)


@dataclass(frozen=True, kw_only=True, slots=True)
class Waveform:
    """A record of a fast process.

    Args:
        of: what was measured.
        rate_hz: samples per second.
        axis: what it was measured over, if that is not the time.
        bands: single numbers that were computed from it, by name.
    """

    of: Signal
    rate_hz: float
    axis: Signal | None = None
    bands: Mapping[str, float] = field(default_factory=dict)

    @property
    def samples(self) -> int:
        """How many there are."""
        return self.of.values.size


class Model(Protocol):
    """What makes waveforms."""

    def waveform(self, stream: Stream, k: int) -> Waveform:
        """The k-th waveform of a stream."""


def significant(x: float) -> float:
    """A number to five digits, as monitors tell it: what differs between computers in the last bit is gone."""
    return float(f"{x:.5g}")


def grid(samples: int, step: float) -> Floats:
    """Multiples of a step from 0 on. Shape (samples,)."""
    return np.arange(samples, dtype=np.float64) * np.float64(step)


def noise(stream: Stream, k: int, samples: int, j: int = 0) -> Floats:
    """White noise of unit variance for the k-th waveform; j tells several apart. Shape (samples,).

    Raises:
        ValueError: there are as many as LONGEST, or more.
    """
    if samples >= LONGEST:
        raise ValueError(f"a waveform of {samples} samples is too long")
    return gauss(stream.words(range(k * LONGEST, k * LONGEST + samples), j))
