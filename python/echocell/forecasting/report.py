"""The report of a forecast: errors compared with the baselines, a verdict, a CSV file, a picture.

Legend: N values in the series, P targets (training, then test), K horizon.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from echocell import plotting
from echocell._common.files import atomic_draft
from echocell.forecasting.csv_rows import UnusableFileError
from echocell.forecasting.csv_series import CsvSeries
from echocell.forecasting.model import Trained
from echocell.tasks.baselines import baselines
from echocell.tasks.series import Series, mae, rmse

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Score:
    """Errors of a forecast on the training and the test targets, in units of the series.

    NaN if there is no forecast for any target.
    """

    name: str
    train_rmse: float
    train_mae: float
    test_rmse: float
    test_mae: float


def all_forecasts(series: CsvSeries, trained: Trained, season: int | None) -> dict[str, Series]:
    """Returns the forecasts of all targets, training and test, by the LSTM and the baselines."""
    places = np.concatenate([trained.train_places, trained.test_places])
    step = series.step
    table = {"LSTM": trained.forecaster.one_step(series.values, places)}
    names = {"step": step.unit, "era": step.era} if step else {"step": "value", "era": "season"}
    if season is not None and (step is None or season != step.season):
        names["era"] = "season"
    length = season or (step.season if step else 1)
    return table | baselines(series.values, places, length, **names)


def scores(values: Series, trained: Trained, table: Mapping[str, Series]) -> list[Score]:
    """Returns RMSE and MAE of each forecast in `table`: name -> [P], training targets first."""
    count = trained.train_places.size
    targets = values[np.concatenate([trained.train_places, trained.test_places])]
    return [
        Score(
            name,
            rmse(targets[:count], forecast[:count]),
            mae(targets[:count], forecast[:count]),
            rmse(targets[count:], forecast[count:]),
            mae(targets[count:], forecast[count:]),
        )
        for name, forecast in table.items()
    ]


def verdict(table: Sequence[Score]) -> str:
    """Returns one sentence: whether the first forecast beats the others on the test part."""
    ours, others = table[0], table[1:]
    lost = [f'"{other.name}"' for other in others if ours.test_rmse >= other.test_rmse]
    if lost:
        return f"On the test part the LSTM does not beat {' and '.join(lost)} by RMSE."
    return "On the test part the LSTM beats every baseline by RMSE."


def score_table(rows: Sequence[Score]) -> str:
    """Returns the scores as text, with enough decimals to show four digits of the largest."""
    width = max(len(row.name) for row in rows)
    heads = ("train RMSE", "train MAE", "test RMSE", "test MAE")
    numbers = [(row.train_rmse, row.train_mae, row.test_rmse, row.test_mae) for row in rows]
    cells = iter(texts([value for values in numbers for value in values]))
    lines = [" " * width + "".join(f"  {head:>10}" for head in heads)]
    for row in rows:
        lines.append(f"{row.name:<{width}}" + "".join(f"  {next(cells):>10}" for _ in heads))
    return "\n".join(lines)


def texts(values: Sequence[float] | Series) -> list[str]:
    """Formats numbers with the same number of decimals, four digits for the largest; "-" for
    NaN.
    """
    known = [abs(value) for value in values if not np.isnan(value)]
    largest = max(known, default=0.0)
    style = ".4g"
    if 1e-3 <= largest < 1e7:
        style = f".{max(0, 3 - math.floor(math.log10(largest)))}f"
    return ["-" if np.isnan(value) else format(value, style) for value in values]


def write_csv(path: Path, series: CsvSeries, labels: Sequence[str], ahead: Series) -> None:
    """Writes forecasts to a CSV file with one line per value and nine significant digits.

    Args:
        path: the file; an existing one is overwritten.
        series: the series that was forecast; names the columns.
        labels: the date or the number of each value.
        ahead: the values, as many as labels.

    Raises:
        OSError: the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["date" if series.step else "number", series.column])
    writer.writerows((label, f"{value:.9g}") for label, value in zip(labels, ahead, strict=True))
    path.write_text(text.getvalue(), encoding="utf-8")


def picture(
    name: str,
    series: CsvSeries,
    ahead: Series,
    trained: Trained | None = None,
    table: Mapping[str, Series] | None = None,
    rows: Sequence[Score] = (),
) -> Figure:
    """Draws the series, the forecasts of its targets, and the values after its last."""
    times = _times(series, len(ahead))
    lines: dict[str, tuple[Any, Series]] = {}
    if trained is not None and table is not None:
        count = trained.train_places.size
        lines["LSTM, training part"] = times[trained.train_places], table["LSTM"][:count]
        lines["LSTM, test part"] = times[trained.test_places], table["LSTM"][count:]
        for other in list(table)[1:]:
            lines[other] = times[trained.test_places], table[other][count:]
    past = len(series.values)
    # Joined to the last value, so that a single value ahead is a line too.
    lines["LSTM, forecast"] = times[past - 1 :], np.concatenate([series.values[-1:], ahead])
    errors = texts([row.test_rmse for row in rows])
    listed = [f"{row.name} {error}" for row, error in zip(rows, errors, strict=True)]
    panel = plotting.ForecastPanel(
        f"RMSE on the test part: {', '.join(listed)}" if listed else "",
        times[:past],
        series.values,
        lines,
        None if trained is None else times[trained.cut],
    )
    # matplotlib reads text between two dollar signs as a formula.
    name, column = (text.replace("$", r"\$") for text in (name, series.column))
    body = f"The series and the next {len(ahead)} values. {verdict(rows) if rows else ''}"
    return plotting.plot_forecast(
        f"{name}: {column}\n{body}",
        [panel],
        xlabel="date" if series.step else "number of the value",
        ylabel=column[:40],
    )


def _times(series: CsvSeries, count: int) -> Any:
    """Returns the dates of the series and of the `count` values after it, or numbers from 1."""
    future = series.next_moments(count)
    if series.moments is None or not future:
        return np.arange(1, len(series.values) + count + 1)
    return np.array([*series.moments, *future], dtype="datetime64[s]")


def write_all(files: Mapping[Path, Callable[[Path], object]]) -> None:
    """Writes files atomically: no reader sees an incomplete file."""
    for path, write in files.items():
        try:
            with atomic_draft(path) as temporary:
                write(temporary)
        except OSError as error:
            raise UnusableFileError(
                f"{path}: cannot be written: {error.strerror or error}"
            ) from None
        print(f"wrote {path}")
