"""Measures echocell beside PyTorch, Keras and JAX, in one run.

    python -m bench.compare [ROW ...] [--quick] [--threads 1,2] [--out DIR] [--json FILE]

Every library does the same work from the same weights on the same data; its answer is checked, and
then all are timed in turn. Prints Markdown tables with ratios to echocell, the targets and whether
they are met; --out writes them with a JSON file and a picture. Libraries that are not installed are
left out. See bench/README.md.
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
    parser.add_argument("--quick", action="store_true", help="fewer cases, less time for each")
    parser.add_argument(
        "--threads", type=threads, default=[1, 2], help="for rows that take several (1,2)"
    )
    parser.add_argument("--seconds", type=float, help="for a case with two libraries (1.5)")
    parser.add_argument("--cpu-time", action="store_true", help="of the process, on one thread")
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
    """1 where echocell is measured and its answer is wrong."""
    options = parse()
    limit_threads()
    # Now that they will be told, the libraries may be loaded.
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
