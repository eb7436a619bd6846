"""The description of an experiment and the outcome of one of its runs.

An experiment is a module that ends with a constant of type `Experiment`:

    @dataclass(frozen=True)
    class EchoSettings(Settings):  # the defaults that `--set key=value` changes
        updates: int = 10_000
        units: int = 25

    def run(settings: EchoSettings, run: Run) -> Outcome: ...

    ECHO = Experiment(name="echo", settings=EchoSettings(), run=run, ...)

The package of its group (tutorials, exercises, paper_1997, later) lists the constant. A run draws
its data from `run.rng`, trains inside `with run.training(updates)`, and returns its figures and a
function that draws the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from echocell.experiments.run.running import Run
from echocell.experiments.run.statistics import Statistic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

S = TypeVar("S")

Draw = Callable[[str], "Figure"]
Table = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Published:
    """A result from the literature.

    Attributes:
        figure: the result, as text.
        source: the publication.
    """

    figure: str
    source: str


@dataclass(frozen=True)
class Outcome:
    """The result of one run.

    Attributes:
        figures: name -> value; percentages are 0..100. The first is the criterion.
        draw: draws the picture below a given title. It is called after the run and only where a
            picture is wanted, so that it may trace the trained model.
        perfect: whether the run made no mistake; None where that does not apply.
        notes: sentences that the report prints unchanged.
        table: headings and rows that the report prints; empty for none.
    """

    figures: Mapping[str, float]
    draw: Draw
    perfect: bool | None = None
    notes: tuple[str, ...] = ()
    table: Table = ()

    @classmethod
    def with_answer(
        cls,
        answer: str,
        seed: int,
        figures: Mapping[str, float],
        draw: Draw,
        *,
        perfect: bool | None = None,
        notes: tuple[str, ...] = (),
        table: Table = (),
    ) -> Outcome:
        """Returns an outcome whose answer is the first note and stands below the picture's title.

        Args:
            answer: one or more sentences that the results of the run decide.
            seed: the seed of the run, which the note names.
            figures: as in the attributes, and so are the following.
            draw: draws the picture below a given title.
            perfect: whether the run made no mistake.
            notes: further notes.
            table: headings and rows.
        """
        return cls(
            figures,
            lambda title: draw(f"{title}\n{answer}"),
            perfect=perfect,
            notes=(f"Answer (seed {seed}): {answer}", *notes),
            table=table,
        )


def percent_headline(statistics: Mapping[str, Statistic]) -> str:
    """Returns the default text of the column "ours": the figure "accuracy" in percent."""
    return f"{statistics['accuracy'].text(2)} %"


@dataclass(frozen=True)
class Experiment(Generic[S]):
    """An experiment that is run by name.

    Attributes:
        name: the name on the command line.
        summary: task and model in one line, for `echocell list`.
        takeaway: one or two sentences on what the experiment demonstrates, for the report.
        published: the published result that ours is compared with.
        settings: the defaults, a frozen dataclass of int, float, bool, str or tuples of numbers.
        run: trains and tests once.
        headline: makes the text of the column "ours" from the statistic of each figure over the
            runs.
        group: the group that `echocell list` names it under.
        takes: the approximate time of one run on two cores, in seconds.
    """

    name: str
    summary: str
    takeaway: str
    published: Published
    settings: S
    run: Callable[[S, Run], Outcome]
    headline: Callable[[Mapping[str, Statistic]], str] = percent_headline
    group: str = "tutorials"
    takes: float = 0.5
