"""`echocell forecast` and `echocell predict`: forecasts of a series in a CSV file.

Legend: K horizon, the number of values to forecast.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from echocell import plotting
from echocell._common import terminal
from echocell.forecasting.csv_rows import UnusableFileError
from echocell.forecasting.csv_series import CsvSeries, read_series
from echocell.forecasting.model import ForecastConfig, Forecaster, TooShortError, Trained, train
from echocell.forecasting.report import (
    all_forecasts,
    picture,
    score_table,
    scores,
    texts,
    verdict,
    write_all,
    write_csv,
)
from echocell.tasks.series import Series

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_AHEAD = 100_000
_SHOWN_AHEAD = 24
DEFAULT_HORIZON = 12
DEFAULT_SEED = 7


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `echocell forecast`."""
    defaults = ForecastConfig()
    parser.add_argument(
        "data", metavar="DATA.csv", type=Path, help="CSV file with a column of numbers"
    )
    _add_column(parser, "the last column of numbers")
    parser.add_argument(
        "--look-back",
        metavar="N",
        type=_count,
        help="number of past values that the model reads for each forecast (default: 12, fewer for "
        "short series)",
    )
    _add_horizon(parser)
    parser.add_argument(
        "--units",
        metavar="U",
        type=_count,
        default=defaults.units,
        help="number of LSTM units (default: %(default)s)",
    )
    parser.add_argument(
        "--epochs",
        metavar="E",
        type=_count,
        default=defaults.epochs,
        help="largest number of training epochs; training stops early when the validation loss no "
        "longer decreases (default: %(default)s)",
    )
    parser.add_argument(
        "--test-share",
        metavar="S",
        type=_share,
        default=defaults.test_share,
        help="share of the series, at its end, that is used for testing and not for training "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--season",
        metavar="N",
        type=_count,
        help="number of values in a season, for the seasonal baselines (default: derived from the "
        "dates; without dates there are no seasonal baselines)",
    )
    parser.add_argument(
        "--save",
        metavar="MODEL",
        type=Path,
        help="file for the trained model (default: a file in the output folder)",
    )
    _add_out(parser)
    parser.add_argument(
        "--seed",
        type=_seed,
        default=DEFAULT_SEED,
        help="seed of the initial weights and of shuffling (default: %(default)s)",
    )


def add_predict_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments of `echocell predict`."""
    parser.add_argument(
        "model", metavar="MODEL", type=Path, help="model file written by `echocell forecast`"
    )
    parser.add_argument("data", metavar="DATA.csv", type=Path, help="CSV file with the new rows")
    _add_column(parser, "the column that the model was trained on")
    _add_horizon(parser)
    _add_out(parser)


def main(args: argparse.Namespace) -> int:
    """Runs `echocell forecast`. Returns 0, or 2 with one line on stderr if the file is unusable."""
    return _run(_forecast, args)


def predict_main(args: argparse.Namespace) -> int:
    """Runs `echocell predict`. Returns 0, or 2 with one line on stderr if a file is unusable."""
    return _run(_predict, args)


# -- forecast


def _forecast(args: argparse.Namespace) -> None:
    out, save = args.out, args.save or args.out / f"{args.data.stem}-model.safetensors"
    series = read_series(args.data, args.column)
    say = _silent if args.quiet else print
    _say_series(say, args.data, series)
    _prepare(out)
    _prepare(save.parent)
    if save.is_dir() or (save.exists() and save.samefile(args.data)):
        raise UnusableFileError(f"{save}: the model cannot be written there")
    config = ForecastConfig(args.look_back, args.units, args.epochs, args.test_share, args.seed)
    trained = train(series.values, config, column=series.column, verbose=0 if args.quiet else 1)
    _say_training(say, series, trained, config)
    table = all_forecasts(series, trained, args.season)
    rows = scores(series.values, trained, table)
    print(score_table(rows))
    print(verdict(rows))
    ahead = trained.forecaster.ahead(series.values, args.horizon)
    labels = series.next_labels(args.horizon)
    _print_ahead(labels, ahead)
    write_all(
        {
            out / f"{args.data.stem}-forecast.csv": lambda path: write_csv(
                path, series, labels, ahead
            ),
            save: trained.forecaster.save,
        }
    )
    _draw(
        out / f"{args.data.stem}-forecast.png",
        lambda: picture(args.data.name, series, ahead, trained, table, rows),
    )


def _say_series(say: Callable[[str], object], path: Path, series: CsvSeries) -> None:
    say(f"{path}: {len(series.values)} values, {series.labels[0]} to {series.labels[-1]}")
    for note in series.notes:
        say(f"  {note}")


def _say_training(
    say: Callable[[str], object], series: CsvSeries, trained: Trained, config: ForecastConfig
) -> None:
    forecaster, labels, cut = trained.forecaster, series.labels, trained.cut
    say(
        f"training part: {cut} values to {labels[cut - 1]}; "
        f"test part: {len(labels) - cut} values from {labels[cut]}"
    )
    scaler = forecaster.scaler
    model = (
        f"model: LSTM({config.units}) over {forecaster.look_back} time steps, Dense(1); "
        f"scaled by {scaler.low:g} to {scaler.high:g}, the range of the training part alone, "
        "and measured from each window's mean"
    )
    say(terminal.paragraph(model))
    if trained.validated:
        say(
            f"trained for {trained.epochs} epochs, kept epoch {trained.best_epoch}: the best on "
            f"the last {trained.validated} training targets"
        )
    else:
        say(f"trained for {trained.epochs} epochs; too few targets to stop early by")
    say(f"seed: {config.seed}")


# -- predict


def _predict(args: argparse.Namespace) -> None:
    forecaster = _load(args.model)
    series = _read_for(forecaster, args.data, args.column)
    say = _silent if args.quiet else print
    _say_series(say, args.data, series)
    _prepare(args.out)
    ahead = forecaster.ahead(series.values, args.horizon)
    labels = series.next_labels(args.horizon)
    _print_ahead(labels, ahead)
    stem = f"{args.data.stem}-prediction"
    write_all({args.out / f"{stem}.csv": lambda path: write_csv(path, series, labels, ahead)})
    _draw(args.out / f"{stem}.png", lambda: picture(args.data.name, series, ahead))


def _load(path: Path) -> Forecaster:
    if not path.exists():
        raise UnusableFileError(f"{path}: there is no such file")
    try:
        return Forecaster.load(path)
    except (OSError, ValueError, TypeError) as error:
        raise UnusableFileError(f"{path}: {error}") from None


def _read_for(forecaster: Forecaster, path: Path, column: str | None) -> CsvSeries:
    if column is not None:
        return read_series(path, column)
    try:
        return read_series(path, forecaster.column)
    except UnusableFileError as error:
        if "has no column" not in str(error):
            raise
        raise UnusableFileError(
            f"{error} (the model was trained on {forecaster.column!r}; --column takes another)"
        ) from None


# -- common to both commands


def _run(command: Callable[[argparse.Namespace], None], args: argparse.Namespace) -> int:
    try:
        command(args)
    except (UnusableFileError, TooShortError) as error:
        where = f"{args.data}: " if isinstance(error, TooShortError) else ""
        # One line, whatever characters the name of a file or a cell contains.
        print(f"echocell: {' '.join(f'{where}{error}'.split())}", file=sys.stderr)
        return 2
    return 0


def _print_ahead(labels: Sequence[str], ahead: Series) -> None:
    print(f"the next {len(ahead)} values; each forecast is an input of the next:")
    shown = ahead[:_SHOWN_AHEAD]
    for label, value in zip(labels, texts(shown), strict=False):
        print(f"  {label}  {value}")
    if len(ahead) > _SHOWN_AHEAD:
        print(f"  and {len(ahead) - _SHOWN_AHEAD} more")


def _draw(path: Path, make: Callable[[], Figure]) -> None:
    if not plotting.available():
        print(f"no picture: {plotting.MissingPlotExtraError()}")
        return

    def write(temporary: Path) -> None:
        with warnings.catch_warnings():
            # A column's name may contain characters that matplotlib's font lacks.
            warnings.simplefilter("ignore")
            plotting.save(make(), temporary)

    write_all({path: write})


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UnusableFileError(
            f"{folder}: cannot be written to: {error.strerror or error}"
        ) from None


def _silent(_: str) -> None:
    """Ignores a line of the report."""


def _add_column(parser: argparse.ArgumentParser, default: str) -> None:
    parser.add_argument(
        "--column", metavar="NAME", help=f"name or number of the column (default: {default})"
    )


def _add_horizon(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--horizon",
        metavar="K",
        type=_count,
        default=DEFAULT_HORIZON,
        help="number of values to forecast (default: %(default)s)",
    )


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("echocell-results"),
        help="output folder (default: %(default)s)",
    )
    parser.add_argument("--quiet", action="store_true", help="print the results without progress")


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MOST_AHEAD:
        raise argparse.ArgumentTypeError(f"expected 1 to {_MOST_AHEAD}, received {text!r}")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"expected 0 to {2**32 - 1}, received {text!r}")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0.0 < share < 1.0:
        raise argparse.ArgumentTypeError(f"expected a number between 0 and 1, received {text!r}")
    return share
