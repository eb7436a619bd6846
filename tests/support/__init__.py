"""What tests of several rooms share: the reference, networks, cases, data, processes."""

from pathlib import Path

#: The folder of all tests.
TESTS = Path(__file__).parents[1]
