"""The compiled engine: the model of `simulators` once more, in the language of `simulators.compiler`."""

from simulators.compiled.engine import CompiledRun, uncovered

__all__ = ["CompiledRun", "uncovered"]
