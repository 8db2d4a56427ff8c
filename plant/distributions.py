"""Random durations as a plant file writes them: one table, a row per distribution.

A distribution is data: its kind, its parameters, and the text it was written as. ``sample`` turns the uniform numbers
of one draw into microseconds; it uses ``math`` only, one function for every engine, and rounds once, half to even.
"""

import csv
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from plant.draws import Stream
from plant.errors import EntryError, did_you_mean, shown
from plant.time import DURATION_PATTERN, SECOND, format_duration, parse_duration

Uniform = Callable[[int], float]
"""The j-th uniform number of one draw, strictly between 0 and 1."""

Parameters = tuple[float, ...]
"""Times in microseconds, shapes as plain numbers, in the order of the table."""

BLOCK = 256  # draws prepared at once by `Draws`
MOST_CV = 100  # beyond, draws leave what a float can hold


def standard_normal(u: Uniform, j: int) -> float:
    """A standard normal number from sub-counters j and j + 1 (Box and Muller 1958)."""
    return math.sqrt(-2.0 * math.log(u(j))) * math.cos(2.0 * math.pi * u(j + 1))


def _truncated_normal(p: Parameters, u: Uniform) -> float:
    mean, sigma = p
    j = 0
    while (value := mean + sigma * standard_normal(u, j)) < 0.0:  # redrawn while negative
        j += 2
    return value


def _lognormal(p: Parameters, u: Uniform) -> float:
    mean, cv = p
    variance = math.log(1.0 + cv * cv)
    return mean * math.exp(math.sqrt(variance) * standard_normal(u, 0) - variance / 2.0)


def _erlang(p: Parameters, u: Uniform) -> float:
    k, mean = p
    total = 0.0
    for j in range(int(k)):  # not sum(): its rounding differs between versions of Python
        total += math.log(u(j))
    return -mean / k * total


def _gamma(p: Parameters, u: Uniform) -> float:
    """Marsaglia and Tsang (2000); below shape 1 by the power of one more uniform number."""
    mean, cv = p
    shape = 1.0 / (cv * cv)
    boosted = shape + 1.0 if shape < 1.0 else shape
    d = boosted - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    j = 1
    while True:
        x = standard_normal(u, j)
        v = (1.0 + c * x) ** 3
        if v > 0.0 and math.log(u(j + 2)) < 0.5 * x * x + d - d * v + d * math.log(v):
            break
        j += 3
    value = d * v * (u(0) ** (1.0 / shape) if shape < 1.0 else 1.0)
    return mean / shape * value


def _triangular(p: Parameters, u: Uniform) -> float:
    low, mode, high = p
    share = u(0)
    if share * (high - low) < mode - low:
        return low + math.sqrt(share * (high - low) * (mode - low))
    return high - math.sqrt((1.0 - share) * (high - low) * (high - mode))


def _geometric(p: Parameters, u: Uniform) -> float:
    (success,) = p
    if success >= 1.0:
        return float(SECOND)
    return float(SECOND * (1 + math.floor(math.log(u(0)) / math.log1p(-success))))


def _cv(p: Parameters) -> str:
    return "" if p[1] <= MOST_CV else f"cv must be at most {MOST_CV}"


def _normal_mean(p: Parameters) -> float:
    """Mean of a normal number given that it is not negative."""
    mean, sigma = p
    if sigma == 0.0:
        return mean
    z = mean / sigma
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return mean + sigma * density / (0.5 * math.erfc(-z / math.sqrt(2.0)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A row of the table.

    Args:
        signature: how people write it.
        arguments: name and type (``time``, ``number``, ``count``) of each parameter, in order.
        sample: parameters and uniform numbers to microseconds, not yet rounded.
        mean: parameters to the mean in microseconds.
        check: parameters to a complaint, or nothing.
    """

    signature: str
    arguments: tuple[tuple[str, str], ...]
    sample: Callable[[Parameters, Uniform], float]
    mean: Callable[[Parameters], float]
    check: Callable[[Parameters], str] = lambda _: ""


KINDS: dict[str, Kind] = {
    "constant": Kind(
        signature="90 s",
        arguments=(("value", "time"),),
        sample=lambda p, _: p[0],
        mean=lambda p: p[0],
    ),
    "exponential": Kind(
        signature="exponential(60 s)",
        arguments=(("mean", "time"),),
        sample=lambda p, u: -p[0] * math.log(u(0)),
        mean=lambda p: p[0],
    ),
    "normal": Kind(
        signature="normal(92 s, 4 s)",
        arguments=(("mean", "time"), ("sigma", "time")),
        sample=_truncated_normal,
        mean=_normal_mean,
    ),
    "lognormal": Kind(
        signature="lognormal(92 s, cv=0.1)",
        arguments=(("mean", "time"), ("cv", "number")),
        sample=_lognormal,
        mean=lambda p: p[0],
        check=_cv,
    ),
    "erlang": Kind(
        signature="erlang(3, 60 s)",
        arguments=(("k", "count"), ("mean", "time")),
        sample=_erlang,
        mean=lambda p: p[1],
        check=lambda p: "" if 1 <= p[0] <= 1000 else "k must be between 1 and 1000",
    ),
    "gamma": Kind(
        signature="gamma(60 s, cv=0.5)",
        arguments=(("mean", "time"), ("cv", "number")),
        sample=_gamma,
        mean=lambda p: p[0],
        check=lambda p: _cv(p) if p[1] >= 0.01 else "cv must be at least 0.01; below, take normal",
    ),
    "weibull": Kind(
        signature="weibull(1.5, 40 h)",
        arguments=(("shape", "number"), ("scale", "time")),
        sample=lambda p, u: p[1] * (-math.log(u(0))) ** (1.0 / p[0]),
        mean=lambda p: p[1] * math.gamma(1.0 + 1.0 / p[0]),
        check=lambda p: "" if p[0] >= 0.05 else "shape must be at least 0.05",
    ),
    "triangular": Kind(
        signature="triangular(3 s, 5 s, 8 s)",
        arguments=(("min", "time"), ("mode", "time"), ("max", "time")),
        sample=_triangular,
        mean=lambda p: (p[0] + p[1] + p[2]) / 3.0,
        check=lambda p: "" if p[0] <= p[1] <= p[2] else "min, mode and max must rise in this order",
    ),
    "uniform": Kind(
        signature="uniform(2 s, 4 s)",
        arguments=(("min", "time"), ("max", "time")),
        sample=lambda p, u: p[0] + (p[1] - p[0]) * u(0),
        mean=lambda p: (p[0] + p[1]) / 2.0,
        check=lambda p: "" if p[0] <= p[1] else "min must not be above max",
    ),
    "geometric": Kind(
        signature="geometric(0.1)",
        arguments=(("p", "number"),),
        sample=_geometric,
        mean=lambda p: SECOND / p[0],
        check=lambda p: "" if 1e-9 <= p[0] <= 1 else "p must be between 0.000000001 and 1",
    ),
    "empirical": Kind(
        signature="empirical(times.csv, seconds)",
        arguments=(("file", "file"), ("column", "text")),
        sample=lambda p, u: p[int(u(0) * len(p))],
        mean=lambda p: math.fsum(p) / len(p),
        check=lambda p: "" if p else "the column holds no values",
    ),
}

DISTRIBUTIONS_ALLOWED = "a duration or a distribution: " + ", ".join(kind.signature for kind in KINDS.values())
_NAMES = "|".join(name for name in KINDS if name != "constant")
DISTRIBUTION_PATTERN = rf"{DURATION_PATTERN}|^\s*({_NAMES})\s*\(.*\)\s*$"  # for schemas


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """A random duration: kind and parameters, and the text it was written as."""

    kind: str
    parameters: Parameters
    text: str = field(compare=False)

    @property
    def mean(self) -> float:
        """Overall mean in microseconds."""
        return KINDS[self.kind].mean(self.parameters)

    @property
    def constant(self) -> bool:
        """Whether every draw is the same."""
        return self.kind == "constant"

    def draw(self, stream: Stream, k: int) -> int:
        """Draw k of the stream in microseconds."""
        return round(KINDS[self.kind].sample(self.parameters, lambda j: stream.uniform(k, j)))

    def scaled(self, factor: float) -> "Distribution":
        """The same shape with another mean: every time in it is that many times as long.

        Draws are scaled with it, one by one, but those of ``geometric``, which are whole seconds.
        """
        if self.kind == "geometric":
            parameters: Parameters = (min(1.0, self.parameters[0] / factor),)
        elif self.kind == "empirical":
            parameters = tuple(value * factor for value in self.parameters)
        else:
            kinds = (what for _, what in KINDS[self.kind].arguments)
            scaled = (p * factor if of == "time" else p for p, of in zip(self.parameters, kinds, strict=True))
            parameters = tuple(round(p) if self.constant else p for p in scaled)
        return Distribution(kind=self.kind, parameters=parameters, text=f"{factor:g} times {self.text}")

    @property
    def canonical(self) -> str:
        """The same for all ways to write it; of an empirical one it names every value, so that it can be hashed."""
        return f"{self.kind}({', '.join(map(repr, self.parameters))})"

    def __str__(self) -> str:
        """As people wrote it."""
        return self.text


class Draws:
    """Draws of one distribution from one stream, prepared in blocks because engines take them in order.

    ``draws(k)`` equals ``distribution.draw(stream, k)`` for every k.
    """

    __slots__ = ("_block", "_distribution", "_first", "_stream")

    def __init__(self, distribution: Distribution, stream: Stream) -> None:
        self._distribution = distribution
        self._stream = stream
        self._first = 0
        self._block: list[int] = []

    def __call__(self, k: int) -> int:
        """Draw k in microseconds."""
        offset = k - self._first
        if 0 <= offset < len(self._block):
            return self._block[offset]
        self._first = k
        self._block = self._prepare(k)
        return self._block[0]

    def _prepare(self, k: int) -> list[int]:
        distribution, stream = self._distribution, self._stream
        sample, parameters = KINDS[distribution.kind].sample, distribution.parameters
        if distribution.constant:
            return [round(parameters[0])] * BLOCK
        head = 0.0  # the uniform number j = 0 of draw k, which is all that most kinds need

        def uniform(j: int) -> float:
            return stream.uniform(k, j) if j else head

        block = []
        for head in stream.uniforms(range(k, k + BLOCK)).tolist():  # noqa: B007 `uniform` reads it
            block.append(round(sample(parameters, uniform)))
            k += 1
        return block


def constant(micros: int) -> Distribution:
    """The distribution that always gives the same duration."""
    return Distribution(kind="constant", parameters=(float(micros),), text=format_duration(micros))


def exponential(micros: float) -> Distribution:
    """The exponential distribution with this mean in microseconds."""
    return Distribution(
        kind="exponential", parameters=(micros,), text=f"exponential({format_duration(round(micros))})"
    )


_CALL = re.compile(r"\s*([A-Za-z_]\w*)\s*\((.*)\)\s*", re.DOTALL)


def parse_distribution(value: object, folder: Path | None = None) -> Distribution:
    """Read a distribution as a plant file writes it.

    Args:
        value: a duration, or a text such as ``normal(92 s, 4 s)``.
        folder: where the files of ``empirical(…)`` are looked for; default the current folder.

    Raises:
        EntryError: what was found and what is allowed; a ValueError too.
    """
    match = _CALL.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return _constant(value)
    name, text = match[1], match[2]
    if name not in KINDS or name == "constant":
        hint = "a bare duration is constant" if name == "constant" else did_you_mean(name, KINDS)
        raise EntryError(f"there is no distribution {name!r}", DISTRIBUTIONS_ALLOWED, hint)
    kind = KINDS[name]
    arguments = _arguments(name, kind, text)
    if name == "empirical":
        parameters = _column((folder or Path()) / str(arguments[0]), str(arguments[1]))
    else:
        parameters = tuple(float(argument) for argument in arguments)
    if complaint := kind.check(parameters):
        raise EntryError(f"{shown(value)}: {complaint}", kind.signature)
    return Distribution(kind=name, parameters=parameters, text=str(value).strip())


def _constant(value: object) -> Distribution:
    try:
        return constant(parse_duration(value))
    except EntryError as wrong:
        if "is not a duration" not in wrong.found:
            raise
        hint = wrong.hint
        if isinstance(value, str) and value.count("(") > value.count(")"):
            hint = 'cut off? Inside {…} and […] a distribution with a comma stands in quotes: "erlang(2, 1 s)"'
        elif isinstance(value, str) and value.strip() in KINDS:
            hint = f"it needs parameters: {KINDS[value.strip()].signature}"
        raise EntryError(f"{shown(value)} is no time", DISTRIBUTIONS_ALLOWED, hint) from None


def _arguments(name: str, kind: Kind, text: str) -> list[float | str]:
    given: dict[str, str] = {}
    names = [argument for argument, _ in kind.arguments]
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    for position, part in enumerate(parts):
        key, equals, word = part.partition("=")
        key, word = (key.strip(), word.strip()) if equals else (names[position] if position < len(names) else "", part)
        if key not in names or key in given:
            raise EntryError(f"{shown(part)} in {name}(…) is too much", kind.signature)
        given[key] = word
    if missing := [argument for argument in names if argument not in given]:
        raise EntryError(f"{shown(f'{name}({text})')} lacks {', '.join(missing)}", kind.signature)
    return [_argument(given[argument], what, argument, kind) for argument, what in kind.arguments]


def _argument(word: str, what: str, argument: str, kind: Kind) -> float | str:
    if what in {"file", "text"}:
        return word.strip("'\"")
    try:
        if what == "time":
            return float(parse_duration(word))
        number = float(int(word)) if what == "count" else float(word)
    except ValueError:
        wanted = {"time": "a duration", "count": "a whole number", "number": "a number"}[what]
        raise EntryError(f"{argument} = {shown(word)} is not {wanted}", kind.signature) from None
    if not math.isfinite(number) or number < 0:
        raise EntryError(f"{argument} = {shown(word)} is negative or not finite", kind.signature)
    return number


def _column(file: Path, column: str) -> Parameters:
    """Values of one column of a CSV file with a header, in seconds or as durations, to microseconds."""
    allowed = "a CSV file beside the plant file with a header and the column named, e.g. empirical(times.csv, seconds)"
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            rows = csv.DictReader(lines)
            names = rows.fieldnames or ()
            if column not in names:
                has = f"it has {', '.join(names)}" if names else "it is empty"
                raise EntryError(f"{file.name} has no column {column!r}; {has}", allowed, did_you_mean(column, names))
            return tuple(_cell(file, rows.line_num, row[column]) for row in rows if row[column])
    except OSError as error:
        raise EntryError(f"{file.name} cannot be read: {error.strerror}", allowed) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise EntryError(f"{file.name} is not a CSV file in UTF-8", allowed) from error


def _cell(file: Path, line: int, text: str) -> float:
    try:
        return float(parse_duration(text))
    except EntryError as wrong:
        raise EntryError(f"line {line} of {file.name}: {wrong.found}", wrong.allowed) from None
