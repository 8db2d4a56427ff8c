"""A small typed part of Python, and its compiler to machine code."""
