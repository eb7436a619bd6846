"""One thread for every library. Imports none of them: it has to be said before they are loaded."""

from __future__ import annotations

import os


def limit_threads() -> None:
    """Rows of the comparison that take more threads say so to the libraries that can be told."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NPROC"):
        os.environ[name] = "1"
    flags = os.environ.get("XLA_FLAGS", "")
    os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
