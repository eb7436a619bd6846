"""Limits every library to one thread. Imports none of them: it must run before they are loaded."""

from __future__ import annotations

import os


def limit_threads() -> None:
    """Sets the environment variables; rows with more threads change the number at run time."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NPROC"):
        os.environ[name] = "1"
    flags = os.environ.get("XLA_FLAGS", "")
    os.environ["XLA_FLAGS"] = f"{flags} --xla_cpu_multi_thread_eigen=false".strip()
