"""Generated distributions of every kind, over all that the plant language allows."""

from hypothesis import strategies as st

from plant.distributions import KINDS, Distribution

TIMES = st.integers(0, 10**10).map(float)
SHAPES = st.floats(0.01, 100.0)
PARAMETERS: dict[str, st.SearchStrategy[tuple[float, ...]]] = {
    "constant": st.tuples(TIMES),
    "exponential": st.tuples(TIMES),
    "normal": st.tuples(TIMES, TIMES),
    "lognormal": st.tuples(TIMES, st.one_of(SHAPES, st.just(0.0))),
    "erlang": st.tuples(st.integers(1, 40).map(float), TIMES),
    "gamma": st.tuples(TIMES, SHAPES),
    "weibull": st.tuples(st.floats(0.05, 20.0), TIMES),
    "triangular": st.lists(TIMES, min_size=3, max_size=3).map(lambda times: tuple(sorted(times))),
    "uniform": st.lists(TIMES, min_size=2, max_size=2).map(lambda times: tuple(sorted(times))),
    "geometric": st.tuples(st.floats(1e-9, 1.0)),
    "empirical": st.lists(TIMES, min_size=1, max_size=20).map(tuple),
}


@st.composite
def distributions(draw: st.DrawFn, kind: str) -> Distribution:
    """One of this kind."""
    parameters = draw(PARAMETERS[kind])
    complaint = KINDS[kind].check(parameters)
    assert not complaint, complaint
    return Distribution(kind=kind, parameters=parameters, text=kind)
