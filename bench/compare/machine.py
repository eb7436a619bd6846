"""The machine: its name, its own rates, and the installed libraries."""

from __future__ import annotations

import importlib
import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from bench.compare.timing import Race, repeat

SGEMM_SIZES = (512, 1024, 2048)


def set_threads(count: int) -> None:
    """Sets the threads of echocell and, if it is imported, PyTorch."""
    importlib.import_module("echocell").set_num_threads(count)
    torch = optional("torch")
    if torch is not None:
        torch.set_num_threads(count)


def optional(name: str) -> Any:
    """Returns the module, or None if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def sgemm_rate(threads: int, seconds: float) -> float:
    """Returns GF/s of the best product of square matrices, with PyTorch if installed, else
    NumPy.
    """
    set_threads(threads)
    torch = optional("torch")
    best = 0.0
    for size in SGEMM_SIZES:
        a, b = (np.full((size, size), value, np.float32) for value in (0.5, 0.25))
        c = np.empty_like(a)
        if torch is not None:
            pair, out = (torch.from_numpy(a), torch.from_numpy(b)), torch.from_numpy(c)
            work = repeat(lambda pair=pair, out=out: torch.mm(*pair, out=out))  # type: ignore[misc]
        else:
            work = repeat(lambda a=a, b=b, c=c: np.matmul(a, b, out=c))  # type: ignore[misc]
        took = Race(seconds / len(SGEMM_SIZES), turn=0.05)({"sgemm": work})["sgemm"]
        assert np.all(c == size * 0.125)
        best = max(best, 2.0 * size**3 / took / 1e9)
    set_threads(1)
    return best


def reading_rate(seconds: float) -> float:
    """Returns GB/s at which NumPy's dot product reads from the L2 cache, on one thread.

    The difference between two sizes eliminates the cost of the call.
    """
    sizes = [share * cache_bytes(2) // 8 // 16 for share in (3, 10)]  # numbers per operand
    took = []
    for size in sizes:
        a, b = np.ones(size, np.float32), np.ones(size, np.float32)
        work = repeat(lambda a=a, b=b: np.dot(a, b))  # type: ignore[misc]
        took.append(Race(seconds / 2)({"dot": work})["dot"])
    return 8.0 * (sizes[1] - sizes[0]) / (took[1] - took[0]) / 1e9


def peak_rate(kernels: Path) -> float:
    """Returns GF/s of fused multiply-adds in registers, on one thread, from bench_kernels."""
    options = ["--benchmark_filter=^peak/float", "--benchmark_format=json"]
    options += ["--benchmark_repetitions=5"]
    done = subprocess.run([kernels, *options], capture_output=True, text=True, check=True)
    runs = json.loads(done.stdout)["benchmarks"]
    return max(float(run["FLOP/s"]) for run in runs if run["run_type"] == "iteration") / 1e9


def cache_bytes(level: int) -> int:
    """Returns the size of a cache of one core; 512 KiB if the system does not report it."""
    path = Path(f"/sys/devices/system/cpu/cpu0/cache/index{level}/size")
    try:
        text = path.read_text(encoding="ascii").strip()
        return int(text.removesuffix("K")) * 1024
    except (OSError, ValueError):
        return 512 * 1024


def cpu_name() -> str:
    """Returns the processor's name, if the system reports it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def describe() -> dict[str, Any]:
    """For the record."""
    core = importlib.import_module("echocell").build_info()
    return {
        "system": platform.platform(),
        "cpu": cpu_name(),
        "processors": os.cpu_count(),
        "core": core,
    }


def versions() -> dict[str, str]:
    """Returns the versions of all installed libraries that can be compared."""
    found = {"python": platform.python_version(), "numpy": np.__version__}
    for name in ("echocell", "torch", "keras", "jax"):
        module = optional(name)
        if module is not None:
            found[name] = str(module.__version__)
    return found
