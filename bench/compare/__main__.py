"""Compares echocell with PyTorch, Keras and JAX, in one run.

    python -m bench.compare [ROW ...] [--quick] [--threads 1,2] [--out DIR] [--json FILE]

Every library does the same work from the same weights on the same data; its answers are checked,
and all libraries are timed in turn. Prints Markdown tables with ratios to echocell, the targets and
whether they are met; --out writes them together with a JSON file and a picture. Libraries that are
not installed are left out. See bench/README.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from bench.compare.one_thread import limit_threads

ROWS = ("updates", "calls", "lstm", "step", "gru", "rnn", "wrappers", "startup", "experiments")


def threads(text: str) -> list[int]:
    """The text "1,2" as [1, 2]."""
    counts = sorted({int(part) for part in text.split(",")})
    if counts[0] < 1:
        raise ValueError(text)
    return counts


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.compare", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; all")
    parser.add_argument("--quick", action="store_true", help="fewer cases and less time per case")
    parser.add_argument(
        "--threads",
        type=threads,
        default=[1, 2],
        help="for rows with several threads (default: 1,2)",
    )
    parser.add_argument(
        "--seconds", type=float, help="time per case with two libraries (default: 1.5)"
    )
    parser.add_argument(
        "--cpu-time", action="store_true", help="measure processor time, on one thread"
    )
    parser.add_argument("--wheel", type=Path, help="to be weighed")
    parser.add_argument("--out", type=Path, help="folder for compare.md, .json and .png")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    unknown = [name for name in options.rows if name not in ROWS]
    if unknown:
        parser.error(f"expected rows of {', '.join(ROWS)}, received {', '.join(unknown)}")
    if options.wheel is not None and not options.wheel.is_file():
        parser.error(f"--wheel: expected a file, received {options.wheel}")
    if options.seconds is None:
        options.seconds = 0.3 if options.quick else 1.5
    if options.seconds <= 0:
        parser.error("expected --seconds above 0")
    return options


def main() -> int:
    """Runs the comparison. Returns 1 if echocell was measured with a wrong answer."""
    options = parse()
    limit_threads()
    # The number of threads is set, so that the libraries can be imported now.
    from bench.compare.comparison import compare, write
    from bench.compare.context import Context

    context = Context(
        options.seconds, options.quick, options.threads, options.cpu_time, options.wheel
    )
    outcome = compare(context, options.rows or ROWS)
    print(outcome.text(), flush=True)
    if options.json:
        options.json.write_text(outcome.json(), encoding="utf-8")
    if options.out:
        write(outcome, options.out)
    return int(outcome.is_wrong)


if __name__ == "__main__":
    sys.exit(main())
