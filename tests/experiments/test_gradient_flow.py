"""The experiment gradient-flow: dLoss/dh(t) against finite differences, reports of short runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from echocell.experiments import EXPERIMENTS, run_experiment
from echocell.experiments.exercises.gradient_flow import simple_rnn
from echocell.experiments.exercises.state_gradients import build, state_gradients
from echocell.layers import GRU, LSTM
from echocell.utils import set_random_seed

SHORT: dict[str, Any] = {
    "steps": 12,
    "samples": 3,
    "units": 4,
    "scales": (0.5, 3.0),
    "forget_biases": (0.0, 5.0),
    "updates": 5,
}


def run_short(**arguments: Any) -> Any:
    experiment = EXPERIMENTS["gradient-flow"]
    return run_experiment(experiment, settings=replace(experiment.settings, **SHORT), **arguments)


def rest_of_loss(model: Any, x: Any, y: Any, states: list[Any]) -> Any:
    """Returns the squared error of each sequence, continued from the given states."""
    layer, head = model.layers
    h = layer(x, initial_state=states) if x.shape[1] else states[0]
    return ((np.asarray(h) @ head.get_weights()[0] + head.get_weights()[1] - y) ** 2)[:, 0]


@pytest.mark.parametrize(
    "layer", [simple_rnn(3, 1.5), GRU(3), LSTM(3)], ids=["SimpleRNN", "GRU", "LSTM"]
)
def test_state_gradients_equal_finite_differences(layer: Any, seed: int) -> None:
    set_random_seed(seed % 2**31)
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((2, 6, 1)), rng.standard_normal((2, 1))
    model = build(layer)
    model.set_weights([w + 0.3 * rng.standard_normal(w.shape) for w in model.get_weights()])
    gradients = state_gradients(model, x, y)
    trace = layer.trace(x)
    step = 1e-5
    for t in range(6):
        states = [trace[name][:, t] for name in ("h", "c") if name in trace]
        for unit in range(3):
            around = []
            for sign in (1, -1):
                moved = [state.copy() for state in states]
                moved[0][:, unit] += sign * step
                around.append(rest_of_loss(model, x[:, t + 1 :], y, moved))
            np.testing.assert_allclose(
                gradients[:, t, unit], (around[0] - around[1]) / (2 * step), rtol=1e-6, atol=1e-8
            )


def test_short_run_reports_every_cell(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    report = run_short(seed=3, out=tmp_path)
    heads, *rows = report.table
    assert heads[:3] == ["cell", "t = T", "t = T - 10"]
    labels = ["SimpleRNN, scale 0.5", "SimpleRNN, scale 3", "GRU"]
    labels += ["LSTM, forget bias 0", "LSTM, forget bias 5"]
    assert [row[0] for row in rows] == labels
    answer, clipping = report.notes
    assert answer.startswith("Answer (seed 3): Over 12 time steps")
    assert "SGD with learning rate 0.01" in clipping
    assert report.records[0].figures["log10, SimpleRNN, scale 0.5"] < -2
    assert report.picture is not None
    assert report.picture.stat().st_size > 20_000
    written = json.loads((tmp_path / "gradient-flow.json").read_text(encoding="utf-8"))
    assert written["table"] == [list(row) for row in report.table]


def test_same_seed_same_figures() -> None:
    first, second = (run_short(seed=11, runs=2) for _ in range(2))
    assert [r.figures for r in first.records] == [r.figures for r in second.records]
    assert first.notes == second.notes


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"steps": 1}, "steps: expected at least 2, received 1"),
        ({"units": 0}, "units: expected at least 1, received 0"),
        ({"scales": (0.0,)}, "expected scales, rate and clip above 0"),
    ],
)
def test_invalid_settings_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(EXPERIMENTS["gradient-flow"].settings, **values)
