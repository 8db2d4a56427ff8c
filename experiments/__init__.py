"""Experiments with line configurations: replications and honest intervals."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from experiments.intervals import Estimate, estimate
from experiments.replications import Window, pool, replicate, replication_seed

if TYPE_CHECKING:
    from experiments.notebook import Simulated, experiment, simulate

__all__ = [
    "Estimate",
    "Simulated",
    "Window",
    "estimate",
    "experiment",
    "pool",
    "replicate",
    "replication_seed",
    "simulate",
]


def __getattr__(name: str) -> Any:
    """What a single simulation needs none of, and takes a while to import."""
    if name in {"Simulated", "experiment", "simulate"}:
        return getattr(import_module("experiments.notebook"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
