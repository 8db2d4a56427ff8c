"""The pictures of the guide to signals, made of runs of its plant.

`python -m docs.signal_pictures` writes them anew.
"""  # noqa: INP001 - a script beside the pages, not a package

from base64 import b64decode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from docs.line_charts import Chart, Ground, Kind, Panel, Series, draw
from plant.description import Plant, Sampling
from plant.loader import load_plant
from plant.messages import Axis, PartEvent, Quality, StateChange, Telemetry, Truth, Waveform
from plant.paths import Node
from plant.scenarios import load_scenario
from plant.time import DEFAULT_START, HOUR
from plant.units import symbol
from simulators import Simulation
from simulators.physics import FUNCTIONS

ROOT = Path(__file__).parent.parent
FOLDER = Path(__file__).parent / "images" / "signals"
GUIDE = ROOT / "docs" / "guides" / "signals.md"
CELL = ROOT / "examples" / "worn-cell.yaml"
TURNS_HZ = 25.0
"""Turns of the spindle per second where its vibration is recorded: 1500 per minute."""

Floats = NDArray[np.float64]


@dataclass(kw_only=True)
class Told:
    """What a run tells, in the hours since its begin."""

    samples: dict[tuple[str, str], tuple[list[float], list[float]]] = field(default_factory=dict)
    true: dict[tuple[str, str], tuple[list[float], list[float]]] = field(default_factory=dict)
    states: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    finished: dict[str, list[float]] = field(default_factory=dict)
    measured: dict[str, tuple[list[float], list[float]]] = field(default_factory=dict)
    truths: dict[str, Truth] = field(default_factory=dict)
    waveforms: list[tuple[str, Waveform]] = field(default_factory=list)

    def series(self, station: str, tag: str) -> tuple[Floats, Floats]:
        """A signal of a station's machine."""
        x, y = self.samples[station, tag]
        return np.array(x), np.array(y)

    def during(self, station: str, states: Iterable[str]) -> list[tuple[float, float]]:
        """Begin and end of the stretches in one of these states."""
        known = [*self.states[station], (np.inf, "")]
        return [(begin, end) for (begin, state), (end, _) in pairwise(known) if state in set(states)]


@cache
def run(scenario: str = "", *, hours: int = 9, every_s: int = 2, uncover: bool = False) -> Told:
    """What the cell tells of itself."""
    plant = load_plant(CELL)
    if scenario:
        plant = load_scenario(ROOT / "examples" / "scenarios" / f"{scenario}.yaml", plant)
    return told(plant, hours, every_s, uncover=uncover)


def told(plant: Plant, hours: int, every_s: int, *, uncover: bool = False) -> Told:
    """What a plant tells, sampled so often."""
    sampling = Sampling(sample=every_s, block=10 * every_s, waveforms=True, truth=True)
    simulation = Simulation(plant.model_copy(update={"telemetry": sampling}), seed=1, keep=False)
    found = Told()
    for hour in range(1, hours + 1):
        for node, message in simulation.advance(DEFAULT_START + hour * HOUR):
            _take(found, _called(node), message)
        for node, value in simulation.true_values() if uncover else ():
            x, y = found.true.setdefault((_called(node), value.tag), ([], []))
            x.append(value.time / HOUR)
            y.append(value.true)
    return found


def _called(node: Node) -> str:
    return f"{node.station}" if node.machine is None else f"{node.station}/{node.machine}"


def _take(found: Told, station: str, message: object) -> None:
    if isinstance(message, Telemetry):
        for tag, values in message.v.items():
            x, y = found.samples.setdefault((station, tag), ([], []))
            known = [(t, v) for t, v in zip(message.t, values, strict=True) if isinstance(v, int | float)]
            x += [_h(t) for t, _ in known]
            y += [float(v) for _, v in known]
    elif isinstance(message, StateChange):
        found.states.setdefault(station, []).append((_h(message.ts), message.state))
    elif isinstance(message, PartEvent) and message.event == "finished":
        found.finished.setdefault(station, []).append(_h(message.ts))
    elif isinstance(message, Quality):
        for name, one in message.values.items():
            x, y = found.measured.setdefault(name, ([], []))
            x.append(_h(message.ts))
            y.append(one.v)
    elif isinstance(message, Truth):
        found.truths[message.id] = message
    elif isinstance(message, Waveform):
        found.waveforms.append((station, message))


def _h(ts: int) -> float:
    return (ts - DEFAULT_START) / HOUR


def signal(told: Told, tag: str, kind: Kind = "line", name: str = "") -> Series:
    """All samples of a signal of MILL."""
    x, y = told.samples["MILL", tag]
    return Series(x=x, y=y, kind=kind, name=name)


def by_part(told: Told, station: str, tag: str) -> Series:
    """Mean of a signal over each cycle."""
    x, y = told.series(station, tag)
    ends = np.array(told.finished[station])
    begins = ends - 160 / 3600
    rows = [(e, y[(x >= b) & (x < e)]) for b, e in zip(begins, ends, strict=True)]
    return Series(
        x=[e for e, some in rows if len(some)], y=[float(some.mean()) for _, some in rows if len(some)],
        kind="dots", name="mean of a cycle",
    )  # fmt: skip


def changes(told: Told, station: str) -> list[float]:
    """When its tool was changed."""
    return [_h(one.t_start) for one in told.truths.values() if one.what == "tool-change" and station in one.path]


def level(begin: float, end: float, value: float, name: str = "") -> Series:
    """A limit."""
    return Series(x=[begin, end], y=[value, value], kind="limit", name=name)


def wear() -> Chart:
    """A tool that wears, and is changed."""
    cell = run(hours=9)
    begin, end = 4.0, 9.0
    panels = [
        Panel(title=title, unit=unit, series=(
            signal(cell, tag, "faint", "sample"),
            by_part(cell, "MILL", tag)))
        for title, tag, unit in [("Power", "power", "kW"), ("Vibration", "vibration_rms", "mm/s")]
    ]  # fmt: skip
    x, y = cell.measured["bore"]
    bore = Series(x=x, y=[1e3 * (value - 42) for value in y], kind="dots", name="part")
    limits = (level(begin, end, 15, "limit"), level(begin, end, -15))
    panels.append(Panel(title="Bore, deviation from 42 mm", unit="µm", series=(*limits, bore), ends=(-15, 15)))
    marks = tuple((x, "tool change") for x in changes(cell, "MILL") if begin < x < end)
    return Chart(
        about="Power and vibration of a milling machine rise over the life of its tool, the bore shrinks; "
        "the tool change sets all three back",
        axis="Plant time, h", begin=begin, end=end, step=0.5, panels=tuple(panels), marks=marks,
    )  # fmt: skip


def bearing() -> Chart:
    """A bearing on its way to failure."""
    cell = run(hours=58, every_s=10)
    begin, end = 28.0, 58.0
    truth = next(one for one in cell.truths.values() if one.what == "spindle-bearing")
    onset = _h(truth.t_start)
    failed = next(since for since, state in cell.states["MILL"] if state == "failed")
    panels = []
    hours = np.arange(begin, end, 0.25)
    for title, tag, unit in [
        ("Envelope of the acceleration", "vibration_envelope", "m/s2"), ("Velocity", "vibration_rms", "mm/s"),
        ("Spindle temperature", "spindle_temp", "Cel"),
    ]:  # fmt: skip
        x, y = cell.series("MILL", tag)
        working = _working(cell, x)
        means = [_mean(y[working & (x >= h) & (x < h + 0.25)]) for h in hours]
        mean = Series(x=(hours + 0.125).tolist(), y=means, name="mean in processing, 15 min")
        panels.append(Panel(title=title, unit=symbol(unit), series=(signal(cell, tag, "faint", "sample"), mean)))
    return Chart(
        about="Before the spindle fails, the envelope rises first, then the velocity, last the temperature",
        axis="Plant time, h", begin=begin, end=end, step=2, panels=tuple(panels),
        marks=((onset, "onset (truth)"), (failed, "failure")), grounds=((onset, failed, "wrong"),),
    )  # fmt: skip


def _working(told: Told, x: Floats) -> NDArray[np.bool_]:
    inside = np.zeros(x.shape, dtype=bool)
    for begin, end in told.during("MILL", ["processing"]):
        inside |= (x >= begin) & (x < end)
    return inside


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) > 5 else float("nan")


def warm_up() -> Chart:
    """A cold start, a break, and warm again."""
    cell = run(hours=9)
    begin, end = 0.0, 5.0
    panels = [
        Panel(title=title, unit=symbol(unit), series=(signal(cell, tag),))
        for title, tag, unit in [
            ("Power", "power", "kW"), ("Spindle temperature", "spindle_temp", "Cel"),
            ("Coolant temperature", "coolant_temp", "Cel"),
        ]
    ]  # fmt: skip
    stood = cell.during("MILL", ["pause", "off"])
    rest: list[tuple[float, float, Ground]] = [(a, b, "rest") for a, b in stood if a < end]
    return Chart(
        about="The spindle warms from a cold start, cools in the break and warms again, minutes behind the power",
        axis="Plant time, h", begin=begin, end=end, step=0.5, panels=tuple(panels), grounds=tuple(rest),
    )  # fmt: skip


def sensors() -> Chart:
    """Readings that lie, beside what is true."""
    cell = run("sensors", hours=7, every_s=5, uncover=True)
    begin, end = 2.5, 6.5
    panels = []
    for title, tag, unit in [("Vibration", "vibration_rms", "mm/s"), ("Spindle temperature", "spindle_temp", "Cel")]:
        x, y = cell.true["MILL", tag]
        true = Series(x=x, y=y, kind="faint", name="true")
        panels.append(Panel(title=title, unit=symbol(unit), series=(true, signal(cell, tag, "second", "shown"))))
    stuck, drift = (next(one for one in cell.truths.values() if one.what == what) for what in ("stuck", "drift"))
    told = ((stuck.t_start, "vibration stuck"), (stuck.t_end or 0, "moves again"), (drift.t_start, "drift begins"))
    marks = tuple((_h(time), word) for time, word in told)
    return Chart(
        about="A vibration sensor that holds its value for an hour, and a thermometer that drifts, beside the truth",
        axis="Plant time, h", begin=begin, end=end, step=0.5, panels=tuple(panels), marks=marks,
    )  # fmt: skip


def values(of: Waveform | Axis) -> Floats:
    """The samples of a waveform, or of its axis."""
    words = np.frombuffer(b64decode(of.data), dtype="<i2").astype(np.float64)
    return of.offset + of.scale * words


def envelope_spectrum(wave: Waveform) -> tuple[Floats, Floats]:
    """Frequencies and amplitudes of the envelope around the resonance of the housing, 2 to 4.5 kHz."""
    x = values(wave)
    of = np.fft.fft(x)
    hz = np.fft.fftfreq(len(x), 1 / wave.rate_hz)
    analytic = np.fft.ifft(np.where((hz > 2000) & (hz < 4500), 2 * of, 0))
    envelope = np.abs(analytic)
    amplitude: Floats = 2 * np.abs(np.fft.rfft(envelope - envelope.mean())) / len(x)
    return np.arange(len(amplitude)) * wave.rate_hz / len(x), amplitude


def spectrum() -> Chart:
    """The envelope spectrum of a spindle, healthy and damaged."""
    cell = run(hours=58, every_s=10)
    waves = [one for station, one in cell.waveforms if station == "MILL"]
    healthy = next(one for one in waves if _h(one.ts) > 20)
    damaged = [one for one in waves if _h(one.ts) < 46][-1]
    outer = TURNS_HZ * float(FUNCTIONS["bpfo"](9, 7.94, 39.04))
    most = float(envelope_spectrum(damaged)[1].max())
    panels = []
    for title, one in [("Healthy", healthy), ("Outer race damaged, six hours before the failure", damaged)]:
        hz, amplitude = envelope_spectrum(one)
        series = Series(x=hz.tolist(), y=amplitude.tolist())
        panels.append(Panel(title=f"{title} ({_h(one.ts):.1f} h)", unit="m/s²", series=(series,), ends=(0, most)))
    marks = tuple((k * outer, f"{k} × BPFO" if k > 1 else "BPFO") for k in (1, 2, 3, 4))
    return Chart(
        about="Envelope spectra of a spindle: with a damaged outer race, lines at multiples of its frequency stand out",
        axis="Frequency of the envelope, Hz", begin=0, end=400, step=50, panels=tuple(panels), marks=marks,
    )  # fmt: skip


def tightening() -> Chart:
    """Torque over angle, good and cross-threaded."""
    cell = run("screws", hours=5, every_s=5)
    waves = [one for _, one in cell.waveforms if one.signal == "tightening"]
    good = next(one for one in waves if _h(one.ts) > 1)
    wrong = next(one for one in waves if 3.2 < _h(one.ts) < 5)
    kinds: list[tuple[Waveform, Kind, str]] = [(good, "line", "good"), (wrong, "second", "cross-threaded")]
    series = tuple(
        Series(x=values(one.axis).tolist(), y=values(one).tolist(), kind=kind, name=name)
        for one, kind, name in kinds
        if one.axis is not None
    )
    most = max(float(max(one.x)) for one in series)
    end = 100 * np.ceil(most / 100)
    return Chart(
        about="Torque over angle of a screw: the cross-threaded one reaches its torque at a small angle",
        axis="Angle, °", begin=0, end=float(end), step=100,
        panels=(Panel(title="Tightening at SCREW", unit="N·m", series=series),),
    )  # fmt: skip


def own() -> Chart:
    """The stand of the guide: one of two has a worn seal."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "pumps.yaml"
        text = GUIDE.read_text(encoding="utf-8").split("```yaml pumps.yaml\n")[1]
        file.write_text(text.partition("```")[0], encoding="utf-8")
        stands = told(load_plant(file), 6, 5)
    hours = np.arange(36) / 6  # of ten minutes: six cycles
    panels = []
    stand: list[tuple[str, Kind]] = [("STAND/2", "line"), ("STAND/1", "second")]
    for title, tag, unit in [("Flow", "flow", "L/min"), ("Oil temperature", "oil_temp", "Cel")]:
        series = []
        for name, kind in stand:
            x, y = stands.series(name, tag)
            means = [_mean(y[(x >= h) & (x < h + 1 / 6)]) for h in hours]
            series.append(Series(x=(hours + 1 / 12).tolist(), y=means, kind=kind, name=name))
        panels.append(Panel(title=f"{title}, mean of 10 min", unit=symbol(unit), series=tuple(series)))
    return Chart(
        about="Flow of a worn pump stand falls while its oil gets warmer; its neighbour stays as it was",
        axis="Plant time, h", begin=0, end=6, step=1, panels=tuple(panels),
        marks=((2.0, "seal begins to wear"), (5.0, "at its worst")),
    )  # fmt: skip


PICTURES: dict[str, Callable[[], Chart]] = {
    "wear": wear, "bearing": bearing, "warm-up": warm_up, "sensors": sensors, "spectrum": spectrum,
    "tightening": tightening, "own": own,
}  # fmt: skip

if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in PICTURES.items():
        (FOLDER / f"{name}.svg").write_text(draw(make()), encoding="utf-8", newline="\n")
