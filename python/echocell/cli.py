"""The command `echocell`: list, run, forecast, predict, keras.

Exit codes: 0 after success, 1 after a failure, 2 for an invalid command line (with a message of one
line), 130 after Ctrl-C, 141 if the reader of the output closed the pipe, as `head` does.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from echocell._common.usage import UsageError

WRONG_USE = 2
FAILED = 1
INTERRUPTED = 130
PIPE_CLOSED = 141


class _Parser(argparse.ArgumentParser):
    """A parser that raises UsageError instead of ending the program."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


@dataclass(frozen=True)
class Command:
    """A subcommand. Its functions import their modules on demand, to keep `list` fast."""

    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code.

    Args:
        argv: the arguments of the command. Default None: those of the process.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    # Characters that the terminal cannot show are replaced by a question mark.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        code = _exit_code(arguments)
        print(end="", flush=True)  # raises here, instead of at exit, if the pipe is closed
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
    """Redirects the standard streams to the null device, since they are flushed again at exit."""
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
    """Parses arguments; an unknown option raises UsageError with the nearest name."""
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


# -- the subcommands


def _no_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds no arguments."""


def _list(_: argparse.Namespace) -> int:
    from echocell.experiments import command

    return command.list_experiments()


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    from echocell.experiments import command

    command.add_arguments(parser)


def _run(arguments: argparse.Namespace) -> int:
    from echocell.experiments import command

    return command.run(arguments)


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
