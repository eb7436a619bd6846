"""Pieces of a run in several processes have the results of sequential ones."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import echocell
from echocell.experiments import Run
from echocell.experiments.run import forked
from echocell.experiments.run.journal import Journal, Result
from echocell.layers import LSTM, Dense
from echocell.models import Sequential

pytestmark = pytest.mark.skipif(not forked.available(), reason="this system forks no processes")


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = echocell.get_num_threads()
    echocell.set_num_threads(2)
    yield
    echocell.set_num_threads(before)


def train(piece: str, rng: np.random.Generator) -> Result:
    model = Sequential([LSTM(3, input_shape=(4, 2)), Dense(1)])
    model.compile(loss="mse", optimizer="adam")
    x, y = rng.normal(size=(40, 4, 2)), rng.normal(size=(40, 1))
    loss = model.fit(x, y, epochs=2, verbose=0).history["loss"][-1]
    return {"piece": piece, "loss": loss, "process": os.getpid()}


def test_forked_results_equal_sequential_ones() -> None:
    pieces = ["a", "b", "c", "d"]
    forked_run, plain = Run(3), Run(3)
    results = forked_run.each_once(pieces, train)
    expected = [plain.once(piece, lambda rng, piece=piece: train(piece, rng)) for piece in pieces]
    assert [result["loss"] for result in results] == [result["loss"] for result in expected]
    assert [result["piece"] for result in results] == pieces
    assert all(result["process"] != os.getpid() for result in results)
    assert all(result["process"] == os.getpid() for result in expected)


def test_updates_and_seconds_are_counted() -> None:
    def work(piece: str, rng: np.random.Generator) -> Result:
        with run.training(int(piece)) as training:
            training.count(int(piece))
        return {}

    run = Run(1)
    run.each_once(["3", "4"], work)
    assert run.updates == 7
    assert run.seconds > 0


def test_finished_pieces_are_not_run_again(tmp_path: Path) -> None:
    head = {"x": 1}
    first = Run(3, journal=Journal(tmp_path / "j", head))
    done = first.each_once(["a", "b"], train)
    again = Run(3, journal=Journal(tmp_path / "j", head, resume=True))
    results = again.each_once(["a", "b", "c"], train)
    assert results[:2] == done
    assert results[2]["process"] == os.getpid()  # one alone needs no other


def test_error_in_a_child_process_is_raised_in_the_parent(tmp_path: Path) -> None:
    def work(piece: str, rng: np.random.Generator) -> Result:
        if piece == "b":
            raise ValueError("b went wrong")
        return {"piece": piece}

    run = Run(3)
    with pytest.raises(ValueError, match="b went wrong"):
        run.each_once(["a", "b", "c"], work)
    assert run.each_once(["a", "c"], work) == [{"piece": "a"}, {"piece": "c"}]


def test_interrupt_stops_running_pieces(tmp_path: Path) -> None:
    """The signal goes to this process only; from a terminal, all processes receive it."""

    def work(piece: str, rng: np.random.Generator) -> Result:
        time.sleep(4)
        (tmp_path / piece).touch()
        return {}

    run = Run(3)
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        run.each_once(["a", "b", "c"], work)
    assert multiprocessing.active_children() == []
    assert list(tmp_path.iterdir()) == []  # no piece ran to its end


def test_one_thread_does_not_fork() -> None:
    echocell.set_num_threads(1)
    results = Run(3).each_once(["a", "b"], train)
    assert {result["process"] for result in results} == {os.getpid()}
