"""Draws by counter in the kernel: the same numbers as `plant.draws` and `plant.distributions`, to the last bit."""

import math

from plant.distributions import Distribution
from plant.draws import GOLDEN, TO_UNIT, key
from plant.time import SECOND
from simulators.compiler.language import Record, Row, shift_right, wrap_add, wrap_mul

CONSTANT, EXPONENTIAL, NORMAL, LOGNORMAL, ERLANG, GAMMA = range(6)
WEIBULL, TRIANGULAR, UNIFORM, GEOMETRIC, EMPIRICAL = range(6, 11)

KINDS = {
    "constant": CONSTANT, "exponential": EXPONENTIAL, "normal": NORMAL, "lognormal": LOGNORMAL, "erlang": ERLANG,
    "gamma": GAMMA, "weibull": WEIBULL, "triangular": TRIANGULAR, "uniform": UNIFORM, "geometric": GEOMETRIC,
    "empirical": EMPIRICAL,
}  # fmt: skip

FIRST, SECOND_FACTOR = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB  # of SplitMix64's finaliser


class Draw(Record):
    """A stream with what is drawn from it.

    Attributes:
        key0, key1: the key of the stream.
        kind: of the distribution; `always` the constant in µs.
        a, b, c: its parameters, or what follows from them, each computed as `plant.distributions` does at every draw.
        values: of an empirical one.
    """

    key0: int = 0
    key1: int = 0
    kind: int = CONSTANT
    always: int = 0
    a: float = 0.0
    b: float = 0.0
    c: float = 0.0
    values: Row[float]


def made(distribution: Distribution) -> Draw:
    """What is drawn from a distribution, from a stream without a key yet."""
    drawn = Draw()
    drawn.kind = KINDS[distribution.kind]
    p = distribution.parameters
    drawn.values = list(p) if drawn.kind == EMPIRICAL else []
    drawn.a, drawn.b, drawn.c = (*p, 0.0, 0.0, 0.0)[:3] if drawn.kind != EMPIRICAL else (0.0, 0.0, 0.0)
    if drawn.kind == CONSTANT:
        drawn.always = round(p[0])
    elif drawn.kind == LOGNORMAL:
        variance = math.log(1.0 + p[1] * p[1])
        drawn.b, drawn.c = math.sqrt(variance), variance / 2.0
    elif drawn.kind == ERLANG:
        drawn.b = -p[1] / p[0]
    elif drawn.kind == GEOMETRIC and p[0] >= 1.0:
        drawn.kind, drawn.always = CONSTANT, SECOND
    elif drawn.kind == GEOMETRIC:
        drawn.b = math.log1p(-p[0])
    return drawn


def give_key(drawn: Draw, seed: int, path: str, purpose: str) -> None:
    """Let it draw from this stream."""
    drawn.key0, drawn.key1 = key(seed, path, purpose)


def mix(word: int) -> int:
    """SplitMix64's finaliser."""
    word = wrap_mul(word ^ shift_right(word, 30), FIRST)
    word = wrap_mul(word ^ shift_right(word, 27), SECOND_FACTOR)
    return word ^ shift_right(word, 31)


def opened(drawn: Draw, k: int) -> int:
    """What all sub-counters of draw k have in common."""
    return mix(wrap_add(drawn.key0, wrap_mul(k, GOLDEN))) ^ drawn.key1


def sub(base: int, j: int) -> float:
    """The j-th uniform number of a draw, strictly between 0 and 1."""
    word = mix(wrap_add(base, wrap_mul(j, GOLDEN)))
    return (shift_right(word, 12) + 0.5) * TO_UNIT


def uniform(drawn: Draw, k: int) -> float:
    """The uniform number of draw k."""
    return sub(opened(drawn, k), 0)


def normal(drawn: Draw, k: int) -> float:
    """The standard normal number of draw k."""
    return deviate(opened(drawn, k), 0)


def deviate(base: int, j: int) -> float:
    """A standard normal number from sub-counters j and j + 1 (Box and Muller 1958)."""
    return math.sqrt(-2.0 * math.log(sub(base, j))) * math.cos(2.0 * math.pi * sub(base, j + 1))


def power(base: float, exponent: float) -> float:
    """A power."""
    raised: float = base**exponent
    return raised


def draw(drawn: Draw, k: int) -> int:
    """Draw k in microseconds."""
    if drawn.kind == CONSTANT:
        return drawn.always
    base = opened(drawn, k)
    if drawn.kind == EXPONENTIAL:
        return round(-drawn.a * math.log(sub(base, 0)))
    return _seldom(drawn, base)


def _seldom(drawn: Draw, base: int) -> int:
    kind = drawn.kind
    if kind == NORMAL:
        return round(_truncated_normal(drawn, base))
    if kind == LOGNORMAL:
        return round(drawn.a * math.exp(drawn.b * deviate(base, 0) - drawn.c))
    if kind == UNIFORM:
        return round(drawn.a + (drawn.b - drawn.a) * sub(base, 0))
    if kind == TRIANGULAR:
        return round(_triangular(drawn, sub(base, 0)))
    if kind == ERLANG:
        return round(_erlang(drawn, base))
    if kind == GAMMA:
        return round(_gamma(drawn, base))
    if kind == WEIBULL:
        return round(drawn.b * power(-math.log(sub(base, 0)), 1.0 / drawn.a))
    if kind == GEOMETRIC:
        return SECOND * (1 + math.floor(math.log(sub(base, 0)) / drawn.b))
    return round(drawn.values[int(sub(base, 0) * len(drawn.values))])


def _truncated_normal(drawn: Draw, base: int) -> float:
    j = 0
    value = drawn.a + drawn.b * deviate(base, j)
    while value < 0.0:  # redrawn while negative
        j += 2
        value = drawn.a + drawn.b * deviate(base, j)
    return value


def _triangular(drawn: Draw, share: float) -> float:
    low = drawn.a
    mode = drawn.b
    high = drawn.c
    if share * (high - low) < mode - low:
        return low + math.sqrt(share * (high - low) * (mode - low))
    return high - math.sqrt((1.0 - share) * (high - low) * (high - mode))


def _erlang(drawn: Draw, base: int) -> float:
    total = 0.0
    for j in range(int(drawn.a)):
        total += math.log(sub(base, j))
    return drawn.b * total


def _gamma(drawn: Draw, base: int) -> float:
    """Marsaglia and Tsang (2000); below shape 1 by the power of one more uniform number."""
    shape = 1.0 / (drawn.b * drawn.b)
    boosted = shape + 1.0 if shape < 1.0 else shape
    d = boosted - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    j = 1
    v = 0.0
    while True:
        x = deviate(base, j)
        v = power(1.0 + c * x, 3.0)
        if v > 0.0 and math.log(sub(base, j + 2)) < 0.5 * x * x + d - d * v + d * math.log(v):
            break
        j += 3
    value = d * v * (power(sub(base, 0), 1.0 / shape) if shape < 1.0 else 1.0)
    return drawn.a / shape * value


