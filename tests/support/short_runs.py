"""Short runs of the tutorials."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from echocell import experiments
from echocell.experiments import EXPERIMENTS, run_experiment

SHORT: dict[str, tuple[dict[str, Any], int]] = {
    "echo": ({"updates": 130, "tests": 10}, 130),
    "echo-current": ({"sequences": 3, "tests": 2}, 3 * 25),
    "echo-lag-stateful": ({"sequences": 5, "tests": 2}, 5 * 4),
    "echo-lag-window": ({"sequences": 5, "tests": 2}, 5 * 4),
    "memory": ({"epochs": 3}, 3 * 8),
    "alphabet-letter": ({"epochs": 3}, 3 * 25),
    "alphabet-window": ({"epochs": 3}, 3 * 23),
    "alphabet-steps": ({"epochs": 3}, 3 * 23),
    "airline": ({"epochs": 2, "look_back": (1, 3)}, 2 * (98 + 96)),
}


def short(name: str) -> Any:
    return replace(EXPERIMENTS[name].settings, **SHORT[name][0])


def run_short(name: str, **arguments: Any) -> experiments.Report:
    return run_experiment(EXPERIMENTS[name], settings=short(name), **arguments)


def png_size(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG")
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
