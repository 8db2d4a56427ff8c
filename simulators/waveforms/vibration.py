"""Vibration of a spindle: turns, teeth, chatter, and a bearing whose damage grows.

Each impact of a damage makes the housing ring; how loud impacts and noise are by damage is `physics.bearings`. First
the envelope and the kurtosis rise, then the velocity, and in the end impacts run together and the kurtosis falls.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from plant.draws import Stream
from simulators.physics.bearings import bearing_impacts, bearing_noise, bearing_velocity, bpfi, bpfo
from simulators.physics.elementary import Floats
from simulators.waveforms.waveform import LONGEST, Signal, Waveform, grid, noise, significant

VELOCITY_HZ = (10.0, 1000.0)
"""Where the velocity is taken, as is usual for machines."""

CHATTER = 7.0
"""Velocity of full chatter, times that of the cut without it."""

SLIP = 0.01
"""How far an impact is off its time, in parts of the time between two."""

HARMONICS = (1.0, 0.3, 0.1)
"""Velocity of the multiples of a frequency, relative to the first."""

_JITTER, _LOUDNESS, _PHASE = 1, 2, 3  # sub-counters of the draws; 0 is the noise


@dataclass(frozen=True, kw_only=True, slots=True)
class Vibration:
    """A snapshot of the acceleration at a spindle bearing.

    Args:
        speed: turns per minute; at 0 there is noise only.
        teeth: of the tool; at 0 it does not cut.
        unbalance: velocity once per turn, mm/s rms.
        cutting: velocity of the cut at the tooth frequency, mm/s rms.
        noise: acceleration of a healthy bearing without tones, m/s² rms.
        damage: of the bearing, from 0 to 1.
        race: which race is damaged.
        chatter: how much it chatters, from 0 to 1.
        chatter_hz: at which frequency.
        balls, ball, pitch, contact: geometry of the bearing, mm and degrees.
        resonance_hz: what an impact makes ring.
        ring_s: how long it rings (time constant).
        rate_hz: samples per second.
        seconds: length of the snapshot.
    """

    speed: float
    teeth: float = 4.0
    unbalance: float = 0.4
    cutting: float = 0.8
    noise: float = 0.6
    damage: float = 0.0
    race: Literal["outer", "inner"] = "outer"
    chatter: float = 0.0
    chatter_hz: float = 613.0
    balls: float = 9.0
    ball: float = 7.94
    pitch: float = 39.04
    contact: float = 0.0
    resonance_hz: float = 3200.0
    ring_s: float = 0.0006
    rate_hz: float = 10_000.0
    seconds: float = 2.0

    @property
    def turns_hz(self) -> float:
        """Turns per second."""
        return self.speed / 60.0

    @property
    def tooth_hz(self) -> float:
        """Teeth per second."""
        return self.turns_hz * self.teeth

    @property
    def defect_hz(self) -> float:
        """Impacts per second on the damaged race."""
        passes = bpfo if self.race == "outer" else bpfi
        return self.turns_hz * float(passes(self.balls, self.ball, self.pitch, self.contact))

    def waveform(self, stream: Stream, k: int) -> Waveform:
        """The k-th snapshot, in m/s²."""
        samples = round(self.rate_hz * self.seconds)
        x = self.noise * float(bearing_noise(self.damage)) * noise(stream, k, samples)
        if self.turns_hz > 0.0:
            x += self._tones(stream, k, grid(samples, 1.0 / self.rate_hz))
            if self.damage > 0.0:
                x += self._impacts(stream, k, samples)
        return Waveform(
            of=Signal(signal="acceleration", unit="m/s2", values=x), rate_hz=self.rate_hz, bands=self.bands(x)
        )

    def _tones(self, stream: Stream, k: int, times: Floats) -> Floats:
        """Unbalance, teeth, chatter, and the low frequencies of a damage."""
        cutting = self.cutting if self.teeth > 0.0 else 0.0
        healthy = math.hypot(self.unbalance, cutting)
        loud = math.hypot(*HARMONICS)
        damaged = float(bearing_velocity(healthy, self.damage)) / loud
        tones = [
            (self.turns_hz, self.unbalance),
            *((self.tooth_hz * (i + 1), cutting * part) for i, part in enumerate(HARMONICS)),
            *((self.defect_hz * (i + 1), damaged * part) for i, part in enumerate(HARMONICS)),
            (self.chatter_hz, CHATTER * self.chatter * healthy),
        ]
        phases = stream.uniforms(range(k * LONGEST, k * LONGEST + len(tones)), _PHASE)
        x = np.zeros(times.size)
        for (hertz, velocity), phase in zip(tones, phases, strict=True):
            if hertz <= VELOCITY_HZ[1]:  # beyond, the structure swallows tones (ours)
                amplitude = math.sqrt(2.0) * velocity * hertz * (2.0 * math.pi / 1000.0)
                x += amplitude * np.sin(2.0 * math.pi * (hertz * times + phase))
        return x

    def _impacts(self, stream: Stream, k: int, samples: int) -> Floats:
        """Ringing after each pass of the damage, with the rms that it has by its growth."""
        between = self.rate_hz / self.defect_hz
        count = int(samples / between) + 1
        draws = range(k * LONGEST, k * LONGEST + count)
        first = stream.uniform(k * LONGEST + LONGEST - 1, _PHASE)
        at = (np.arange(count) + first + SLIP * (2.0 * stream.uniforms(draws, _JITTER) - 1.0)) * between
        swing = 0.8 if self.race == "inner" else 0.2  # an inner race carries its damage through the loaded zone
        loud = 1.0 + swing * np.cos(2.0 * math.pi * self.turns_hz / self.rate_hz * at)
        loud *= 0.9 + 0.2 * stream.uniforms(draws, _LOUDNESS)
        ring = self.ring_s * self.rate_hz
        within = math.sqrt((self._band[1] - self._band[0]) / (self.rate_hz / 2.0))  # of the noise, in its band
        rms = self.noise * within * float(bearing_impacts(self.damage))
        amplitude = rms * math.sqrt(4.0 * between / ring / (1.0 + swing * swing / 2.0))
        start = np.ceil(at).astype(np.int64)
        index = start[:, np.newaxis] + np.arange(math.ceil(8.0 * ring))
        since = index - at[:, np.newaxis]
        rings = np.exp(-since / ring) * np.sin(2.0 * math.pi * self.resonance_hz / self.rate_hz * since)
        x = np.zeros(int(index.max()) + 1 if count else samples)
        np.add.at(x, index, amplitude * loud[:, np.newaxis] * rings)
        return np.pad(x, (0, max(0, samples - x.size)))[:samples]

    @property
    def _band(self) -> tuple[float, float]:
        """Frequencies around the resonance."""
        return 0.6 * self.resonance_hz, min(1.4 * self.resonance_hz, 0.49 * self.rate_hz)

    def bands(self, x: Floats) -> dict[str, float]:
        """What a monitor computes from a snapshot.

        Args:
            x: acceleration in m/s², shape (n,).

        Returns:
            ``acceleration_rms`` in m/s²; ``velocity_rms`` from 10 to 1000 Hz, ``shaft`` and ``tooth`` (once per turn,
            once per tooth) in mm/s rms; around the resonance ``envelope_rms`` in m/s² and ``kurtosis``; ``bpfo`` and
            ``bpfi``, rms of the envelope at the frequencies of a damage of either race, in m/s².
        """
        spectrum = np.fft.rfft(x) / x.size
        hertz = grid(spectrum.size, self.rate_hz / x.size)
        velocity = np.zeros(spectrum.size)
        velocity[1:] = np.abs(spectrum[1:]) * math.sqrt(2.0) / (hertz[1:] * (2.0 * math.pi / 1000.0))
        near = (hertz >= self._band[0]) & (hertz <= self._band[1])
        ringing = np.fft.irfft(np.where(near, spectrum, 0.0) * x.size, x.size)
        envelope = _envelope(ringing)
        swings = np.abs(np.fft.rfft(envelope - envelope.mean())) * (math.sqrt(2.0) / x.size)
        squares = ringing * ringing
        outer = self.turns_hz * float(bpfo(self.balls, self.ball, self.pitch, self.contact))
        figures = {
            "acceleration_rms": _rms(x),
            "velocity_rms": _total(velocity, (hertz >= VELOCITY_HZ[0]) & (hertz <= VELOCITY_HZ[1])),
            "shaft": _total(velocity, _near(hertz, self.turns_hz)),
            "tooth": _total(velocity, _near(hertz, self.tooth_hz)),
            "envelope_rms": _rms(envelope),
            "kurtosis": float(np.mean(squares * squares) / max(float(np.mean(squares)) ** 2, 1e-300)),
            "bpfo": _total(swings, _near(hertz, outer)),
            "bpfi": _total(swings, _near(hertz, self.turns_hz * self.balls - outer)),
        }
        return {name: significant(value) for name, value in figures.items()}


def _envelope(x: Floats) -> Floats:
    """Magnitude of the analytic signal."""
    spectrum = np.fft.fft(x)
    spectrum[1 : (x.size + 1) // 2] *= 2.0
    spectrum[x.size // 2 + 1 :] = 0.0
    envelope: Floats = np.abs(np.fft.ifft(spectrum))
    return envelope


def _rms(x: Floats) -> float:
    return math.sqrt(float(np.mean(x * x)))


def _total(lines: Floats, which: NDArray[np.bool_]) -> float:
    """Rms of some lines of a spectrum together."""
    return math.sqrt(float(np.sum(lines[which] ** 2)))


def _near(hertz: Floats, middle: float) -> NDArray[np.bool_]:
    """Lines at a frequency: two on either side, as no tone stands on a line."""
    return np.abs(hertz - middle) <= 2.5 * hertz[1] if middle > 0.0 else np.zeros(hertz.shape, dtype=np.bool_)
