"""cells: SimpleRNN, GRU and variants of the LSTM, with the same budget, on four tasks.

The variants are those of Greff, Srivastava, Koutnik, Steunebrink & Schmidhuber, "LSTM: A Search
Space Odyssey" (2015): no input, forget or output gate, coupled input and forget gate, no activation
in front of the cell or behind it, peepholes, full gate recurrence (every gate sees all gates of the
step before).

The same budget is: the same optimizer, samples, order of updates and limit of updates, and about
the same number of weights, those of the LSTM of the tutorial: each cell gets as many units as bring
its model nearest to that, so that one without gates is not the smaller for it. A gate that is
absent is always open (1); without a forget gate a cell forgets nothing within a sequence.

The tasks are those of the experiments echo, memory (in the carried state) and alphabet-steps, up to
the first test without a mistake, and airline with the months of the window as steps, a fixed number
of epochs, RMSE on the test part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from echocell import plotting
from echocell.experiments.run.base import Array, Experiment, Outcome, Published, Run, share_right
from echocell.experiments.run.journal import Result
from echocell.experiments.run.settings import check_counts
from echocell.experiments.run.sweep import train_until_right
from echocell.layers import GRU, LSTM, Dense, MemoryBlocks, SimpleRNN
from echocell.models import Sequential
from echocell.plotting.style import BLUE, GREY, name_bars, style_axes, value_labels
from echocell.tasks import alphabet, echo, memory
from echocell.tasks.airline import airline
from echocell.tasks.baselines import repeat_last
from echocell.tasks.series import rmse

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from echocell.experiments.run.statistics import Statistic

STANDARD = "LSTM"
CELLS: dict[str, Callable[..., Any]] = {
    "SimpleRNN": SimpleRNN,
    "GRU": GRU,
    STANDARD: LSTM,
    "LSTM, peepholes": partial(LSTM, peephole=True),
    "LSTM, no input gate": partial(LSTM, gates="fo"),
    "LSTM, no forget gate": partial(LSTM, gates="io"),
    "LSTM, no output gate": partial(LSTM, gates="if"),
    "LSTM, coupled f = 1 - i": partial(LSTM, coupled=True),
    "LSTM, no input activation": partial(LSTM, activation="linear", output_activation="tanh"),
    "LSTM, no output activation": partial(LSTM, output_activation="linear"),
    "LSTM, full gate recurrence": MemoryBlocks,
}


@dataclass(frozen=True)
class Settings:
    """..._units: of the standard LSTM, whose number of weights all cells get; ..._updates: the
    limit; airline_epochs: passes over the training part, no more and no less; look_back: months.
    echo_tests: fresh sequences that must all be right.
    """

    echo_units: int = 25
    echo_updates: int = 40_000
    echo_tests: int = 500
    memory_units: int = 20
    memory_updates: int = 4_000
    alphabet_units: int = 32
    alphabet_updates: int = 11_500
    airline_units: int = 4
    airline_epochs: int = 100
    look_back: int = 10

    def __post_init__(self) -> None:
        check_counts(self)
        airline(self.look_back)  # says what it does not take


@dataclass(frozen=True)
class Score:
    """What a cell did on a task: updates to the first test without a mistake, or the limit; for
    airline the RMSE is the value, and solved is whether it beats repeating last month.
    """

    solved: bool
    value: float
    accuracy: float

    def text(self, task: str) -> str:
        """For the table."""
        if task == "airline":
            return f"{self.value:.2f}"
        return f"{self.value:,.0f}" if self.solved else f"- ({self.accuracy:.0f} %)"


@dataclass(frozen=True)
class Shape:
    """What a task asks of a model. activation: of the output; carried: states go from one sample
    to the next.
    """

    steps: int
    features: int
    outputs: int
    activation: str
    loss: str
    carried: bool = False

    def build(self, cell: str, units: int) -> Sequential:
        """A model of `units` units."""
        size = (self.steps, self.features)
        options: dict[str, Any] = (
            {"batch_input_shape": (1, *size), "stateful": True}
            if self.carried
            else {"input_shape": size}
        )
        head = Dense(self.outputs, activation=self.activation)
        model = Sequential([CELLS[cell](units, **options), head])
        model.compile(loss=self.loss, optimizer="adam")
        return model

    def fitting(self, cell: str, units: int) -> Sequential:
        """A model of this cell with as many weights as an LSTM of `units` units, or nearest."""
        weights = self.build(STANDARD, units).count_params()
        off = {n: abs(self.build(cell, n).count_params() - weights) for n in _sizes(units)}
        return self.build(cell, min(off, key=lambda n: off[n]))


def _sizes(units: int) -> range:
    """A SimpleRNN has a quarter of the weights per unit: twice the units or a little more. Where
    gates feed each other there are up to four times as many.
    """
    return range(max(1, units // 3), 4 * units + 1)


# ---- the tasks ---------------------------------------------------------------------------------


def _echo(settings: Settings, run: Run, cell: str, label: str, rng: np.random.Generator) -> Result:
    def draw(count: int) -> tuple[Array, Array]:
        return echo.generate_examples(count, 5, 10, 2, rng=rng)

    model = Shape(5, 10, 10, "softmax", "categorical_crossentropy").fitting(
        cell, settings.echo_units
    )
    result = train_until_right(
        model,
        draw,
        draw(settings.echo_tests),
        run,
        label=label,
        most_updates=settings.echo_updates,
        check_every=500,
    )
    return {key: result[key] for key in ("solved", "updates", "accuracy")} | _size(model)


def _memory(settings: Settings, run: Run, cell: str, label: str, _: np.random.Generator) -> Result:
    pairs = [memory.to_pairs(sequence) for sequence in memory.SEQUENCES]
    model = Shape(1, 5, 5, "sigmoid", "binary_crossentropy", carried=True).fitting(
        cell, settings.memory_units
    )
    expected = np.concatenate([memory.one_hot_decode(y) for _, y in pairs])
    before, accuracy, most = run.updates, 0.0, settings.memory_updates
    with run.training(most, label) as training:
        while training.updates < most and accuracy < 100:
            for x, y in pairs * 5:
                training.fit(model, x, y, batch_size=1, shuffle=False)
                model.reset_states()
            answers = []
            for x, _y in pairs:
                answers.append(memory.one_hot_decode(model.predict(x, batch_size=1, verbose=0)))
                model.reset_states()
            accuracy = share_right(expected, np.concatenate(answers))
    return _result(run.updates - before, accuracy) | _size(model)


def _alphabet(
    settings: Settings, run: Run, cell: str, label: str, _: np.random.Generator
) -> Result:
    windows, expected = alphabet.generate_windows(3)
    x, y = alphabet.as_steps(windows), alphabet.one_hot_encode(expected, 26)
    model = Shape(3, 1, 26, "softmax", "categorical_crossentropy").fitting(
        cell, settings.alphabet_units
    )
    before, accuracy, most = run.updates, 0.0, settings.alphabet_updates
    with run.training(most, label) as training:
        while training.updates < most and accuracy < 100:
            training.fit(model, x, y, batch_size=1, epochs=10)
            predicted = alphabet.one_hot_decode(model.predict(x, verbose=0))
            accuracy = share_right(expected, predicted)
    return _result(run.updates - before, accuracy) | _size(model)


def _airline(settings: Settings, run: Run, cell: str, label: str, _: np.random.Generator) -> Result:
    task = airline(settings.look_back)
    model = Shape(settings.look_back, 1, 1, "linear", "mean_squared_error").fitting(
        cell, settings.airline_units
    )
    x, y = task.train.windows[..., np.newaxis], task.train.targets[:, np.newaxis]
    with run.training(settings.airline_epochs * len(x), label) as training:
        training.fit(model, x, y, batch_size=1, epochs=settings.airline_epochs)
    said = model.predict(task.test.windows[..., np.newaxis], verbose=0)[:, 0]
    truth = task.series[task.test.places]
    error = rmse(truth, task.scaler.inverse(said))
    solved = error < rmse(truth, repeat_last(task.series, task.test.places))
    return {"solved": solved, "updates": error, "accuracy": 0.0} | _size(model)


def _result(updates: int, accuracy: float) -> Result:
    return {"solved": accuracy == 100, "updates": updates, "accuracy": accuracy}


def _size(model: Sequential) -> Result:
    layer: Any = model.layers[0]
    return {"units": layer.units, "weights": model.count_params()}


TASKS = {"echo": _echo, "memory": _memory, "alphabet": _alphabet, "airline": _airline}
Scores = Mapping[str, Mapping[str, Score]]


def run(settings: Settings, run: Run) -> Outcome:
    """Every cell on every task."""
    scores: dict[str, dict[str, Score]] = {task: {} for task in TASKS}
    sizes: dict[str, list[str]] = {cell: [] for cell in CELLS}
    for task, work in TASKS.items():
        for cell in CELLS:
            label = f"{task}: {cell}"
            result = run.once(label, partial(work, settings, run, cell, label))
            value = float(result["updates"])
            scores[task][cell] = Score(bool(result["solved"]), value, float(result["accuracy"]))
            sizes[cell].append(f"{result['units']} ({result['weights']:,})")
    answer = _answer(scores)
    heads = ["cell", *(_unit(task) for task in TASKS), "units (weights)"]
    rows = [
        [cell, *(scores[task][cell].text(task) for task in TASKS), ", ".join(sizes[cell])]
        for cell in CELLS
    ]
    learned = [score.solved for task in list(TASKS)[:3] for score in scores[task].values()]
    figures = {"learned": 100.0 * sum(learned) / len(learned)}
    for task, row in scores.items():
        figures.update({f"{task}, {cell}": score.value for cell, score in row.items()})

    def draw(title: str) -> Figure:
        return _draw(f"{title}\n{answer}", scores)

    return Outcome(
        figures,
        draw,
        perfect=all(learned),
        notes=(f"Answer (seed {run.seed}): {answer}",),
        table=[heads, *rows],
    )


def _measured(task: str, score: Score) -> str:
    return f"an RMSE of {score.value:.2f}" if task == "airline" else f"{score.value:,.0f} updates"


def _unit(task: str) -> str:
    return f"{task}: {'test RMSE' if task == 'airline' else 'updates'}"


def _answer(scores: Scores) -> str:
    """For each task the best, the standard cell's place and those that failed."""
    parts = []
    for task, row in scores.items():
        rank = {
            cell: (task != "airline" and not score.solved, score.value)
            for cell, score in row.items()
        }
        best = [cell for cell in row if rank[cell] == min(rank.values())]
        place = 1 + sum(rank[cell] < rank[STANDARD] for cell in row)
        failed = [cell for cell in row if not row[cell].solved]
        if task != "airline" and len(failed) == len(row):
            parts.append(f"{task}: learned by no cell")
            continue
        part = f"{task}: the best is {' / '.join(best)} with {_measured(task, row[best[0]])}"
        if task == "airline" or row[STANDARD].solved:
            measured = _measured(task, row[STANDARD])
            part += f", the standard LSTM is number {place} of {len(row)} with {measured}"
        if failed:
            verb = "no better than repeating the last month" if task == "airline" else "not learned"
            who = "all cells" if len(failed) == len(row) else " / ".join(failed)
            part += f"; {verb}: {who}"
        parts.append(part)
    return (
        "Ranked by the updates until the first test without an error, and for airline by the RMSE. "
        + ". ".join(part[0].upper() + part[1:] for part in parts)
        + ". These are the results of one seed; --runs shows how much they vary."
    )


# ---- the picture -------------------------------------------------------------------------------


def _draw(title: str, scores: Scores) -> Figure:
    figure, body = plotting.titled_figure(title, 5.2)
    grid: Sequence[Axes] = body.subplots(1, len(scores), sharey=True)
    for axes, (task, row) in zip(grid, scores.items(), strict=True):
        _draw_task(axes, task, row)
    return figure


def _draw_task(axes: Axes, task: str, row: Mapping[str, Score]) -> None:
    """A bar per cell, hollow where the task was not solved."""
    style_axes(axes, title=_unit(task))
    name_bars(axes, list(row))
    for place, score in enumerate(row.values()):
        colour = BLUE if score.solved else "white"
        axes.barh(place, score.value, color=colour, edgecolor=BLUE)
    value_labels(
        axes,
        [(place, score.value, score.text(task)) for place, score in enumerate(row.values())],
    )
    axes.set_xlabel(
        "hollow: no better than repeating the last month"
        if task == "airline"
        else "hollow: task not learned",
        fontsize=9.5,
        color=GREY,
    )


def headline(statistics: Mapping[str, Statistic]) -> str:
    """The column "ours"."""
    return f"{statistics['learned'].text(0)} % of the pairs of cell and task learned"


CELLS_EXPERIMENT = Experiment(
    name="cells",
    summary="SimpleRNN, GRU, LSTM and LSTM variants with the same budget on four tasks",
    shows="Which parts of the cell are needed depends on the task, as the table shows.",
    published=Published(
        "no variant is much better than the LSTM; forget gate and output activation matter most",
        'K. Greff et al., "LSTM: A Search Space Odyssey" (2015), on three other tasks',
    ),
    settings=Settings(),
    headline=headline,
    run=run,
    group="exercises",
    takes=5,
)
