"""Command line and composition root: the only place that wires the rooms together."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("shopfloor")
except PackageNotFoundError:  # run from a source tree that nobody installed
    __version__ = "0+unknown"

__all__ = ["__version__"]
