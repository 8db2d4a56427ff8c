"""Random draws by counter: draw k of a stream is one pure function of (seed, path, purpose, k).

No generator carries state, so adding a station or lengthening a run changes no other number, and two engines or two
processes agree to the last bit. A rejection method takes the sub-counters j = 0, 1, 2, … of its draw k.

The function is SplitMix64 (Steele, Lea and Flood 2014) used twice, as a keyed hash of the counter: with ``mix`` its
finaliser and ``G`` the odd golden-ratio constant, word(k, j) = mix((mix(key0 + k G) xor key1) + j G). The 128-bit key
is the BLAKE2b digest of the stream's name. Whole 64-bit arithmetic only, so the same in Python, NumPy and machine code.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import Self

import numpy as np
from numpy.typing import NDArray

GOLDEN = 0x9E3779B97F4A7C15
MASK = 0xFFFF_FFFF_FFFF_FFFF
TO_UNIT = 2.0**-52


def mix(word: int) -> int:
    """SplitMix64's finaliser: a bijection of 64-bit words."""
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & MASK
    return word ^ (word >> 31)


def mix_array(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """`mix` of many words at once. Shape: that of the words."""
    words = words ^ (words >> np.uint64(30))
    words *= np.uint64(0xBF58476D1CE4E5B9)
    words ^= words >> np.uint64(27)
    words *= np.uint64(0x94D049BB133111EB)
    words ^= words >> np.uint64(31)
    return words


@lru_cache(maxsize=65536)
def key(seed: int, path: str, purpose: str) -> tuple[int, int]:
    """The 128-bit key of a stream as two words."""
    digest = blake2b(f"{seed}\0{path}\0{purpose}".encode(), digest_size=16).digest()
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")


class Stream:
    """The draws of one purpose at one place of the plant.

    Args:
        seed: seed of the run.
        path: whole path of the place, e.g. ``block-line/OP10/2/spindle``.
        purpose: what is drawn: ``cycle``, ``time_to_failure``, ``quality`` …
    """

    __slots__ = ("_key0", "_key1")

    def __init__(self, seed: int, path: str, purpose: str) -> None:
        self._key0, self._key1 = key(seed, path, purpose)

    @classmethod
    def keyed(cls, key: tuple[int, int]) -> Self:
        """The stream with a key that is known already."""
        made = cls(0, "", "")
        made._take(key)  # its own
        return made

    def _take(self, key: tuple[int, int]) -> None:
        self._key0, self._key1 = key

    def word(self, k: int, j: int = 0) -> int:
        """64 random bits: draw k, sub-counter j."""
        return mix(((mix((self._key0 + k * GOLDEN) & MASK) ^ self._key1) + j * GOLDEN) & MASK)

    def uniform(self, k: int, j: int = 0) -> float:
        """A number strictly between 0 and 1, a multiple of 2**-53."""
        return ((self.word(k, j) >> 12) + 0.5) * TO_UNIT

    def words(self, k: NDArray[np.int64] | range, j: int = 0) -> NDArray[np.uint64]:
        """The words of many draws at once; equal to ``word`` one by one. Shape: that of k."""
        counters = np.asarray(k, dtype=np.int64).astype(np.uint64)
        opened = mix_array(np.uint64(self._key0) + counters * np.uint64(GOLDEN)) ^ np.uint64(self._key1)
        return mix_array(opened + np.uint64(j * GOLDEN & MASK))

    def uniforms(self, k: NDArray[np.int64] | range, j: int = 0) -> NDArray[np.float64]:
        """Many uniform numbers at once; equal to ``uniform`` one by one. Shape: that of k."""
        return ((self.words(k, j) >> np.uint64(12)).astype(np.float64) + 0.5) * TO_UNIT
