"""Benchmarks: run by hand, their figures kept in ``docs/performance.md``."""
