"""Benchmarks: core/ in C++, compare/ in Python. README.md describes how to run them."""
