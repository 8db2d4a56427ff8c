"""What a station makes of a part: measured, good, scrap or to be worked on again (rule 27)."""

from typing import TYPE_CHECKING

from plant.description import Station as Described
from plant.distributions import standard_normal
from plant.draws import Stream
from plant.messages import Measured
from plant.quality import Characteristic
from simulators.part import Part
from simulators.streams import Shares, Streams

if TYPE_CHECKING:
    from simulators.machine import Machine
    from simulators.station import Station

QUALITY = "quality"
INSPECTION = "inspection"


class Gauge:
    """Measures one characteristic of each part."""

    __slots__ = ("_drift", "_of", "_stream")

    def __init__(self, of: Characteristic, stream: Stream) -> None:
        self._of = of
        self._stream = stream
        self._drift = 0.0 if of.drift is None else of.drift.value

    def __call__(self, k: int, wear: float, shift: float = 0.0, spread: float = 1.0) -> Measured:
        """The measure of part k with its limits.

        Args:
            k: number of the operation.
            wear: share of its life that the tool has used up.
            shift: of the mean by faults, in sigma.
            spread: factor on sigma by faults.
        """
        of = self._of
        deviate = standard_normal(lambda j: self._stream.uniform(k, j), 0)
        value = round(of.nominal.value + self._drift * wear + of.sigma.value * (shift + spread * deviate), 9)
        lower = None if of.lower is None else of.lower.value
        upper = None if of.upper is None else of.upper.value
        ok = (lower is None or value >= lower) and (upper is None or value <= upper)
        return Measured(v=value, unit=of.nominal.unit, lsl=lower, usl=upper, ok=ok)


class Verdict:
    """Judges parts after work at a station; the number of the operation is the draw of every stream here."""

    __slots__ = (
        "_defect", "_detect", "_gauges", "_inspect", "_quality", "_rules", "_station", "_the_inspection",
    )  # fmt: skip

    def __init__(self, station: "Station", described: Described, streams: Streams, path: str) -> None:
        rules = described.quality
        self._station = station
        self._rules = rules
        self._the_inspection = described.inspection
        drawn = rules.scrap or rules.rework
        self._quality: Shares | None = streams.shares(path, "quality") if drawn else None
        self._defect = streams.shares(path, "defect") if rules.defects else None
        self._inspect = streams.shares(path, "inspect")
        self._detect = streams.shares(path, "detect")
        self._gauges = {of.name: Gauge(of, streams.stream(path, f"measure.{of.name}")) for of in rules.characteristics}

    def __call__(self, machine: "Machine", part: Part) -> None:
        """Judge a part: its `scrap` and, if it goes back, its `target` are set; what is found is told."""
        k = part.operation
        report = self._station.report
        if self._gauges:
            wear = 0.0 if machine.tool is None else machine.tool.wear
            shift, spread = (0.0, 1.0)
            if machine.health is not None:
                shift, spread = machine.health.effect(machine.env.time)
            found = {name: gauge(k, wear, shift, spread) for name, gauge in self._gauges.items()}
            part.defective |= not all(measured.ok for measured in found.values())
            if report is not None:
                report.measured(machine, part, found)
        if self._defect is not None and self._defect(k) < self._rules.defects:
            part.defective = True
        back, cause = self._judge(part, k)
        if part.scrap:
            if report is not None:
                report.scrapped(machine, part)
        elif back is not None:
            part.target = back
            part.goes_back = True
            part.defective = False
            if report is not None:
                report.reworked(machine, part, back, cause)

    def _judge(self, part: Part, k: int) -> "tuple[Station | None, str]":
        """The station that a part goes back to, and why."""
        rules, inspection = self._rules, self._the_inspection
        if self._quality is not None:
            share = self._quality(k)
            if share < rules.scrap:
                part.scrap = QUALITY
                return None, QUALITY
            if rules.rework is not None and share < rules.scrap + rules.rework.share:
                return self._back(part, rules.rework.to, rules.rework.limit, QUALITY), QUALITY
        if inspection is not None and self._looks(k) and self._finds(part, k):
            if inspection.to is None:
                part.scrap = INSPECTION
                return None, INSPECTION
            return self._back(part, inspection.to, inspection.limit, INSPECTION), INSPECTION
        return None, ""

    def _looks(self, k: int) -> bool:
        of = self._the_inspection
        if of is None or (k + 1) % of.every:
            return False
        return of.sample >= 1 or self._inspect(k) < of.sample

    def _finds(self, part: Part, k: int) -> bool:
        of = self._the_inspection
        if of is None:
            return False
        chance = of.detects if part.defective else of.false_alarm
        return chance > 0 and self._detect(k) < chance

    def _back(self, part: Part, to: str, limit: int | None, cause: str) -> "Station | None":
        """The station to go back to; none, and scrap, if the part has come back too often."""
        name = self._station.name
        if part.reworks is None:
            part.reworks = {}
        before = part.reworks.get(name, 0)
        if limit is not None and before >= limit:
            part.scrap = cause
            return None
        part.reworks[name] = before + 1
        return self._station.line.by_name[to]


def judges(described: Described) -> bool:
    """Whether a station judges its parts at all."""
    rules = described.quality
    return bool(rules.scrap or rules.rework or rules.defects or rules.characteristics or described.inspection)
