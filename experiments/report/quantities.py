"""Numbers as people read them: no more digits than the interval supports, units of a handy size."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import floor, isfinite, log10
from statistics import median

from experiments.study import Configuration, Difference, Study

NOTHING = "–"

HANDY: Mapping[str, tuple[tuple[str, float], ...]] = {
    "1/s": (("/s", 1.0), ("/min", 60.0), ("/h", 3600.0)),
    "1/h": (("/h", 1.0),),
    "s": (("h", 1 / 3600), ("min", 1 / 60), ("s", 1.0)),
}
"""Units that a value may be shown in: the first in which it is 1 or more, else the last."""
HANDY_NAMES: Mapping[str, str] = {"/s": "1/s", "parts/s": "1/s", "/h": "1/h", "parts/h": "1/h"}
COUNTS = frozenset({"wip", "queue", "parts"})
"""Words of responses without a unit that are no shares."""
SUFFIXES = ("_per_s", "_per_h", "_kwh", "_kw", "_s", "_h")
"""Units at the end of names: people read them beside the number."""
ABBREVIATED = frozenset({"oee", "wip", "mtbf", "mttr"})

_STATISTIC = re.compile(r"mean|median|min|max|sd|p\d+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantity:
    """How one response is shown.

    Args:
        name: of the response.
        title: what people call it.
        unit: it is shown in; empty for a plain number.
        factor: from the unit of the study to that.
        digits: behind the decimal point, negative for tens and hundreds.
        base: mean of the baseline, in the unit of the study; none if there is nothing to divide by.
        base_digits: behind the decimal point of a difference in per cent of it.
    """

    name: str
    title: str
    unit: str
    factor: float
    digits: int
    base: float | None = None
    base_digits: int = 1

    def number(self, value: float | None, *, signed: bool = False) -> str:
        """A value without its unit."""
        return NOTHING if value is None else _written(value * self.factor, self.digits, signed=signed)

    def pair(self, mean: float | None, half_width: float | None, *, signed: bool = False) -> str:
        """A mean and the half width of its interval, without the unit."""
        if mean is None:
            return NOTHING
        if half_width is None:
            return self.number(mean, signed=signed)
        half = half_width * self.factor
        digits = self.digits if round(half, self.digits) > 0 or half <= 0 else digits_of(half)
        return f"{_written(mean * self.factor, digits, signed=signed)} ± {_written(half, digits)}"

    def difference(self, of: Difference, *, signed: bool = True, points: bool = True) -> str:
        """A difference with its half width: in per cent of the baseline, or in points if the value is in per cent.

        Where a heading says that these are points, the number alone is enough.
        """
        half = of.half_width
        if self.unit != "%" and self.base:
            mean, half, unit = 100 * of.mean / abs(self.base), half and 100 * half / abs(self.base), "%"
            digits = self.base_digits
        else:
            mean, half, unit = of.mean * self.factor, half and half * self.factor, self.difference_unit
            digits = self.digits
        if half and round(half, digits) == 0:
            digits = digits_of(half)
        text = _written(mean, digits, signed=signed)
        text = text if half is None else f"{text} ± {_written(half, digits)}"
        return text if unit == "points" and not points else f"{text} {unit}".rstrip()

    @property
    def difference_unit(self) -> str:
        """Unit of differences: those of percentages are points."""
        return "points" if self.unit == "%" else self.unit

    @property
    def heading(self) -> str:
        """Title and unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def with_unit(self, text: str) -> str:
        """A number with its unit behind it."""
        return f"{text} {self.unit}" if self.unit else text


def quantity(study: Study, name: str) -> Quantity:
    """How a response of a study is shown."""
    answers = [of.answers[name] for of in study.configurations if name in of.answers]
    means = [abs(answer.mean) for answer in answers if answer.mean is not None]
    halves = [answer.half_width for answer in answers if answer.half_width]
    unit, factor = _handy(name, study.units.get(name, ""), median(means) if means else 0.0)
    if halves:
        digits = digits_of(median(halves) * factor)
    else:
        digits = 2 - floor(log10(median(means) * factor)) if means and median(means) > 0 else 2
    base = study.baseline.answers[name].mean if study.baseline and name in study.baseline.answers else None
    apart = [of.difference.half_width for of in answers if of.difference and of.difference.half_width]
    return Quantity(
        name=name,
        title=title_of(name),
        unit=unit,
        factor=factor,
        digits=min(max(digits, -6), 9),
        base=base or None,
        base_digits=min(max(digits_of(100 * median(apart) / abs(base)), 0), 3) if apart and base else 1,
    )


def title_of(name: str) -> str:
    """What people call a response.

    >>> title_of("throughput_per_s"), title_of("lead_time_s.mean"), title_of("main.oee")
    ('throughput', 'mean lead time', 'main OEE')
    """
    words = []
    for word in name.split("."):
        suffix = next((end for end in SUFFIXES if word.endswith(end)), "")
        words.append(word.removesuffix(suffix).replace("_", " ").strip() or word)
    if len(words) > 1 and _STATISTIC.fullmatch(words[-1]):
        words = [*words[:-2], words[-1], words[-2]]
    return " ".join(word.upper() if word in ABBREVIATED else word for word in words)


def digits_of(half_width: float) -> int:
    """Decimals that an uncertainty supports: two digits of it up to 3.54, else one.

    The rule of the Particle Data Group (Review of Particle Physics, introduction, 5.3).

    >>> digits_of(0.827), digits_of(0.119), digits_of(0.367), digits_of(240)
    (1, 2, 1, -1)
    """
    if half_width <= 0 or not isfinite(half_width):
        return 2
    power = floor(log10(half_width))
    leading = half_width / 10.0**power
    return 1 - power if leading < 3.55 else -power


def share(value: float) -> str:
    """12.3 %."""
    return f"{100 * value:.1f} %"


def listed(names: Iterable[str], most: int = 5) -> str:
    """Names in a sentence: ``c5, c9 and c11``, or the first ones ``and 12 more``.

    >>> listed(["a", "b", "c"]), listed("abcdefgh", most=2)
    ('a, b and c', 'a, b and 6 more')
    """
    known = list(names)
    shown = known[:most] if len(known) > most + 1 else known
    if len(shown) < len(known):
        shown.append(f"{len(known) - len(shown)} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def compact(study: Study) -> bool:
    """Whether values alone say what a configuration sets: there are few factors."""
    return 0 < len(study.factors) <= 4 and all(set(of.settings) <= set(study.factors) for of in study.configurations)


def values(of: Configuration, factors: tuple[str, ...]) -> list[str]:
    """What a configuration sets each factor to; a dash where it leaves it as it stands."""
    return [_setting(of.settings[path]) if path in of.settings else NOTHING for path in factors]


def settings(of: Configuration, factors: tuple[str, ...]) -> list[tuple[str, str]]:
    """What a configuration sets: short path and value, in the order of the factors."""
    short = short_paths(tuple(dict.fromkeys((*factors, *of.settings))))
    return [(short[path], _setting(of.settings[path])) for path in short if path in of.settings]


def short_paths(paths: tuple[str, ...]) -> dict[str, str]:
    """Paths without what they have in common, and without words that say nothing.

    >>> short_paths(("lines.a.stations.OP1.buffer", "lines.a.stations.OP2.machines"))
    {'lines.a.stations.OP1.buffer': 'OP1.buffer', 'lines.a.stations.OP2.machines': 'OP2.machines'}
    """
    split = [path.split(".") for path in paths]
    common = 0
    while all(len(words) > common + 2 for words in split) and len({words[common] for words in split}) == 1:
        common += 1
    return {path: ".".join(words[common:]) for path, words in zip(paths, split, strict=True)}


def _setting(value: str | float | bool | None) -> str:  # noqa: FBT001 it is data
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _handy(name: str, unit: str, size: float) -> tuple[str, float]:
    if unit in {"", "1"}:
        return ("", 1.0) if COUNTS & set(name.replace(".", "_").split("_")) else ("%", 100.0)
    for shown, factor in (known := HANDY.get(HANDY_NAMES.get(unit, unit), ((unit, 1.0),))):
        if size * factor >= 1:
            return shown, factor
    return known[-1]


def _written(value: float, digits: int, *, signed: bool = False) -> str:
    rounded = round(value, digits) + 0.0
    text = f"{abs(rounded):,.{max(digits, 0)}f}".replace(",", "\u202f")
    sign = "−" if rounded < 0 else "+" if signed and rounded > 0 else ""
    return f"{sign}{text}"
