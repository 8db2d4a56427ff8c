"""What a station of the kernel makes of a part: good, scrap or to be worked on again; see `simulators.verdict`."""

from typing import TYPE_CHECKING

from simulators.compiled.draws import normal, uniform
from simulators.compiler.language import Record, Row, new_row

if TYPE_CHECKING:
    from simulators.compiled.draws import Draw
    from simulators.compiled.machine import Machine
    from simulators.compiled.part import Part
    from simulators.compiled.station import Station


class Gauge(Record):
    """Measures one characteristic of each part; only whether it is inside its limits matters here.

    Attributes:
        least, most: the smallest and the largest measure that is inside once it is rounded.
    """

    stream: "Draw"
    nominal: float = 0.0
    drift: float = 0.0
    sigma: float = 0.0
    least: float = 0.0
    most: float = 0.0

    def inside(self, k: int, wear: float) -> bool:
        """Whether part k is inside its limits."""
        value = self.nominal + self.drift * wear + self.sigma * (0.0 + 1.0 * normal(self.stream, k))
        return value >= self.least and value <= self.most


class Verdict(Record):
    """How a station judges parts; the number of the operation is the draw of every stream here."""

    station: "Station"
    quality: "Draw | None" = None
    scrap: float = 0.0
    reworks: bool = False
    rework: float = 0.0  # scrap and rework together
    rework_to: "Station | None" = None
    rework_limit: int = -1
    defect: "Draw | None" = None
    defects: float = 0.0
    gauges: Row[Gauge]
    inspects: bool = False
    every: int = 1
    sample: float = 1.0
    inspect: "Draw | None" = None
    detects: float = 1.0
    false_alarm: float = 0.0
    detect: "Draw | None" = None
    back: "Station | None" = None
    back_limit: int = -1


def judge(verdict: Verdict, machine: "Machine", part: "Part") -> None:
    """Judge a part: its `scrap` and, if it goes back, its `target` are set."""
    k = part.operation
    if len(verdict.gauges) > 0:
        wear = 0.0
        tool = machine.tool
        if tool is not None:
            wear = 1.0 - tool.left / tool.every
        for gauge in verdict.gauges:
            if not gauge.inside(k, wear):
                part.defective = True
    if verdict.defect is not None and uniform(verdict.defect, k) < verdict.defects:
        part.defective = True
    back = _judged(verdict, part, k)
    if not part.scrap and back is not None:
        part.target = back
        part.goes_back = True
        part.defective = False


def _judged(verdict: Verdict, part: "Part", k: int) -> "Station | None":
    """The station that a part goes back to; it may be scrap instead."""
    if verdict.quality is not None:
        share = uniform(verdict.quality, k)
        if share < verdict.scrap:
            part.scrap = True
            return None
        if verdict.reworks and share < verdict.rework:
            return _sent_back(verdict, part, verdict.rework_to, verdict.rework_limit)
    if verdict.inspects and _looks(verdict, k) and _finds(verdict, part, k):
        if verdict.back is None:
            part.scrap = True
            return None
        return _sent_back(verdict, part, verdict.back, verdict.back_limit)
    return None


def _looks(verdict: Verdict, k: int) -> bool:
    if (k + 1) % verdict.every != 0:
        return False
    inspect = verdict.inspect
    return verdict.sample >= 1.0 or (inspect is not None and uniform(inspect, k) < verdict.sample)


def _finds(verdict: Verdict, part: "Part", k: int) -> bool:
    chance = verdict.detects if part.defective else verdict.false_alarm
    detect = verdict.detect
    return chance > 0.0 and detect is not None and uniform(detect, k) < chance


def _sent_back(verdict: Verdict, part: "Part", to: "Station | None", limit: int) -> "Station | None":
    """The station to go back to; none, and scrap, if the part has come back too often."""
    station = verdict.station
    reworks = part.reworks
    if reworks is None:
        reworks = new_row(len(station.line.stations), 0)
        part.reworks = reworks
    before = reworks[station.place]
    if limit >= 0 and before >= limit:
        part.scrap = True
        return None
    reworks[station.place] = before + 1
    return to
