"""Endless streams and timing: counts, the ends of streams, reports."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from echocell.experiments import EXPERIMENTS, GROUPS, Run, run_experiment
from echocell.experiments.later import continual_reber, reber_streams, timing
from echocell.experiments.later.reber_streams import Streams
from echocell.experiments.run import falling_rate
from echocell.tasks import reber
from echocell.utils import set_random_seed

SHORT: dict[str, dict[str, Any]] = {
    "continual-reber": {
        "nets": 2,
        "units": (3, 2),
        "streams": 2,
        "chunk": 10,
        "updates": 4,
        "symbols": 150,
        "tests": 2,
    },
    "timing": {
        "trials": 2,
        "periods": (3, 4),
        "train_periods": 3,
        "test_periods": 4,
        "updates": 4,
        "check_every": 3,
    },
}
# All updates of such a run.
UPDATES = {"continual-reber": 2 * 2 * 2 * 4, "timing": 2 * 2 * 4 * 2 * 2 * 4}


def run_short(name: str, **arguments: Any) -> Any:
    settings = replace(EXPERIMENTS[name].settings, **SHORT[name])
    return run_experiment(EXPERIMENTS[name], settings=settings, **arguments)


# -- both


@pytest.mark.parametrize("name", SHORT)
def test_short_run_is_reported(name: str, tmp_path: Any) -> None:
    pytest.importorskip("matplotlib")
    report = run_short(name, seed=3, out=tmp_path)
    heads, *rows = report.table
    assert all(len(row) == len(heads) for row in rows)
    assert report.updates == UPDATES[name]
    assert report.notes[0].startswith("Answer (seed 3): ")
    assert report.picture is not None
    assert report.picture.stat().st_size > 20_000
    assert EXPERIMENTS[name].group in GROUPS


@pytest.mark.parametrize("name", SHORT)
def test_same_seed_same_run(name: str) -> None:
    first, second = (run_short(name, seed=4).records[0].figures for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", SHORT)
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_learning_rate_must_be_positive(name: str, value: float) -> None:
    with pytest.raises(ValueError, match="learning_rate: expected above 0"):
        replace(EXPERIMENTS[name].settings, learning_rate=value)


# -- continual-reber


def test_streams_begin_with_a_string_and_continue() -> None:
    streams = Streams(2, 25, np.random.default_rng(1))
    sources = [reber.pieces(4000, child) for child in np.random.default_rng(1).spawn(2)]
    whole = [next(source) for source in sources]
    for start in (0, 25):
        x, y = streams.read()
        assert x.shape == y.shape == (2, 25, 7)
        for row in range(2):
            np.testing.assert_array_equal(x[row], whole[row][0][start : start + 25])
            np.testing.assert_array_equal(y[row], whole[row][2][start : start + 25])
    streams.end(1)
    assert streams.begun == 3
    x, _ = streams.read()
    np.testing.assert_array_equal(x[0], whole[0][0][50:75])
    symbols = [reber.SYMBOLS[k] for k in whole[1][0].argmax(axis=1)]
    begin = next(k for k in range(50, 200) if symbols[k - 1] == "E" and symbols[k] == "B")
    np.testing.assert_array_equal(x[1], whole[1][0][begin : begin + 25])


def test_streams_can_end_where_the_drawn_symbols_end() -> None:
    streams = Streams(1, 4000, np.random.default_rng(2))
    streams.read()
    streams.end(0)
    x, _ = streams.read()
    assert "".join(reber.SYMBOLS[k] for k in x[0, :2].argmax(axis=1)) in ("BT", "BP")
    streams.end(0)
    assert streams.begun == 3


@pytest.mark.parametrize(("error", "is_wrong"), [(0.48, False), (0.5, True), (np.nan, True)])
def test_one_wrong_output_is_an_error(error: float, is_wrong: bool) -> None:
    targets = np.zeros((1, 2, 7), np.float32)
    outputs = targets.copy()
    outputs[0, 1, 3] = error
    assert reber_streams.wrong(outputs, targets).tolist() == [[False, is_wrong]]


class Oracle:
    """Names the legal symbols after those read since reset_states; wrong from one symbol on."""

    def __init__(self, wrong_at: int) -> None:
        self.wrong_at, self.read = wrong_at, 0

    def reset_states(self) -> None:
        self.text: list[str] = []
        self.read = 0

    def predict(self, x: Any, **_: Any) -> Any:
        if not self.text:
            self.text = [""] * len(x)
        outputs = np.zeros(x.shape, np.float32)
        for row, ids in enumerate(x.argmax(axis=-1)):
            for step, symbol in enumerate(ids):
                self.text[row] += reber.SYMBOLS[symbol]
                outputs[row, step] = legal(self.text[row])
                if row == 1 and self.read + step == self.wrong_at:
                    outputs[row, step, 0] += 0.5
                if self.text[row].endswith("E") and complete(self.text[row]):
                    self.text[row] = ""
        self.read += x.shape[1]
        return outputs


def complete(text: str) -> bool:
    try:
        reber.legal_next(text)
    except ValueError:
        return False
    return True


def legal(text: str) -> Any:
    """Returns the symbols that may follow the start of a string, found by trying."""
    if complete(text):
        return np.eye(7)[0]
    last = np.zeros(7)
    for place, symbol in enumerate(reber.SYMBOLS):
        with pytest.raises(ValueError, match="received") as error:
            reber.legal_next(text + symbol + "?")
        last[place] = f"at {len(text) + 1} of" in str(error.value)
    return last


def test_test_counts_steps_until_the_first_error_of_each_stream() -> None:
    rng = np.random.default_rng(5)
    model: Any = Oracle(wrong_at=130)
    assert reber_streams.correct_symbols(model, 2, 200, rng).tolist() == [200, 130]
    model = Oracle(wrong_at=-1)
    assert reber_streams.correct_symbols(model, 2, 200, rng).tolist() == [200, 200]


def test_marks_are_powers_of_ten_and_the_last_step() -> None:
    assert reber_streams.marks(100_000) == [10, 100, 1000, 10_000, 100_000]
    assert reber_streams.marks(150) == [10, 100, 150]
    assert reber_streams.marks(7) == [7]


def test_state_grows_without_a_forget_gate() -> None:
    set_random_seed(6)
    sizes = {}
    for gates in ("ifo", "io"):
        model = continual_reber.build(8, gates, 0.01)
        sizes[gates], _ = reber_streams.cell_growth(model, [100, 2000], np.random.default_rng(6))
    assert sizes["io"][1] > 3 * sizes["io"][0]
    assert sizes["ifo"][1] < 5


def test_number_of_streams_is_limited() -> None:
    changes = {**SHORT["continual-reber"], "most_streams": 4, "updates": 500}
    settings = replace(EXPERIMENTS["continual-reber"].settings, **changes)
    run = Run(1)
    result = continual_reber.train("ifo", 2, settings, run, "", np.random.default_rng(7))
    assert 4 <= result["streams"] < 4 + settings.streams
    assert run.updates < 500
    assert result["symbols"] == run.updates * 20


# -- timing


def test_tasks_cover_all_shapes_periods_and_inputs() -> None:
    names = [(task.name, task.inputs) for task in timing.tasks(timing.TimingSettings())]
    assert len(names) == len(set(names)) == 16
    assert names[0] == ("spikes, period 10", "none")
    assert names[-1] == ("rectangle, period 25", "constant")


def test_peepholes_learn_a_cosine() -> None:
    """At least one of a few trials succeeds; also checks the counts."""
    settings = timing.TimingSettings(test_periods=100)
    task = timing.Task("cosine", 10, "none")
    set_random_seed(8)
    run = Run(1)
    with run.training(1) as training:
        trials = [timing.train(task, True, settings, training) for _ in range(8)]
    solved = [trial for trial in trials if trial["solved"]]
    assert solved
    assert all(trial["error"] < 0.3 and trial["periods"] == 100 for trial in solved)
    assert run.updates == sum(trial["updates"] for trial in trials)
    assert all(trial["updates"] == 10_000 for trial in trials if not trial["solved"])


def test_significance_is_fishers_exact_test() -> None:
    assert timing.fisher_exact(3, 3, 10) == pytest.approx(1)
    assert timing.fisher_exact(4, 0, 4) == pytest.approx(2 / math.comb(8, 4))
    assert timing.fisher_exact(0, 4, 4) == timing.fisher_exact(4, 0, 4)


def row(peephole: bool, solved: int, task: timing.Task) -> timing.Row:
    trials = [
        {"solved": k < solved, "updates": 5, "error": 0.1 if k < solved else None, "periods": 2.0}
        for k in range(20)
    ]
    return timing.Row(task, peephole, trials, 1.0)


def test_answer_states_where_peepholes_help() -> None:
    counts = {"spikes": (0, 9), "cosine": (9, 0), "triangle": (2, 3), "rectangle": (0, 0)}
    pairs = []
    for shape, (without, peep) in counts.items():
        task = timing.Task(shape, 10, "none")
        pairs.append((row(False, without, task), row(True, peep, task)))
    task = timing.Task("triangle", 10, "constant")
    pairs.append((row(False, 0, task), row(True, 0, task)))
    answer = timing._answer(pairs)
    assert "More trials were solved with peepholes than without: spikes, period 10 (9 ver" in answer
    assert "Fewer trials were solved with peepholes than without: cosine, period 10 (0 ve" in answer
    assert "No significant difference: triangle, period 10 (3 versus 2 of 40 trials)." in (answer)
    assert answer.endswith("Solved in no trial: rectangle, period 10.")


def test_rate_falls_to_a_hundredth() -> None:
    rates = [falling_rate.exponential(0.5, done) for done in (0, 0.5, 1)]
    np.testing.assert_allclose(rates, [0.5, 0.05, 0.005])
