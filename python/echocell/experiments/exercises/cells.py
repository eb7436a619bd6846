"""cells: SimpleRNN, GRU and variants of the LSTM with the same budget on four tasks.

The variants are those of Greff, Srivastava, Koutnik, Steunebrink & Schmidhuber, "LSTM: A Search
Space Odyssey" (2015): no input, forget or output gate, coupled input and forget gate, no input or
output activation, peepholes, full gate recurrence (every gate reads all gates of the previous
step).

All cells have the same optimizer, samples, order of updates and limit of updates, and nearly the
same number of weights, that of the LSTM of the tutorial: each cell gets the number of units with
which its model comes closest to it. An absent gate is always open (1); without a forget gate, a
cell keeps its whole state within a sequence.

The tasks are those of the experiments echo, memory (in the carried state) and alphabet-steps, up to
the first test without a mistake, and airline with the months of a window as time steps, for a fixed
number of epochs, measured by the RMSE on the test part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from echocell import plotting
from echocell.experiments.run.experiment import Experiment, Outcome, Published
from echocell.experiments.run.journal import Result
from echocell.experiments.run.measures import Array, percent_correct
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings
from echocell.experiments.run.statistics import Statistic
from echocell.experiments.run.sweep import train_until_correct
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
class CellsSettings(Settings):
    """Settings of cells.

    Attributes:
        echo_units: units of the standard LSTM on echo, whose number of weights all cells get.
        echo_updates: the limit of updates on echo.
        echo_tests: test sequences of echo, all of which have to be correct.
        memory_units: as for echo.
        memory_updates: as for echo.
        alphabet_units: as for echo.
        alphabet_updates: as for echo.
        airline_units: as for echo.
        airline_epochs: passes over the training part.
        look_back: months in a window of airline.
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
        super().__post_init__()
        airline(self.look_back)  # raises ValueError


@dataclass(frozen=True)
class Score:
    """The result of a cell on a task.

    Attributes:
        solved: whether a test had no mistake; for airline, whether the RMSE is below that of
            repeating the last month.
        value: updates up to the first test without a mistake, or the limit; for airline, the RMSE.
        accuracy: the accuracy of the last test, in percent.
    """

    solved: bool
    value: float
    accuracy: float

    def text(self, task: str) -> str:
        """Returns the text for the table."""
        if task == "airline":
            return f"{self.value:.2f}"
        return f"{self.value:,.0f}" if self.solved else f"- ({self.accuracy:.0f} %)"


@dataclass(frozen=True)
class Shape:
    """The form of a task's model.

    Attributes:
        steps: time steps of a sample.
        features: features of a time step.
        outputs: units of the output layer.
        activation: activation of the output layer.
        loss: loss of the training.
        carried: whether states are carried from sample to sample.
    """

    steps: int
    features: int
    outputs: int
    activation: str
    loss: str
    carried: bool = False

    def build(self, cell: str, units: int) -> Sequential:
        """Returns a compiled model of `units` units."""
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
        """Returns the model of a cell whose number of weights is nearest to that of an LSTM."""
        weights = self.build(STANDARD, units).count_params()
        off = {n: abs(self.build(cell, n).count_params() - weights) for n in _sizes(units)}
        return self.build(cell, min(off, key=lambda n: off[n]))


def _sizes(units: int) -> range:
    """Returns the candidates for the number of units that match an LSTM of `units` units.

    A SimpleRNN has a quarter of the weights per unit and needs somewhat more than twice the units;
    full gate recurrence has up to four times the weights.
    """
    return range(max(1, units // 3), 4 * units + 1)


# ---- the tasks ---------------------------------------------------------------------------------


def _echo(
    settings: CellsSettings, run: Run, cell: str, label: str, rng: np.random.Generator
) -> Result:
    def draw(count: int) -> tuple[Array, Array]:
        return echo.generate_examples(count, 5, 10, 2, rng=rng)

    model = Shape(5, 10, 10, "softmax", "categorical_crossentropy").fitting(
        cell, settings.echo_units
    )
    result = train_until_correct(
        model,
        draw,
        draw(settings.echo_tests),
        run,
        label=label,
        most_updates=settings.echo_updates,
        check_every=500,
    )
    return {key: result[key] for key in ("solved", "updates", "accuracy")} | _size(model)


def _memory(
    settings: CellsSettings, run: Run, cell: str, label: str, _: np.random.Generator
) -> Result:
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
            accuracy = percent_correct(expected, np.concatenate(answers))
    return _result(run.updates - before, accuracy) | _size(model)


def _alphabet(
    settings: CellsSettings, run: Run, cell: str, label: str, _: np.random.Generator
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
            accuracy = percent_correct(expected, predicted)
    return _result(run.updates - before, accuracy) | _size(model)


def _airline(
    settings: CellsSettings, run: Run, cell: str, label: str, _: np.random.Generator
) -> Result:
    task = airline(settings.look_back)
    model = Shape(settings.look_back, 1, 1, "linear", "mean_squared_error").fitting(
        cell, settings.airline_units
    )
    x, y = task.train.windows[..., np.newaxis], task.train.targets[:, np.newaxis]
    with run.training(settings.airline_epochs * len(x), label) as training:
        training.fit(model, x, y, batch_size=1, epochs=settings.airline_epochs)
    forecast = model.predict(task.test.windows[..., np.newaxis], verbose=0)[:, 0]
    truth = task.series[task.test.places]
    error = rmse(truth, task.scaler.inverse(forecast))
    solved = error < rmse(truth, repeat_last(task.series, task.test.places))
    return {"solved": solved, "updates": error, "accuracy": 0.0} | _size(model)


def _result(updates: int, accuracy: float) -> Result:
    return {"solved": accuracy == 100, "updates": updates, "accuracy": accuracy}


def _size(model: Sequential) -> Result:
    layer: Any = model.layers[0]
    return {"units": layer.units, "weights": model.count_params()}


TASKS = {"echo": _echo, "memory": _memory, "alphabet": _alphabet, "airline": _airline}
Scores = Mapping[str, Mapping[str, Score]]


def run_cells(settings: CellsSettings, run: Run) -> Outcome:
    """Trains every cell on every task."""
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
    headings = ["cell", *(_unit(task) for task in TASKS), "units (weights)"]
    rows = [
        [cell, *(scores[task][cell].text(task) for task in TASKS), ", ".join(sizes[cell])]
        for cell in CELLS
    ]
    learned = [score.solved for task in list(TASKS)[:3] for score in scores[task].values()]
    figures = {"learned": 100.0 * sum(learned) / len(learned)}
    for task, row in scores.items():
        figures.update({f"{task}, {cell}": score.value for cell, score in row.items()})
    return Outcome.with_answer(
        answer,
        run.seed,
        figures,
        lambda title: _draw(title, scores),
        perfect=all(learned),
        table=[headings, *rows],
    )


def _measured(task: str, score: Score) -> str:
    return f"an RMSE of {score.value:.2f}" if task == "airline" else f"{score.value:,.0f} updates"


def _unit(task: str) -> str:
    return f"{task}: {'test RMSE' if task == 'airline' else 'updates'}"


def _answer(scores: Scores) -> str:
    """Returns for each task the best cell, the rank of the standard cell, and the failures."""
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
            which = "all cells" if len(failed) == len(row) else " / ".join(failed)
            part += f"; {verb}: {which}"
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
    """Draws a bar for each cell, hollow where the task was not solved."""
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
    """Returns the column "ours"."""
    return f"{statistics['learned'].text(0)} % of the pairs of cell and task learned"


CELLS_EXPERIMENT = Experiment(
    name="cells",
    summary="SimpleRNN, GRU, LSTM and LSTM variants with the same budget on four tasks",
    takeaway="Which parts of the cell are needed depends on the task, as the table shows.",
    published=Published(
        "no variant is much better than the LSTM; forget gate and output activation matter most",
        'K. Greff et al., "LSTM: A Search Space Odyssey" (2015), on three other tasks',
    ),
    settings=CellsSettings(),
    headline=headline,
    run=run_cells,
    group="exercises",
    takes=5,
)
