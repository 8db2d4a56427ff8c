"""stand-in"""
from plant.distributions import Distribution, Draws, standard_normal
from plant.draws import Stream
from simulators.compiled.language import Record
class Draw(Record):
    _times = None
    _stream = None
    def key(self, seed, path, purpose):
        self._stream = Stream(seed, path, purpose)
        self._times = Draws(self._d, self._stream) if self._d else None
def draw(d: Draw, k: int) -> int:
    return d._times(k)
def uniform(d: Draw, k: int) -> float:
    return d._stream.uniform(k)
def normal(d: Draw, k: int) -> float:
    return standard_normal(lambda j: d._stream.uniform(k, j), 0)
def made(distribution: Distribution | None) -> Draw:
    d = Draw()
    d._d = distribution
    return d
