"""Helpers that several folders of tests share: the reference, networks, cases, data, processes."""

from pathlib import Path

#: The folder of all tests.
TESTS = Path(__file__).parents[1]
