"""Strokes: force over the way of a ram, for blanking and for pressing parts together."""

import math
from dataclasses import dataclass

import numpy as np

from plant.draws import Stream
from simulators.physics.elementary import Floats
from simulators.physics.pressing import blanking, press_fit
from simulators.waveforms.waveform import Signal, Waveform, grid, noise, significant

_IMBALANCE = 1  # sub-counter of that draw; 0 is the noise


@dataclass(frozen=True, kw_only=True, slots=True)
class Blanking:
    """One stroke of a blanking press.

    The force rises from the contact to the full one, where the sheet breaks after a part of its thickness; the frame
    springs back and rings. A worn punch needs more force and comes further before it breaks; a strip that was not fed
    right is cut twice as thick in places, on one side of the tool.

    Args:
        length, thickness: of the cut, mm.
        strength: tensile strength of the sheet, N/mm².
        contact: way until the punch meets the sheet, mm.
        stroke: whole way, mm.
        wear: of the punch, from 0 to 1.
        misfeed: how badly the strip lies, from 0 to 1.
        imbalance: between the two sides of a good stroke, %.
        noise: standard deviation of the force, kN.
        step: mm between two samples.
        speed: of the ram, mm/s.
    """

    length: float = 314.0
    thickness: float = 2.0
    strength: float = 400.0
    contact: float = 6.0
    stroke: float = 12.0
    wear: float = 0.0
    misfeed: float = 0.0
    imbalance: float = 3.0
    noise: float = 0.4
    step: float = 0.02
    speed: float = 200.0

    @property
    def most(self) -> float:
        """Force at which the sheet breaks, kN: up to 30 % more with a worn punch, 80 % more where it lies double."""
        sharp = float(blanking(self.length, self.thickness, self.strength))
        return sharp * (1.0 + 0.3 * self.wear) * (1.0 + 0.8 * self.misfeed)

    @property
    def breaks(self) -> float:
        """Way at which it breaks, mm: 35 % of the thickness after the contact with a sharp punch, 60 % with a worn."""
        return self.contact + self.thickness * (0.35 + 0.25 * self.wear)

    def waveform(self, stream: Stream, k: int) -> Waveform:
        """The k-th stroke: force in kN over the way in mm."""
        way = grid(round(self.stroke / self.step) + 1, self.step)
        into = np.clip((way - self.contact) / (self.breaks - self.contact), 0.0, 1.0)
        past = np.maximum(way - self.breaks, 0.0)
        rest = 1.0 - into
        cut = 1.0 - rest * rest * rest * rest
        rings = np.exp(-past / 0.3) * np.cos(2.0 * math.pi * past / 0.5)
        force = self.most * np.where(way <= self.breaks, cut, 0.03 + 0.15 * rings * -np.expm1(-past / 0.05))
        force = force + self.noise * noise(stream, k, way.size)
        off = self.imbalance + 4.0 * self.wear + 12.0 * self.misfeed + 0.3 * float(noise(stream, k, 1, _IMBALANCE)[0])
        bands = {**self.bands(way, force), "tonnage_imbalance": significant(max(off, 0.0))}
        return Waveform(
            of=Signal(signal="press_force", unit="kN", values=force),
            axis=Signal(signal="ram_position", unit="mm", values=way),
            rate_hz=self.speed / self.step,
            bands=bands,
        )

    @staticmethod
    def bands(way: Floats, force: Floats) -> dict[str, float]:
        """``peak_force`` in kN, ``breakthrough``, the way at it in mm, and the ``work`` in J."""
        peak = int(np.argmax(force))
        work = float(np.sum((force[1:] + force[:-1]) * np.diff(way)) / 2.0)
        figures = {"peak_force": float(force[peak]), "breakthrough": float(way[peak]), "work": work}
        return {name: significant(value) for name, value in figures.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class PressFit:
    """Pressing a part into its seat until a force is reached at the stop.

    Args:
        pressure: in the joint at the nominal interference, N/mm².
        friction: coefficient.
        diameter: mm.
        depth: way from the first contact to the stop, mm.
        interference: over the nominal one; the force goes with it.
        tilt: how askew the part is set on, from 0 to 1: a peak where it enters.
        approach: way to the first contact, mm.
        chamfer: over which the joint closes, mm.
        stiffness: at the stop, kN/mm.
        most: force at which the press stops, kN.
        noise: standard deviation of the force, kN.
        step: mm between two samples.
        speed: of the ram, mm/s.
    """

    pressure: float = 60.0
    friction: float = 0.12
    diameter: float = 20.0
    depth: float = 15.0
    interference: float = 1.0
    tilt: float = 0.0
    approach: float = 3.0
    chamfer: float = 1.0
    stiffness: float = 60.0
    most: float = 15.0
    noise: float = 0.03
    step: float = 0.02
    speed: float = 20.0

    def _force(self, into: Floats) -> Floats:
        """Force at ways since the first contact."""
        closed = np.maximum(into - self.chamfer / 2.0, 0.0)
        entered = np.clip(into, 0.0, self.chamfer)
        joined = np.where(into < self.chamfer, entered * entered / (2.0 * self.chamfer), closed)
        joint = np.minimum(joined, self.depth - self.chamfer / 2.0)
        seat = self.interference * press_fit(self.pressure, self.friction, self.diameter, joint)
        away = (into - 1.5 * self.chamfer) / (0.5 * self.chamfer)
        askew = 0.3 * self.most * self.tilt * np.exp(-away * away)
        force: Floats = seat + np.where(into > 0.0, askew, 0.0) + self.stiffness * np.maximum(into - self.depth, 0.0)
        return force

    def waveform(self, stream: Stream, k: int) -> Waveform:
        """The k-th fit: force in kN over the way in mm since the start."""
        longest = self.approach + self.depth + self.most / self.stiffness
        way = grid(math.ceil(longest / self.step) + 1, self.step)
        force = self._force(way - self.approach)
        reached = force >= self.most
        end = int(np.argmax(reached)) + 1 if reached.any() else way.size
        way, force = way[:end], force[:end] + self.noise * noise(stream, k, end)
        figures = {
            "press_fit_force": float(force[-1]),
            "press_fit_depth": float(way[-1] - self.approach),
            "entry_force": float(np.max(force[: np.searchsorted(way, self.approach + 3.0 * self.chamfer)])),
            "joint_force": float(np.mean(force[_within(way - self.approach, self.depth)])),
        }
        return Waveform(
            of=Signal(signal="press_fit_force", unit="kN", values=force),
            axis=Signal(signal="press_fit_depth", unit="mm", values=way),
            rate_hz=self.speed / self.step,
            bands={name: significant(value) for name, value in figures.items()},
        )


def _within(into: Floats, depth: float) -> slice:
    """Samples of the last tenth of a joint before its stop, or the last ones if it came less far."""
    end = max(1, int(np.searchsorted(into, depth)))
    return slice(min(int(np.searchsorted(into, 0.9 * depth)), end - 1), end)
