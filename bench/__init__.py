"""Benchmarks: core/ in C++, compare/ in Python. README.md says how to run them."""
