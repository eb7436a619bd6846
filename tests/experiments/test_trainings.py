"""Training and tracing in the tutorials: passes in parts, the clock, carried states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from echocell.experiments import Run
from echocell.experiments.run import running
from echocell.experiments.run.measures import trace_carried
from echocell.experiments.run.running import Training
from echocell.experiments.tutorials.echo import build as build_echo
from echocell.experiments.tutorials.lag import build as build_lag
from echocell.experiments.tutorials.memory import MemorySettings
from echocell.experiments.tutorials.memory import build as build_memory
from echocell.tasks import echo, lag, memory
from echocell.utils import set_random_seed

# -- the training


@dataclass
class Bar:
    """A substitute for the progress bar of tqdm."""

    done: int = 0

    def update(self, count: int) -> None:
        self.done += count


def weights(model: Any) -> list[np.ndarray]:
    return [np.array(values) for values in model.get_weights()]


def assert_same_bits(first: list[np.ndarray], second: list[np.ndarray]) -> None:
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_pass_in_parts_equals_the_whole_pass(batch_size: int) -> None:
    x, y = echo.generate_examples(151, rng=np.random.default_rng(0))
    trained = []
    for parts in (False, True):
        set_random_seed(1)
        model = build_echo(5, 10, 8)
        if parts:
            training = Training(bar := Bar())
            training.fit_once(model, x, y, batch_size=batch_size)
            assert bar.done == training.updates == -(-151 // batch_size)
            assert training.curve.updates[-1] == training.updates
            assert training.curve.history.keys() == {"loss", "accuracy"}
        else:
            model.fit(x, y, batch_size=batch_size, epochs=1, shuffle=False, verbose=0)
        trained.append(weights(model))
    assert_same_bits(*trained)


def test_epochs_in_parts_equal_whole_epochs() -> None:
    x, y = echo.generate_examples(6, rng=np.random.default_rng(0))
    trained, losses = [], []
    for parts in (False, True):
        set_random_seed(1)
        model = build_echo(5, 10, 8)
        if parts:
            training = Training(Bar())
            training.fit(model, x, y, batch_size=2, epochs=120)
            losses.append(training.curve.history["loss"])
        else:
            history = model.fit(x, y, batch_size=2, epochs=120, verbose=0).history
            losses.append(history["loss"])
        trained.append(weights(model))
    assert_same_bits(*trained)
    assert losses[0] == losses[1]


def test_clock_counts_training_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "shows_bars", lambda: True)
    run = Run(0, label="here", quiet=False)
    model = build_echo(5, 10, 4)
    x, y = echo.generate_examples(20, rng=run.rng)
    with run.training(20, "twice") as training:
        training.fit_once(model, x, y, batch_size=1)
    seconds = run.seconds
    assert run.updates == 20
    assert seconds > 0
    with run.training(20) as training:
        training.fit_once(model, x, y, batch_size=2)
    assert run.updates == 30
    assert run.seconds > seconds
    assert "here twice: 100%" in capsys.readouterr().err


def test_interrupted_training_is_counted() -> None:
    run = Run(0)
    with pytest.raises(KeyboardInterrupt), run.training(20):
        raise KeyboardInterrupt
    assert run.seconds > 0


# -- traces of stateful networks


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def test_traced_batches_carry_the_state() -> None:
    set_random_seed(2)
    model = build_lag(6, 1, 100, 7)
    x, _ = lag.generate_pairs(rng=np.random.default_rng(0))
    kernel, bias = model.layers[1].get_weights()
    predicted = model.predict(x, batch_size=6, verbose=0)
    trace = trace_carried(model, x, 6)
    assert trace["h"].shape == (24, 7)
    assert np.allclose(softmax(trace["h"] @ kernel + bias), predicted, atol=1e-6)


def test_traced_values_carry_the_state() -> None:
    set_random_seed(2)
    model = build_memory(MemorySettings(units=6))
    x, _ = memory.to_pairs(memory.SEQUENCES[0])
    kernel, bias = model.layers[1].get_weights()
    predicted = model.predict(x, batch_size=1, verbose=0)
    h = trace_carried(model, x, 1)["h"]
    assert np.allclose(1 / (1 + np.exp(-(h @ kernel + bias))), predicted, atol=1e-6)
