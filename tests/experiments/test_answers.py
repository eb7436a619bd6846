"""The answers of experiments: complete sentences for any results.

An answer compares no number with itself and mentions nothing that was not measured. The results are
canned: nothing is trained.
"""

from __future__ import annotations

import re

import pytest

from echocell.experiments import EXPERIMENTS, GROUPS
from echocell.experiments.run.point import Point
from echocell.experiments.run.statistics import Statistic
from echocell.experiments.run.sweep import extremes, solved_headline, solved_text
from support.canned import SMALLEST, canned_outcome

ANSWERING = [name for name in EXPERIMENTS if name not in SMALLEST]


def point(label: str, updates: int, accuracy: float = 100.0) -> Point:
    return Point(label, accuracy == 100, updates, updates, 0.1, accuracy)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", ANSWERING)
def test_answers_are_sentences(name: str, share: float) -> None:
    outcome = canned_outcome(name, share)
    statistics = {key: Statistic.of([value]) for key, value in outcome.figures.items()}
    texts = [*outcome.notes, EXPERIMENTS[name].headline(statistics)]
    for text in texts:
        assert not re.search(r"\bnan\b|\binf\b|-0\b(?!\.)|  |\.\.(?!\.)| [,;.]|;\.|: ;|\(\)", text)
        assert not re.search(r"\bfrom ([\d.,]+( %)?) to \1(?![\d.,])", text)
        assert not re.search(r"\(([\d,]+)\) and .* the most \(\1\)", text)
    for note in outcome.notes:
        said = re.sub(r"^(Answer \(seed 7\)|Clipping): ", "", note)
        assert said[0].isupper() or said[0] in "*0123456789"
        assert said[-1] == "." or said[0] == "*"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_descriptions_are_complete(name: str) -> None:
    experiment = EXPERIMENTS[name]
    assert len(f"{name}: {experiment.summary}") <= 105
    assert experiment.takeaway[0].isupper()
    assert experiment.takeaway[-1] == "."
    assert experiment.summary[-1] != "."
    assert experiment.group in GROUPS
    assert experiment.published.figure[-1] != "."


def test_answer_gives_the_range_of_updates() -> None:
    a, b, c = point("a", 10), point("b", 20), point("c", 5, 80.0)
    assert extremes([a, b, c]) == "a took the fewest updates (10) and b the most (20); "
    assert extremes([a, c]) == "a took 10 updates; "
    assert extremes([a, point("d", 10)]) == "2 settings took 10 updates each; "
    assert extremes([c]) == ""


def test_answer_lists_the_settings_not_learned() -> None:
    learned, failed = point("a", 10), point("b", 20, 80.0)
    assert solved_text([learned], "length") == "every length was learned"
    assert solved_text([learned, failed], "length") == (
        "1 of 2 settings was not learned within the limit (accuracy in the last test: 80.0 % for b)"
    )
    many = [point(str(k), 9, 50.0 + k) for k in range(9)]
    assert solved_text(many, "length") == (
        "no length was learned within the limit (accuracy in the last test: 50.0 % to 58.0 %)"
    )


def test_headline_of_a_sweep_counts_its_settings() -> None:
    values = {"solved": [50.0, 75.0], **{f"updates, {k}": [9.0, 9.0] for k in range(4)}}
    once = {name: Statistic.of(both[:1]) for name, both in values.items()}
    twice = {name: Statistic.of(both) for name, both in values.items()}
    assert solved_headline(once) == "learned in 2 of 4 settings"
    assert solved_headline(twice) == "learned in 62 ± 18 % of 4 settings"
