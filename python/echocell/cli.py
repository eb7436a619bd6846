"""The command `echocell`: list, run, forecast, predict, keras.

Exit codes: 0 where all went well, 1 where the work failed, 2 where the command was wrong (one line
says how), 130 after Ctrl-C, 141 where the reader of the output closed the pipe, as `head` does.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from echocell._common import terminal

if TYPE_CHECKING:
    from echocell.experiments import Experiment, Report

WRONG_USE = 2
FAILED = 1
INTERRUPTED = 130
PIPE_CLOSED = 141


class UsageError(Exception):
    """A wrong command; the message is one line."""


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, and leaves it to `main` to end the program."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


@dataclass(frozen=True)
class Command:
    """A subcommand. Both functions import what they need, so that `list` loads no forecaster."""

    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command, sys.argv's if argv is None, and returns its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    # A terminal that cannot show a character gets a question mark, not a traceback.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        code = _exit_code(arguments)
        print(end="", flush=True)  # a closed pipe shows here, not at the interpreter's exit
    except BrokenPipeError:
        _discard_output()
        return PIPE_CLOSED
    except OSError as error:
        _discard_output()
        print(f"echocell: {error}", file=sys.stderr)
        return FAILED
    return code


def _exit_code(arguments: list[str]) -> int:
    try:
        return _dispatch(arguments)
    except UsageError as error:
        print(f"echocell: {error}", file=sys.stderr)
        return WRONG_USE
    except KeyboardInterrupt:
        print("echocell: stopped", file=sys.stderr)
        return INTERRUPTED


def _discard_output() -> None:
    """Points the standard streams nowhere: the interpreter flushes them again at exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _dispatch(arguments: list[str]) -> int:
    if not arguments:
        print(_overview(), file=sys.stderr)
        return WRONG_USE
    name, *rest = arguments
    if name in ("-h", "--help", "help"):
        print(_overview())
        return 0
    if name == "--version":
        from echocell.experiments.run.report import versions

        print(f"echocell {versions()['echocell']}")
        return 0
    if name not in COMMANDS:
        raise UsageError(_unknown("command", name, list(COMMANDS)))
    command = COMMANDS[name]
    parser = _Parser(prog=f"echocell {name}", description=command.help, allow_abbrev=False)
    command.add_arguments(parser)
    return command.run(_parse(parser, rest))


def _parse(parser: argparse.ArgumentParser, arguments: list[str]) -> argparse.Namespace:
    """As parse_args, with the nearest name where an option is unknown."""
    known = [option for action in parser._actions for option in action.option_strings]
    namespace, unknown = parser.parse_known_args(arguments)
    for text in unknown:
        if text.startswith("-"):
            raise UsageError(_unknown("option", text.partition("=")[0], known))
        raise UsageError(f"unexpected argument {text!r}")
    return namespace


def _unknown(what: str, name: str, known: list[str]) -> str:
    from echocell.experiments.run.settings import UnknownNameError

    return str(UnknownNameError(what, name, known))


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name.ljust(width)}  {command.help}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "usage: echocell COMMAND ...",
            "",
            "Trains and runs recurrent networks on the CPU.",
            "",
            *lines,
            "",
            "Run `echocell COMMAND --help` for the options of a command, and",
            "`echocell --version` for the version.",
        ]
    )


# -- list


def _no_arguments(parser: argparse.ArgumentParser) -> None:
    """A command that takes none."""


def _list(_: argparse.Namespace) -> int:
    from echocell.experiments import GROUPS, groups

    heads = ("experiment", "task", "published result", "seconds")
    for index, (group, experiments) in enumerate(groups().items()):
        rows = [
            (one.name, one.summary, one.published.figure, _seconds(one.takes))
            for one in experiments
        ]
        heading = terminal.paragraph(f"{group}: {GROUPS[group]}")
        print("\n" * (index > 0) + heading + "\n")
        print(terminal.table(heads, rows, right=(3,)))
    footnote = (
        "seconds: about what one run takes on two cores with AVX-512, without its picture. Other "
        "processors take up to twice as long."
    )
    print("\n" + terminal.paragraph(footnote))
    return 0


def _seconds(takes: float) -> str:
    return "under 1" if takes < 1 else f"{takes:.0f}"


# -- run


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names",
        nargs="+",
        metavar="NAME",
        help="experiments or groups of experiments, as `echocell list` shows them; `all` stands "
        "for the group tutorials",
    )
    parser.add_argument("--seed", type=int, default=7, help="seed of the first run (default: 7)")
    parser.add_argument(
        "--runs",
        type=int,
        default=1,
        help="number of runs of each experiment, with consecutive seeds (default: 1)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("echocell-results"),
        metavar="DIR",
        help="folder for pictures and JSON files (default: ./echocell-results)",
    )
    parser.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="settings other than the defaults below; each experiment takes those that it has",
    )
    parser.add_argument(
        "--quiet", action="store_true", help="print the results without progress bars"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="continue an interrupted run with the same settings; finished parts are not repeated",
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _settings_help()


def _settings_help() -> str:
    """The settings of every experiment with their defaults."""
    from echocell.experiments import EXPERIMENTS
    from echocell.experiments.run.settings import as_text

    width = max(map(len, EXPERIMENTS))
    lines = [
        terminal.paragraph(
            f"{name.ljust(width)}  {as_text(one.settings)}",
            indent="  ",
            hanging=" " * (width + 4),
        )
        for name, one in EXPERIMENTS.items()
    ]
    return "\n".join(["settings and defaults:", *lines])


def _run(arguments: argparse.Namespace) -> int:
    from echocell.experiments.run.journal import JournalError
    from echocell.experiments.run.report import run_experiment

    chosen = _chosen(arguments.names, arguments.set)
    if arguments.runs < 1:
        raise UsageError(f"--runs: expected at least 1, received {arguments.runs}")
    if not 0 <= arguments.seed <= 2**32 - arguments.runs:
        raise UsageError(f"--seed: expected 0..{2**32 - arguments.runs}, received {arguments.seed}")
    _make_folder(arguments.out)
    try:
        reports = [
            run_experiment(
                experiment,
                settings=settings,
                seed=arguments.seed,
                runs=arguments.runs,
                out=arguments.out,
                quiet=arguments.quiet,
                resume=arguments.resume,
                keep_journal=True,
            )
            for experiment, settings in chosen
        ]
    except JournalError as error:
        raise UsageError(str(error)) from None
    for report in reports:  # until here --resume finds what is done of them all
        report.journal.remove()
    _print_reports(reports, arguments)
    return 0


def _chosen(names: Sequence[str], assignments: Sequence[str]) -> list[tuple[Experiment[Any], Any]]:
    """The experiments and their settings. With several, each takes the settings that it has; one
    that none of them has is an error.
    """
    from echocell.experiments import UnknownNameError
    from echocell.experiments.run import settings as settings_of

    try:
        experiments = list({one.name: one for name in names for one in _named(name)}.values())
        values = settings_of.parse_assignments(assignments)
        known = {key for one in experiments for key in settings_of.names(one.settings)}
        for key in values:
            if key not in known:
                raise UnknownNameError("setting", key, sorted(known))
        return [
            (one, settings_of.changed(one.settings, _having(values, one.settings)))
            for one in experiments
        ]
    except ValueError as error:
        raise UsageError(str(error)) from None


def _named(name: str) -> list[Experiment[Any]]:
    """The experiment of that name, or those of that group."""
    from echocell.experiments import find, groups

    return groups().get("tutorials" if name == "all" else name) or [find(name)]


def _having(values: dict[str, str], settings: Any) -> dict[str, str]:
    from echocell.experiments.run.settings import names

    return {key: value for key, value in values.items() if key in names(settings)}


def _make_folder(path: Path) -> None:
    """Before the work, so that nothing is trained for nothing."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out: cannot make the folder {path}: {error.strerror}") from None


def _print_reports(reports: Sequence[Report], arguments: argparse.Namespace) -> None:
    """Prints the takeaway and the notes of each report, then the tables."""
    from echocell import plotting
    from echocell.experiments.run.tables import (
        joined_table,
        spread_table,
        summary_table,
        with_shared_headings,
    )

    joined = with_shared_headings(reports)
    print()
    for report in reports:
        print(terminal.paragraph(f"{report.experiment.name}: {report.experiment.takeaway}"))
        print(
            terminal.paragraph(f"Published in {report.experiment.published.source}.", indent="  ")
        )
        for note in report.notes:
            print(terminal.paragraph(note, indent="  "))
        if report.table and report not in joined:
            heads, *rows = report.table
            print("\n" + terminal.table(heads, rows, indent="    ") + "\n")
    print()
    if joined:
        print(joined_table(joined), end="\n\n")
    if arguments.runs > 1:
        print(spread_table(reports), end="\n\n")
    if not plotting.available():
        print(
            terminal.paragraph(f"No pictures were drawn: {plotting.MissingPlotExtraError()}"),
            end="\n\n",
        )
    print(f"Pictures and results as JSON: {arguments.out}", end="\n\n")
    print(summary_table(reports))


# -- the commands of other modules


def _add_forecast_arguments(parser: argparse.ArgumentParser) -> None:
    from echocell.forecasting import command as forecast

    forecast.add_arguments(parser)


def _forecast(arguments: argparse.Namespace) -> int:
    from echocell.forecasting import command as forecast

    return forecast.main(arguments)


def _add_predict_arguments(parser: argparse.ArgumentParser) -> None:
    from echocell.forecasting import command as forecast

    forecast.add_predict_arguments(parser)


def _predict(arguments: argparse.Namespace) -> int:
    from echocell.forecasting import command as forecast

    return forecast.predict_main(arguments)


def _add_keras_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("script", metavar="SCRIPT", help="Python script that imports keras")
    parser.add_argument(
        "arguments",
        metavar="ARGS",
        nargs=argparse.REMAINDER,
        help="arguments for the script, passed on unchanged",
    )


def _keras(arguments: argparse.Namespace) -> int:
    from echocell.keras import alias

    return alias.run_script(arguments.script, arguments.arguments)


COMMANDS = {
    "list": Command("list the experiments", _no_arguments, _list),
    "run": Command(
        "run experiments and compare the results with published ones", _add_run_arguments, _run
    ),
    "forecast": Command(
        "train a model on a series in a CSV file and forecast its next values",
        _add_forecast_arguments,
        _forecast,
    ),
    "predict": Command(
        "forecast the values after new rows with a saved model", _add_predict_arguments, _predict
    ),
    "keras": Command(
        "run a Keras script unchanged, with echocell in place of Keras",
        _add_keras_arguments,
        _keras,
    ),
}
