"""Tightening of a screw: torque over angle, from run-down over snug to the shut-off, and what goes wrong with it."""

import math
from dataclasses import dataclass

import numpy as np

from plant.draws import Stream
from simulators.physics.elementary import Floats
from simulators.physics.joining import clamp_force
from simulators.waveforms.waveform import LONGEST, Signal, Waveform, noise, significant

OK, TORQUE_LOW, TORQUE_HIGH, ANGLE_LOW, ANGLE_HIGH = 1, 2, 3, 4, 5
"""Codes of results."""

_PLACES = 1  # sub-counter of the draws of slips; 0 is the noise


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """What is different about a screw, as factors of the figures of a good one.

    Args:
        seat: angle at which it seats.
        rate: torque rate of the joint.
        friction: nut factor; torque rate and run-down torque go with it.
        strength: torque at which the thread yields.
        slips: how often the bit slips.
    """

    seat: float = 1.0
    rate: float = 1.0
    friction: float = 1.0
    strength: float = 1.0
    slips: int = 0


VARIANTS = {
    "normal": Variant(),
    "cross-threaded": Variant(seat=0.4, rate=3.0),
    "stripped": Variant(strength=0.2),
    "soft-joint": Variant(rate=0.5),
    "dry-thread": Variant(friction=1.4),
    "bit-slip": Variant(slips=4),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Tightening:
    """A nutrunner that shuts off at a torque, or at an angle if the torque does not come.

    Args:
        variant: row of VARIANTS.
        severity: how far it is that, from 0 (a good screw) to 1.
        target: torque of the shut-off, N·m.
        snug: torque from which the angle counts.
        rate: torque rate of the joint, N·m per degree.
        rundown: torque of the run-down.
        turn: angle of the run-down, degrees.
        nut_factor, diameter: K and d (mm) of the screw.
        strength: torque at which the thread yields, over the target.
        window: allowed angles after snug, degrees.
        tolerance: allowed deviation of the torque, over the target.
        most: angle after snug at which it gives up.
        slips: how often the bit slips, besides what the variant says.
        noise: standard deviation of the transducer, N·m.
        step: degrees between two samples.
        speed: turns per minute.
    """

    variant: str = "normal"
    severity: float = 1.0
    target: float = 48.0
    snug: float = 10.0
    rate: float = 0.6
    rundown: float = 1.5
    turn: float = 720.0
    nut_factor: float = 0.16
    diameter: float = 10.0
    strength: float = 3.0
    window: tuple[float, float] = (35.0, 110.0)
    tolerance: float = 0.05
    most: float = 140.0
    slips: float = 0.0
    noise: float = 0.05
    step: float = 0.5
    speed: float = 60.0

    def _times(self, figure: str) -> float:
        """Factor of the variant, by its severity."""
        factor: float = getattr(VARIANTS[self.variant], figure)
        return float(factor**self.severity)

    @property
    def joint_rate(self) -> float:
        """Torque rate of this very screw, N·m per degree."""
        return self.rate * self._times("rate") * self._times("friction")

    @property
    def angle(self) -> float:
        """Angle after snug at which it ends, degrees."""
        yields = self.target * self.strength * self._times("strength")
        return min((self.target - self.snug) / self.joint_rate, self.most) if yields > self.target else self.most

    @property
    def clamp(self) -> float:
        """Clamp force in kN that it leaves; no nutrunner sees it."""
        torque = float(self._torque(np.array([self._seat + self._bend + self.angle]))[0])
        return float(clamp_force(self.nut_factor * self._times("friction"), torque, self.diameter))

    @property
    def _seat(self) -> float:
        return self.turn * self._times("seat")

    @property
    def _bend(self) -> float:
        """Angle from the seat to snug, over which the rate grows from nothing to that of the joint."""
        return 2.0 * (self.snug - self.rundown * self._times("friction")) / self.joint_rate

    def _torque(self, angle: Floats) -> Floats:
        """Torque at angles since the start, without noise."""
        past, rate, bend = angle - self._seat, self.joint_rate, self._bend
        begun = np.clip(past, 0.0, bend)
        torque = self.rundown * self._times("friction") + rate / (2.0 * bend) * begun * begun
        torque = torque + rate * np.maximum(past - bend, 0.0)
        yields = self.target * self.strength * self._times("strength")
        bent = np.maximum(torque - yields, 0.0)
        gone: Floats = np.where(bent > 0.0, np.maximum(yields - 0.5 * bent, 0.4 * yields), torque)
        return gone

    def waveform(self, stream: Stream, k: int) -> Waveform:
        """The k-th tightening: torque in N·m over the angle in degrees since the start."""
        end = self._seat + self._bend + self.angle
        angle = np.append(np.arange(0.0, end - 1e-9, self.step), end)
        torque = self._torque(angle)
        slips = round(VARIANTS[self.variant].slips * self.severity + self.slips)
        for share in stream.uniforms(range(k * LONGEST, k * LONGEST + slips), _PLACES):
            away = (angle - (self._seat + self._bend + 0.9 * share * self.angle)) / 1.5
            torque = torque * (1.0 - 0.7 * np.exp(-away * away))
        torque = torque + self.noise * noise(stream, k, angle.size)
        return Waveform(
            of=Signal(signal="torque", unit="N.m", values=torque),
            axis=Signal(signal="angle", unit="deg", values=angle),
            rate_hz=6.0 * self.speed / self.step,
            bands=self.bands(angle, torque),
        )

    def bands(self, angle: Floats, torque: Floats) -> dict[str, float]:
        """What the controller tells of a curve.

        Args:
            angle: degrees since the start, shape (n,), rising.
            torque: N·m, shape (n,).

        Returns:
            ``torque_final``, ``angle_final`` (since snug), ``torque_rate`` (straight line since snug),
            ``rundown_torque`` and ``torque_result``, a code.
        """
        snug = int(np.argmax(torque >= self.snug))
        since = angle[snug:] - angle[snug:].mean()
        slope = float(np.sum(since * torque[snug:]) / max(float(np.sum(since * since)), 1e-300))
        final, turned = float(torque[-1]), float(angle[-1] - angle[snug])
        figures = {
            "torque_final": final,
            "angle_final": turned,
            "torque_rate": slope,
            "rundown_torque": float(np.mean(torque[: max(1, int(0.3 * self.turn / self.step))])),
            "torque_result": float(self._result(final, turned)),
        }
        return {name: significant(value) for name, value in figures.items()}

    def _result(self, torque: float, angle: float) -> int:
        off = torque / self.target - 1.0
        if math.fabs(off) > self.tolerance:
            return TORQUE_LOW if off < 0.0 else TORQUE_HIGH
        if self.window[0] <= angle <= self.window[1]:
            return OK
        return ANGLE_LOW if angle < self.window[0] else ANGLE_HIGH
