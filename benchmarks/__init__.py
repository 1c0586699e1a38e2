"""Benchmarks: one file each; `make bench` prints one table. Compare ratios, not absolute times."""
