"""The report of an experiment: one self-contained page, drawn from its `Study` alone."""

from experiments.report.page import render, write

__all__ = ["render", "write"]
