"""Capability of machines and processes: exact sums over measured values, from which cm, cmk, cp and cpk follow. Pure.

Values are integers, a billionth of the unit of measure each (nanometres for metres, picometres for millimetres): a
sum of squares of floats would lose the digits that a variance is made of. Studies add up, so a station or a day is
the study of all its values.

Cm and Cmk take the overall standard deviation s (n − 1), Cp and Cpk the one within subgroups, R̄ / d2, with the d2 of
control charts (ISO 22400-2:2014; the sides of Cmk and Cpk are an unverified reading of it).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

SCALE = 1_000_000_000
"""Integers per unit of measure."""

SUBGROUP = 5
"""Consecutive values whose range tells of the scatter within a short time."""

D2 = {
    size: Fraction(thousandths, 1000)
    for size, thousandths in enumerate(
        (
            1128, 1693, 2059, 2326, 2534, 2704, 2847, 2970, 3078, 3173, 3258, 3336, 3407, 3472, 3532, 3588, 3640, 3689,
            3735, 3778, 3819, 3858, 3895, 3931,
        ),
        start=2,
    )
}  # fmt: skip
"""Mean range of a sample of normal values in standard deviations, by its size."""


def scaled(value: float) -> int:
    """A measured value as an integer, rounded once, half to even.

    >>> scaled(82.0005)
    82000500000
    """
    return round(Fraction(value) * SCALE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Study:
    """Sums over measured values, in integers of `scaled`.

    Args:
        n: number of values.
        x_sum: their sum.
        xx_sum: sum of their squares.
        subgroups: number of full subgroups among them.
        range_sum: sum of the ranges of these, largest minus smallest.
        subgroup_size: values in a subgroup.
    """

    n: int = 0
    x_sum: int = 0
    xx_sum: int = 0
    subgroups: int = 0
    range_sum: int = 0
    subgroup_size: int = SUBGROUP

    def __add__(self, other: "Study") -> "Study":
        """Both together.

        Raises:
            ValueError: their subgroups have different sizes.
        """
        if self.subgroup_size != other.subgroup_size:
            raise ValueError(f"subgroups of {self.subgroup_size} and {other.subgroup_size} do not add up")
        return Study(
            n=self.n + other.n,
            x_sum=self.x_sum + other.x_sum,
            xx_sum=self.xx_sum + other.xx_sum,
            subgroups=self.subgroups + other.subgroups,
            range_sum=self.range_sum + other.range_sum,
            subgroup_size=self.subgroup_size,
        )

    def parts(self, lower: int | None = None, upper: int | None = None) -> dict[str, int]:
        """As parts of KPIs, with the limits of specification where there are some, in integers of `scaled`."""
        limits = {name: limit for name, limit in (("LSL", lower), ("USL", upper)) if limit is not None}
        sums = {"n": self.n, "x_sum": self.x_sum, "xx_sum": self.xx_sum}
        within = {"subgroups": self.subgroups, "range_sum": self.range_sum, "subgroup_size": self.subgroup_size}
        return {**limits, **sums, **within}


def study(subgroups: Iterable[Sequence[int]], size: int = SUBGROUP) -> Study:
    """Of values in subgroups, in integers of `scaled`; one that is not full has no say in the scatter within."""
    total = Study(subgroup_size=size)
    for values in subgroups:
        full = len(values) == size
        total += Study(
            n=len(values),
            x_sum=sum(values),
            xx_sum=sum(value * value for value in values),
            subgroups=int(full),
            range_sum=max(values) - min(values) if full else 0,
            subgroup_size=size,
        )
    return total
