"""Sweeps over a setting: training until every test answer is correct, tables, answers, pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np

from echocell.experiments.run.experiment import Experiment, Outcome, Published, Table
from echocell.experiments.run.journal import Result
from echocell.experiments.run.measures import percent_correct
from echocell.experiments.run.point import Point
from echocell.experiments.run.running import Run, Training
from echocell.experiments.run.statistics import Statistic
from echocell.experiments.run.sweep_plot import Bars, Panel, plot_sweep
from echocell.models import Sequential
from echocell.tasks.encoding import Floats, one_hot_decode

EXERCISE = Published(
    "none (open exercise)",
    'Jason Brownlee, "How to Learn to Echo Random Integers with LSTMs in Keras" (2017), among its '
    '"Extensions"',
)

S = TypeVar("S")

# Answers name at most this many settings one by one.
MOST_NAMED = 4

# Draws the given number of samples: x and one-hot answers y.
Draw = Callable[[int], tuple[Floats, Floats]]


def train_until_correct(
    model: Sequential,
    draw: Draw,
    test: tuple[Floats, Floats],
    run: Run,
    *,
    label: str,
    most_updates: int,
    check_every: int,
    batch_size: int = 1,
    reset_every: int = 0,
) -> Result:
    """Trains until every answer to the test is correct, or up to most_updates.

    Args:
        model: a compiled model.
        draw: draws training samples.
        test: inputs and one-hot answers; answers that are rows of zeros are not counted.
        run: the run that measures the training.
        label: the name of the model.
        most_updates: the limit of updates.
        check_every: updates between tests, the precision of the number of updates needed.
        batch_size: samples per update.
        reset_every: for a stateful model, the number of samples after which its state is reset;
            0 for a model without carried state.

    Returns:
        The fields of a Point except its label.
    """
    counted = test[1].any(axis=-1)
    expected = one_hot_decode(test[1])[counted]
    before = run.updates, run.seconds
    accuracy, samples = 0.0, 0
    with run.training(most_updates, label) as training:
        while training.updates < most_updates and accuracy < 100:
            x, y = draw(min(check_every, most_updates - training.updates) * batch_size)
            if reset_every:
                _fit_carried(training, model, x, y, batch_size, reset_every)
                outputs = _predict_carried(model, test[0], batch_size, reset_every)
            else:
                training.fit_once(model, x, y, batch_size=batch_size)
                outputs = model.predict(test[0], verbose=0)
            samples += len(x)
            accuracy = percent_correct(expected, one_hot_decode(outputs)[counted])
    return {
        "solved": accuracy == 100,
        "updates": run.updates - before[0],
        "samples": samples,
        "seconds": run.seconds - before[1],
        "accuracy": accuracy,
    }


def _fit_carried(
    training: Training, model: Sequential, x: Floats, y: Floats, batch_size: int, reset_every: int
) -> None:
    for start in range(0, len(x), reset_every):
        part = slice(start, start + reset_every)
        training.fit(model, x[part], y[part], batch_size=batch_size, shuffle=False)
        model.reset_states()


def _predict_carried(model: Sequential, x: Floats, batch_size: int, reset_every: int) -> Floats:
    outputs = []
    for start in range(0, len(x), reset_every):
        part = x[start : start + reset_every]
        outputs.append(model.predict(part, batch_size=batch_size, verbose=0))
        model.reset_states()
    return np.concatenate(outputs)


def sweep(
    run: Run,
    places: Iterable[tuple[str, Any]],
    train: Callable[[Any, str, np.random.Generator], Result],
) -> list[Point]:
    """Returns the point of each (label, value), from train(value, label, rng).

    Each training is a piece of the run, named by its label.
    """
    points = []
    for label, value in places:
        result = run.once(label, partial(train, value, label))
        points.append(Point(label, **result))
    return points


def figures(points: Sequence[Point]) -> dict[str, float]:
    """Returns the share of solved places in percent, and the updates at each place."""
    solved = 100.0 * sum(point.solved for point in points) / len(points)
    return {"solved": solved, **{f"updates, {p.label}": float(p.updates) for p in points}}


def solved_headline(statistics: Mapping[str, Statistic]) -> str:
    """Returns the column "ours" of a sweep: the number of settings that were learned."""
    solved = statistics["solved"]
    places = sum(name.startswith("updates, ") for name in statistics)
    if solved.count > 1:
        return f"learned in {solved.text(0)} % of {places} settings"
    return f"learned in {solved.mean * places / 100:.0f} of {places} settings"


def updates_table(what: str, points: Sequence[Point]) -> list[list[str]]:
    """Returns the headings, the first of which is `what`, and a row for each place."""
    headings = [what, "updates to 100 %", "samples", "seconds", "accuracy in the last test"]
    rows = [
        [p.label, p.updates_text, f"{p.samples:,}", f"{p.seconds:.2f}", f"{p.accuracy:.1f} %"]
        for p in points
    ]
    return [headings, *rows]


def sweep_outcome(
    table: Table, points: Sequence[Point], answer: str, panels: Sequence[Panel | Bars], seed: int
) -> Outcome:
    """Returns the outcome of a sweep: its table, its picture, and a sentence as its answer."""
    return Outcome.with_answer(
        answer[0].upper() + answer[1:],
        seed,
        figures(points),
        lambda title: plot_sweep(title, panels),
        perfect=all(point.solved for point in points),
        table=table,
    )


def exercise(
    name: str,
    summary: str,
    *,
    takeaway: str,
    settings: S,
    run: Callable[[S, Run], Outcome],
    takes: float,
    published: Published = EXERCISE,
) -> Experiment[S]:
    """Returns an experiment of the group exercises that is a sweep; arguments: see `Experiment`."""
    return Experiment(
        name=name,
        summary=summary,
        takeaway=takeaway,
        published=published,
        settings=settings,
        headline=solved_headline,
        run=run,
        group="exercises",
        takes=takes,
    )


def solved_text(points: Sequence[Point], what: str) -> str:
    """Returns which places were not solved; `what` is the noun for one place."""
    failed = [point for point in points if not point.solved]
    if not failed:
        return f"every {what} was learned"
    which = f"no {what} was learned"
    if len(failed) < len(points):
        verb = "was" if len(failed) == 1 else "were"
        which = f"{len(failed)} of {len(points)} settings {verb} not learned"
    within = f"{which} within the limit (accuracy in the last test"
    if len(failed) <= MOST_NAMED:
        return f"{within}: {', '.join(f'{p.accuracy:.1f} % for {p.label}' for p in failed)})"
    low, high = (choose(p.accuracy for p in failed) for choose in (min, max))
    return f"{within}: {low:.1f} % to {high:.1f} %)"


def extremes(points: Sequence[Point]) -> str:
    """Returns which solved places took the fewest and the most updates; "" if none was solved."""
    solved = [point for point in points if point.solved]
    if not solved:
        return ""
    least, most = (choose(solved, key=lambda p: p.updates) for choose in (min, max))
    if len(solved) == 1:
        return f"{least.label} took {least.updates:,} updates; "
    if least.updates == most.updates:
        return f"{len(solved)} settings took {least.updates:,} updates each; "
    return (
        f"{least.label} took the fewest updates ({least.updates:,}) and {most.label} the most "
        f"({most.updates:,}); "
    )


def geometric_mean_ratio(
    points: Sequence[Point], others: Sequence[Point], of: Callable[[Point], float]
) -> float:
    """Returns the geometric mean of the ratios of a quantity over the places that both solved.

    NaN if there is no such place.
    """
    pairs = [(p, q) for p, q in zip(points, others, strict=True) if p.solved and q.solved]
    ratios = [np.log(of(p) / of(q)) for p, q in pairs]
    return float(np.exp(np.mean(ratios))) if ratios else float("nan")
