"""Calls train_on_batch a million times and prints the process's memory before and after.

python -m bench.compare.memory [CALLS]
"""

from __future__ import annotations

import os
import sys

import numpy as np

from echocell.layers import LSTM, Dense
from echocell.models import Sequential


def resident_mib() -> float:
    """Returns the resident memory of this process, in MiB (Linux)."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    rng = np.random.default_rng(0)
    x = np.eye(10, dtype=np.float32)[rng.integers(0, 10, (1, 5))]
    y = x[:, 2]
    model = Sequential([LSTM(25, input_shape=(5, 10)), Dense(10, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer="adam")
    for _ in range(1000):
        model.train_on_batch(x, y)
    before = resident_mib()
    for _ in range(calls):
        model.train_on_batch(x, y)
    after = resident_mib()
    print(f"{calls} calls: {before:.2f} MiB before, {after:.2f} MiB after")
    return 0 if after - before < 1 else 1


if __name__ == "__main__":
    sys.exit(main())
