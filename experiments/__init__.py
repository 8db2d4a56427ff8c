"""Experiments with line configurations: replications and honest intervals."""

from experiments.intervals import Estimate, estimate
from experiments.replications import Window, pool, replicate, replication_seed

__all__ = ["Estimate", "Window", "estimate", "pool", "replicate", "replication_seed"]
