"""languages: the largest n up to which cells accept every string of a^n b^n and a^n b^n c^n.

After Gers and Schmidhuber, "LSTM Recurrent Networks Learn Simple Context-Free and Context-Sensitive
Languages" (2001): training on n = 1..10 of a^n b^n and on n = 1..50 of a^n b^n c^n
(`echocell.tasks.languages`), then a test on every n from 1 on. A string is accepted if the outputs
name exactly the legal next symbols at every step. There is one string for each n: within the
training range the test strings are those of the training.

The cells are SimpleRNN, GRU, LSTM, LSTM with peepholes, and LSTM without a forget gate (the cell of
1997), whose state counts without a leak. That LSTMs count and GRUs do not is shown by Weiss,
Goldberg and Yahav, "On the Practical Computational Power of Finite Precision RNNs for Language
Recognition" (2018). docs/experiments.md describes the choice of the recipe and of the published
figure.

Legend: B strings, T time steps, V symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from echocell import plotting
from echocell.experiments.run import falling_rate
from echocell.experiments.run.experiment import Experiment, Outcome, Published
from echocell.experiments.run.journal import Result
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings
from echocell.experiments.run.statistics import Statistic
from echocell.initializers import Chrono
from echocell.layers import GRU, LSTM, Dense, SimpleRNN
from echocell.models import Sequential
from echocell.optimizers import Adam
from echocell.plotting.style import BLUE, INK, RED, label_lines, legend_above, log_axis, style_axes
from echocell.tasks import languages

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CELLS: dict[str, Callable[..., Any]] = {
    "SimpleRNN": SimpleRNN,
    "GRU": GRU,
    "LSTM": LSTM,
    "LSTM, peepholes": partial(LSTM, peephole=True),
    "LSTM, no forget gate": partial(LSTM, gates="io"),
}
# The notation of each language, and the n that it is trained on.
NAMES = {languages.ANBN: "a^n b^n", languages.ANBNCN: "a^n b^n c^n"}
RANGES = {languages.ANBN: languages.TRAIN_ANBN, languages.ANBNCN: languages.TRAIN_ANBNCN}
# The number of strings that a test predicts together.
_TOGETHER = 50
KALMAN = (
    "Felix A. Gers, Juan Antonio Pérez-Ortiz and Jürgen Schmidhuber, "
    '"Learning Context Sensitive Languages with LSTM Trained with Kalman Filters" (2002), '
    "abstract; trained on n up to 10"
)


@dataclass(frozen=True)
class LanguagesSettings(Settings):
    """Settings of languages.

    Attributes:
        strings: strings of every training, one update each.
        limit: the largest n that is tested.
        trials: networks of each cell and language.
        learning_rate: initial learning rate of Adam, which decreases linearly.
        max_time: time steps of the chrono bias.
    """

    POSITIVE = ("learning_rate",)

    strings: int = 15_000
    limit: int = 1000
    trials: int = 10
    learning_rate: float = 0.03
    max_time: int = 150

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_time < 2:
            raise ValueError(f"max_time: expected at least 2, received {self.max_time}")


@dataclass(frozen=True)
class Row:
    """The trials of a cell on a language.

    Attributes:
        language: the language.
        cell: the cell.
        weights: number of weights.
        largest: the largest accepted n of each trial.
        seconds: the mean time of a training.
    """

    language: str
    cell: str
    weights: int
    largest: Sequence[int]
    seconds: float

    @property
    def learned(self) -> float:
        """The share of the trials that accept the whole training range, in percent."""
        trained = max(RANGES[self.language])
        return 100.0 * sum(n >= trained for n in self.largest) / len(self.largest)

    @property
    def median(self) -> float:
        """The statistic of the largest n over the trials."""
        return float(np.median(self.largest))

    @property
    def best(self) -> int:
        """The statistic of the largest n over the trials."""
        return max(self.largest)


def build(settings: LanguagesSettings, cell: str, language: str) -> Sequential:
    """Returns a compiled network: [B, T, V] -> the legality of each next symbol [B, T, V]."""
    symbols = len(language) + 1
    options: dict[str, Any] = {"return_sequences": True, "input_shape": (None, symbols)}
    if cell != "SimpleRNN":
        options["bias_initializer"] = Chrono(settings.max_time)
    layer = CELLS[cell](len(language), **options)
    model = Sequential([layer, Dense(symbols, activation="sigmoid")])
    model.compile(loss="binary_crossentropy", optimizer=Adam(settings.learning_rate, beta_2=0.99))
    return model


def largest_accepted(model: Sequential, language: str, limit: int) -> int:
    """Returns the largest n up to `limit` for which all strings from 1 to n are accepted, or 0."""
    for start in range(1, limit + 1, _TOGETHER):
        ns = range(start, min(start + _TOGETHER, limit + 1))
        x, _, _ = languages.generate_ranges(language, ns)
        outputs = model.predict(x, batch_size=_TOGETHER, verbose=0)
        for n, output in zip(ns, outputs, strict=True):
            if not languages.accepts(output, languages.legal_symbols(n, language)):
                return n - 1
    return limit


def train(
    settings: LanguagesSettings,
    run: Run,
    cell: str,
    language: str,
    label: str,
    rng: np.random.Generator,
) -> Result:
    """Trains a network and tests it: one trial."""
    model = build(settings, cell, language)
    before = run.seconds
    with run.training(settings.strings, label) as training:
        for count in falling_rate.linear(model, settings.strings):
            x, y, _ = languages.generate_examples(count, language, rng=rng)
            model.fit(x, y, batch_size=1, epochs=1, shuffle=False, verbose=0)
            training.count(count)
    return {
        "largest": largest_accepted(model, language, settings.limit),
        "weights": model.count_params(),
        "seconds": run.seconds - before,
    }


def run_languages(settings: LanguagesSettings, run: Run) -> Outcome:
    """Trains every cell on both languages."""
    rows = []
    for language, name in NAMES.items():
        for cell in CELLS:
            labels = [f"{name}: {cell}, trial {k + 1}" for k in range(settings.trials)]
            results = run.each_once(labels, partial(train, settings, run, cell, language))
            largest = [int(result["largest"]) for result in results]
            seconds = float(np.mean([result["seconds"] for result in results]))
            rows.append(Row(language, cell, int(results[0]["weights"]), largest, seconds))
    answer = _answer(rows, settings.limit)
    figures = {"learned": sum(row.learned for row in rows) / len(rows)}
    for row in rows:
        name = f"{NAMES[row.language]}, {row.cell}"
        figures[f"best n, {name}"] = float(row.best)
        figures[f"median n, {name}"] = row.median
    return Outcome.with_answer(
        answer,
        run.seed,
        figures,
        lambda title: _draw(title, rows, settings.limit),
        table=_table(rows, settings),
    )


def _answer(rows: Sequence[Row], limit: int) -> str:
    """Returns sentences on the largest n of each cell."""
    parts = []
    for language, name in NAMES.items():
        mine = [row for row in rows if row.language == language]
        cells = "; ".join(f"{row.cell}: {row.median:g} ({row.best})" for row in mine)
        part = f"For {name}, trained on n = 1 to {max(RANGES[language])}: {cells}"
        counts = [row.cell for row in mine if row.best >= limit]
        part += f". The limit of the test, {limit}, was reached by: {'; '.join(counts) or 'none'}"
        failed = [row.cell for row in mine if row.learned == 0]
        if failed:
            part += (
                f". The training range itself was not learned in any trial by: {'; '.join(failed)}"
            )
        parts.append(part)
    return (
        "The largest n up to which every string is accepted, as the median (the best) of the "
        "trials. " + ". ".join(parts) + "."
    )


def _table(rows: Sequence[Row], settings: LanguagesSettings) -> list[list[str]]:
    """Returns the headings, our rows, and the published row."""
    headings = [
        *("language", "trained on n", "cell", "weights", "trials", "range learned"),
        *("largest n: median", "min", "max", "seconds per trial"),
    ]
    table = [headings]
    for row in rows:
        best = f"{row.best:,}" + (" (limit)" if row.best >= settings.limit else "")
        table.append(
            [
                *(NAMES[row.language], f"1..{max(RANGES[row.language])}"),
                *(row.cell, str(row.weights), str(len(row.largest)), f"{row.learned:.0f} %"),
                *(f"{row.median:g}", f"{min(row.largest):,}", best, f"{row.seconds:.2f}"),
            ]
        )
    published = "2002: LSTM, Kalman filter"
    table.append(
        ["a^n b^n c^n", "1..10", published, "", "", "", "", "", "1,000 or more", ""],
    )
    return table


# ---- the picture -------------------------------------------------------------------------------


def _draw(title: str, rows: Sequence[Row], limit: int) -> Figure:
    """Draws the largest n of every trial, in a diagram for each language."""
    figure, body = plotting.titled_figure(title, 5.2)
    grid: Sequence[Axes] = body.subplots(1, len(NAMES), sharey=True)
    for axes, language in zip(grid, NAMES, strict=True):
        _draw_language(axes, language, [row for row in rows if row.language == language], limit)
    grid[0].set_ylabel("largest n accepted (0 is drawn at 0.5)", fontsize=10.5, color=INK)
    legend_above(body, grid)
    return figure


def _draw_language(axes: Axes, language: str, rows: Sequence[Row], limit: int) -> None:
    """Draws a dot for each trial, side by side, and a bar at the median."""
    style_axes(axes, title=f"{NAMES[language]}: every string from 1 to n is accepted")
    for place, row in enumerate(rows):
        heights = np.maximum(np.asarray(row.largest, float), 0.5)
        count = len(heights)
        spread = (np.arange(count) - (count - 1) / 2) * 0.5 / max(count, 2)
        axes.plot(
            *(place + spread, heights, "o"),
            color=BLUE,
            markersize=6,
            alpha=0.75,
            label="trial" if place == 0 else None,
        )
        axes.plot(
            *([place - 0.35, place + 0.35], [max(row.median, 0.5)] * 2),
            color=RED,
            linewidth=2,
            label="median" if place == 0 else None,
        )
    trained = max(RANGES[language])
    axes.set_ylim(0.4, 1.3 * max(limit, trained))
    log_axis(axes)
    label_lines(axes, {f"trained up to {trained}": trained, f"tested up to {limit:,}": limit}, 10)
    axes.set_xticks(range(len(rows)), [row.cell.replace(", ", ",\n") for row in rows])


def _headline(statistics: Mapping[str, Statistic]) -> str:
    """Returns the column "ours": the best n over the cells, for each language."""
    parts = []
    for name in NAMES.values():
        best = max(statistics[f"best n, {name}, {cell}"].maximum for cell in CELLS)
        parts.append(f"{name} up to n = {best:.0f}")
    return ", ".join(parts)


LANGUAGES = Experiment(
    name="languages",
    summary="accept a^n b^n and a^n b^n c^n: how far beyond the training range do cells count?",
    takeaway=(
        "To accept strings that are longer than those of the training, a cell has to count. Up "
        "to which n it counts exactly depends on the cell and on where the training ends."
    ),
    published=Published("a^n b^n c^n up to n = 1000 or more", KALMAN),
    settings=LanguagesSettings(),
    headline=_headline,
    run=run_languages,
    group="later",
    takes=60,
)
