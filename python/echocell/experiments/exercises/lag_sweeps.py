"""The open exercises on giving back an earlier integer of a sequence, each a sweep with its answer.

From Jason Brownlee, "How to Learn to Echo Random Integers with LSTMs in Keras" (2017), section
"Extensions". Does a carried state help where the window holds the answer; how far back can the
answer lie; and can a whole sequence be answered, one output per step? The exercises on steps that
are missing are in `lag_padding`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from echocell.experiments.run.base import Experiment, Outcome, Run
from echocell.experiments.run.journal import Result
from echocell.experiments.run.settings import check_counts
from echocell.experiments.run.sweep import (
    EXERCISE,
    UPDATES_NEEDED,
    Point,
    extremes,
    outcome,
    solved_headline,
    solved_text,
    sweep,
    train_until_right,
    updates_table,
)
from echocell.experiments.run.sweep_plot import Panel
from echocell.layers import LSTM, Dense, Input, Masking, TimeDistributed
from echocell.models import Sequential
from echocell.tasks.encoding import Floats, random_values
from echocell.tasks.lag import to_lagged
from echocell.tasks.lag_rows import to_rows

# Reframes so many fresh sequences: x and one-hot answers y, N samples of each sequence.
Generate = Callable[[int], tuple[Floats, Floats]]


@dataclass(frozen=True)
class Limits:
    """In sequences. most_sequences: to give up after; check_every: from test to test; tests: fresh
    ones, every answer of which must be right. batch: samples per update. reset_every: as
    `train_until_right` has it.
    """

    most_sequences: int
    check_every: int
    tests: int
    batch: int
    reset_every: int = 0


def build(
    steps: int,
    n_values: int,
    units: int,
    *,
    carried: int = 0,
    per_step: bool = False,
    mask: float | None = None,
) -> Sequential:
    """One-hot [B, steps, n_values] in, the probability of each value [B, n_values] out.

    carried: the batch size of a model whose state is carried from batch to batch; 0: it is not.
    per_step: an answer at every step, [B, steps, n_values]. mask: steps of this value are skipped.
    """
    model = Sequential()
    model.add(Input(shape=(steps, n_values), batch_size=carried or None))
    if mask is not None:
        model.add(Masking(mask_value=mask))
    model.add(LSTM(units, stateful=carried > 0, return_sequences=per_step))
    dense = Dense(n_values, activation="softmax")
    model.add(TimeDistributed(dense) if per_step else dense)
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


def learn(model: Sequential, generate: Generate, limits: Limits, run: Run, label: str) -> Result:
    """Trains on fresh sequences until nothing is wrong; gives the fields of a Point but its label.

    The samples of limits.check_every sequences must be whole batches.
    """
    test = generate(limits.tests)
    samples = len(test[0]) // limits.tests
    return train_until_right(
        model,
        lambda count: generate(max(1, count // samples)),
        test,
        run,
        label=label,
        most_updates=max(1, limits.most_sequences * samples // limits.batch),
        check_every=max(1, limits.check_every * samples // limits.batch),
        batch_size=limits.batch,
        reset_every=limits.reset_every,
    )


def side_by_side(rows: Floats, aside: int = 1) -> Floats:
    """[S, N, ...] -> [S * N, ...]: the first row of `aside` sequences, their second, and so on."""
    sequences, count, *shape = rows.shape
    groups = rows.reshape(sequences // aside, aside, count, *shape)
    return np.ascontiguousarray(groups.swapaxes(1, 2)).reshape(sequences * count, *shape)


def by_way(points: Sequence[Point], ways: Sequence[str]) -> dict[str, list[Point]]:
    """The points of each way, where all ways follow each other at every place."""
    return {way: list(points[k :: len(ways)]) for k, way in enumerate(ways)}


def times_as_many(
    points: Sequence[Point], others: Sequence[Point], of: Callable[[Point], float]
) -> float:
    """How many times as much of something the points took, on geometric average over the places
    that both learned; NaN where there is none.
    """
    pairs = [(p, q) for p, q in zip(points, others, strict=True) if p.solved and q.solved]
    ratios = [np.log(of(p) / of(q)) for p, q in pairs]
    return float(np.exp(np.mean(ratios))) if ratios else float("nan")


# ---- lag-state ---------------------------------------------------------------------------------

FRESH = "zero state"
PUBLISHED = "state carried as published"
CARRIED = "state carried in order"


@dataclass(frozen=True)
class StateSettings:
    """windows: steps of a sample; of one step, it does not hold the answer. samples: of a sequence,
    each one place further on. batch: samples per update, a divisor of samples, check_every and
    most_sequences. For the others see Limits.
    """

    windows: tuple[int, ...] = (1, 2, 3, 5, 10)
    n_values: int = 100
    units: int = 50
    samples: int = 20
    batch: int = 5
    most_sequences: int = 20_000
    check_every: int = 100
    tests: int = 50

    def __post_init__(self) -> None:
        check_counts(self)
        counts = (self.samples, self.check_every, self.most_sequences)
        if min(self.windows) < 1 or any(count % self.batch for count in counts):
            raise ValueError(
                "expected windows of at least 1 step, and a batch that divides samples, "
                f"check_every and most_sequences, received windows={self.windows} "
                f"batch={self.batch} samples={self.samples} check_every={self.check_every} "
                f"most_sequences={self.most_sequences}"
            )


def run_state(settings: StateSettings, run: Run) -> Outcome:
    """Updates needed with each window, from a state of zeros and from carried states."""
    ways = (FRESH, PUBLISHED, CARRIED)
    points = sweep(
        run,
        [(f"window {steps}, {way}", (steps, way)) for steps in settings.windows for way in ways],
        lambda place, label, rng: _train_state(settings, place, run, label, rng),
    )
    rows = by_way(points, ways)
    panels = [
        Panel.of(UPDATES_NEEDED, rows, "window length (time steps)", settings.windows),
        Panel.accuracy(rows, "window length (time steps)", settings.windows),
    ]
    answer = _state_answer(settings.windows, rows) + "."
    return outcome(updates_table("samples", points), points, answer, panels, run.seed)


def _train_state(
    settings: StateSettings, place: tuple[int, str], run: Run, label: str, rng: np.random.Generator
) -> Result:
    """FRESH and PUBLISHED: a batch is `batch` windows that follow each other, so that a carried
    state is handed to the window `batch` places further on. CARRIED: a batch is one window of each
    of `batch` sequences, and the next batch their next windows.
    """
    steps, way = place
    aside = settings.batch if way == CARRIED else 1
    length = settings.samples + max(1, steps - 1)

    def generate(count: int) -> tuple[Floats, Floats]:
        sequences = random_values((count, length), settings.n_values, rng)
        x, y = to_rows(sequences, settings.n_values, steps)
        return side_by_side(x, aside), side_by_side(y, aside)

    carried = 0 if way == FRESH else settings.batch
    limits = Limits(
        settings.most_sequences,
        settings.check_every,
        # The sequences of a batch that stands side by side are all there.
        -(-settings.tests // aside) * aside,
        settings.batch,
        reset_every=settings.samples * aside if carried else 0,
    )
    model = build(steps, settings.n_values, settings.units, carried=carried)
    return learn(model, generate, limits, run, label)


def _state_answer(windows: Sequence[int], rows: Mapping[str, Sequence[Point]]) -> str:
    holding = [k for k, steps in enumerate(windows) if steps > 1]
    held = {way: [points[k] for k in holding] for way, points in rows.items()}
    texts = []
    if holding:
        texts.append(
            f"where the window contains the answer, {_learned(held[FRESH])} window lengths were "
            f"learned with a {FRESH}"
        )
        texts += [
            f"with a {way}, {_compared(held[way], held[FRESH])}" for way in (CARRIED, PUBLISHED)
        ]
    without = [
        f"{points[k].accuracy:.1f} % with a {way}"
        for way, points in rows.items()
        for k, steps in enumerate(windows)
        if steps == 1
    ]
    if without:
        texts.append(
            "where the window does not contain it, the accuracy in the last test was "
            f"{', '.join(without)}"
        )
    return "; ".join(texts)


def _learned(points: Sequence[Point]) -> str:
    return f"{sum(point.solved for point in points)} of {len(points)}"


def _compared(points: Sequence[Point], fresh: Sequence[Point]) -> str:
    """Whether carrying helped: by what was learned, and if that is the same, by the updates."""
    ratio = times_as_many(points, fresh, lambda p: p.updates)
    if np.isnan(ratio):
        return f"{_learned(points)} were learned"
    more = sum(p.solved for p in points) - sum(p.solved for p in fresh)
    verdict = "no clear difference"
    if more > 0 or (more == 0 and ratio < 0.9):
        verdict = "carrying helps"
    elif more < 0 or ratio > 1.1:
        verdict = "carrying is a disadvantage"
    return (
        f"{_learned(points)} were learned, with {ratio:.2f} times the updates where both ways "
        f"succeeded ({verdict})"
    )


# ---- lag-depth ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class DepthSettings:
    """lags: how many steps back the answer lies; units: of the networks that are tried at each.
    samples: windows of a sequence, one update. For the others see Limits.

    All windows are as long as the greatest lag needs, so that nothing but the lag changes.
    """

    lags: tuple[int, ...] = tuple(range(1, 11))
    units: tuple[int, ...] = (5, 10, 20, 40)
    n_values: int = 10
    samples: int = 15
    most_sequences: int = 20_000
    check_every: int = 250
    tests: int = 50

    def __post_init__(self) -> None:
        check_counts(self)
        if min(self.lags) < 1 or min(self.units) < 1:
            raise ValueError(
                f"expected lags and units of at least 1, received lags={self.lags} "
                f"units={self.units}"
            )


def run_depth(settings: DepthSettings, run: Run) -> Outcome:
    """Updates and units needed, and the accuracy, for each lag."""
    steps = max(settings.lags) + 1
    limits = Limits(settings.most_sequences, settings.check_every, settings.tests, settings.samples)

    def train(place: tuple[int, int], label: str, rng: np.random.Generator) -> Result:
        lag, units = place

        def generate(count: int) -> tuple[Floats, Floats]:
            shape = (count, settings.samples + steps - 1)
            sequences = random_values(shape, settings.n_values, rng)
            x, y = to_rows(sequences, settings.n_values, steps, lag)
            return side_by_side(x), side_by_side(y)

        return learn(build(steps, settings.n_values, units), generate, limits, run, label)

    places = [(lag, units) for lag in settings.lags for units in settings.units]
    points = sweep(run, [(f"t-{lag}, {units} units", (lag, units)) for lag, units in places], train)
    rows = by_way(points, [f"{units} units" for units in settings.units])
    fewest = _fewest_units(settings.units, rows)
    panels = [
        Panel.of(UPDATES_NEEDED, rows, "lag (time steps)", settings.lags, log_x=False),
        Panel.accuracy(rows, "lag (time steps)", settings.lags, log_x=False),
    ]
    answer = _depth_answer(settings, points, rows, fewest) + "."
    table = _depth_table(settings, rows, fewest)
    return outcome(table, points, answer, panels, run.seed)


def _fewest_units(
    units: Sequence[int], rows: Mapping[str, Sequence[Point]]
) -> list[tuple[int, Point] | None]:
    """At each lag: the smallest network that learned it, and how; None where none did."""
    fewest: list[tuple[int, Point] | None] = []
    for points in zip(*rows.values(), strict=True):
        solved = [(count, p) for count, p in zip(units, points, strict=True) if p.solved]
        fewest.append(min(solved, key=lambda pair: pair[0]) if solved else None)
    return fewest


def _depth_table(
    settings: DepthSettings,
    rows: Mapping[str, Sequence[Point]],
    fewest: Sequence[tuple[int, Point] | None],
) -> list[list[str]]:
    """Heads, and a row for each lag: updates with each number of units, or how far it came."""

    def cell(point: Point) -> str:
        return point.updates_text + ("" if point.solved else f" ({point.accuracy:.1f} %)")

    heads = ["echo of", *(f"updates, {way}" for way in rows), "fewest units"]
    cells = zip(*([cell(point) for point in points] for points in rows.values()), strict=True)
    return [
        heads,
        *(
            [f"t-{lag}", *row, str(found[0]) if found else f"over {max(settings.units)}"]
            for lag, row, found in zip(settings.lags, cells, fewest, strict=True)
        ),
    ]


def _depth_answer(
    settings: DepthSettings,
    points: Sequence[Point],
    rows: Mapping[str, Sequence[Point]],
    fewest: Sequence[tuple[int, Point] | None],
) -> str:
    most = max(settings.units)
    text = ""
    largest = zip(settings.lags, rows[f"{most} units"], strict=True)
    if compared := extremes([replace(point, label=f"t-{lag}") for lag, point in largest]):
        text = f"with {most} units, {compared}"
    found = [(f[0], f"t-{lag}") for lag, f in zip(settings.lags, fewest, strict=True) if f]
    if found:
        spans = [
            f"{units} for {', '.join(lag for own, lag in found if own == units)}"
            for units in sorted({units for units, _ in found})
        ]
        text += f"the fewest units that learned a lag were {'; '.join(spans)}; "
    none = [f"t-{lag}" for lag, f in zip(settings.lags, fewest, strict=True) if f is None]
    if none:
        text += f"no network learned {', '.join(none)}; "
    return f"{text}{_learned(points)} networks learned their lag"


# ---- lag-sequence ------------------------------------------------------------------------------

PER_STEP = "one output per step"
PER_WINDOW = "one output per window"


@dataclass(frozen=True)
class SequenceSettings:
    """lags: how many steps back the answers lie. length: integers of a sequence, one update. For
    the others see Limits.
    """

    lags: tuple[int, ...] = (1, 2, 3, 5, 10)
    length: int = 25
    n_values: int = 10
    units: int = 50
    most_sequences: int = 60_000
    check_every: int = 250
    tests: int = 50

    def __post_init__(self) -> None:
        check_counts(self)
        if not 1 <= min(self.lags) <= max(self.lags) < self.length:
            raise ValueError(f"lags: expected lags of 1 to {self.length - 1}, received {self.lags}")


def run_sequence(settings: SequenceSettings, run: Run) -> Outcome:
    """Updates and seconds needed by whole sequences, one output per step, and by windows."""

    def train(place: tuple[int, str], label: str, rng: np.random.Generator) -> Result:
        lag, way = place
        per_step = way == PER_STEP
        steps, batch = (settings.length, 1) if per_step else (lag + 1, settings.length - lag)

        def generate(count: int) -> tuple[Floats, Floats]:
            sequences = random_values((count, settings.length), settings.n_values, rng)
            if per_step:
                return to_lagged(sequences, settings.n_values, depth=lag)[:2]
            x, y = to_rows(sequences, settings.n_values, steps, lag)
            return side_by_side(x), side_by_side(y)

        model = build(steps, settings.n_values, settings.units, per_step=per_step)
        limits = Limits(settings.most_sequences, settings.check_every, settings.tests, batch)
        return learn(model, generate, limits, run, label)

    ways = (PER_STEP, PER_WINDOW)
    places = [(f"t-{lag}, {way}", (lag, way)) for lag in settings.lags for way in ways]
    points = sweep(run, places, train)
    rows = by_way(points, ways)
    panels = [
        Panel.of(
            "updates (one sequence each)", rows, "lag (time steps)", settings.lags, log_x=False
        ),
        Panel.of(
            "training and test time (s)",
            rows,
            "lag (time steps)",
            settings.lags,
            of=lambda p: p.seconds,
            log_x=False,
        ),
        Panel.accuracy(rows, "lag (time steps)", settings.lags, log_x=False),
    ]
    updates, seconds = (
        times_as_many(rows[PER_STEP], rows[PER_WINDOW], of)
        for of in (lambda p: float(p.updates), lambda p: p.seconds)
    )
    done = sum(point.solved for point in rows[PER_STEP])
    answer = f"{done} of {len(settings.lags)} lags were learned with {PER_STEP}"
    if not np.isnan(updates):
        answer += (
            f"; where both ways succeeded, they took {updates:.2f} times the sequences and "
            f"{seconds:.2f} times the time of windows with one output each"
        )
    answer = f"{answer}; {solved_text(points, 'lag')}."
    return outcome(updates_table("echo of", points), points, answer, panels, run.seed)


LAG_STATE = Experiment(
    name="lag-state",
    summary="echo of t-1 from windows, with the state carried or not: does carrying it help?",
    shows=(
        "A carried state holds what came before the window, which is not needed where the window "
        "contains the answer. Carried in order, it goes to the next window; as published, where "
        "a batch consists of consecutive windows, it goes to the window one batch later."
    ),
    published=EXERCISE,
    settings=StateSettings(),
    headline=solved_headline,
    run=run_state,
    group="exercises",
    takes=25,
)
LAG_DEPTH = Experiment(
    name="lag-depth",
    summary="echo of t-1 to t-10: accuracy, and the updates and units that are needed",
    shows=(
        "The windows stay the same, while the requested value lies further and further back. The "
        "first step of a window is marked by the zero state before it; a step in the middle has "
        "to be found by counting."
    ),
    published=EXERCISE,
    settings=DepthSettings(),
    headline=solved_headline,
    run=run_depth,
    group="exercises",
    takes=15,
)
LAG_SEQUENCE = Experiment(
    name="lag-sequence",
    summary="echo of a whole lagged sequence, one output per time step, compared with windows",
    shows=(
        "With an output at every time step the network has to hold several values at once, each "
        "for as long as the lag; with a window it has to hold only one."
    ),
    published=EXERCISE,
    settings=SequenceSettings(),
    headline=solved_headline,
    run=run_sequence,
    group="exercises",
    takes=6,
)
LAG_EXERCISES = (LAG_STATE, LAG_DEPTH, LAG_SEQUENCE)
