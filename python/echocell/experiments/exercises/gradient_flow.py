"""gradient-flow: the norm of the gradient of a loss at the end, over the steps back in time.

After Hochreiter, "Untersuchungen zu dynamischen neuronalen Netzen" (1991), Bengio, Simard &
Frasconi (1994) and, for clipping, Pascanu, Mikolov & Bengio (2013). The gradients are those of
`state_gradients`.

Legend: T time steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from echocell import _core, plotting
from echocell.experiments.exercises.state_gradients import build, state_gradients
from echocell.experiments.run.experiment import Experiment, Outcome, Published
from echocell.experiments.run.journal import Result
from echocell.experiments.run.measures import Array
from echocell.experiments.run.running import Run
from echocell.experiments.run.settings import Settings
from echocell.experiments.run.statistics import Statistic
from echocell.initializers import Orthogonal
from echocell.layers import GRU, LSTM, SimpleRNN
from echocell.models import Sequential
from echocell.optimizers import SGD
from echocell.plotting.style import (
    BLUE,
    INK,
    RED,
    SERIES_COLOURS,
    legend_above,
    log_axis,
    style_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SMALLEST = 1e-300  # the lower limit of logarithms
_KINDS = {"SimpleRNN": "-", "GRU": ":", "LSTM": "--"}


@dataclass(frozen=True)
class FlowSettings(Settings):
    """Settings of gradient-flow.

    Attributes:
        steps: steps of a sequence of normally distributed numbers, the first of which is the
            target.
        samples: sequences, over which the median of the norms is taken.
        units: units of the cells.
        scales: the scales of the orthogonal recurrent kernels of the SimpleRNN.
        forget_biases: the biases of the forget gate of the LSTM.
        updates: updates of the trainings, which use the SimpleRNN of the largest scale.
        rate: learning rate of SGD.
        clip: global_clipnorm of the second training.
    """

    steps: int = 200
    samples: int = 32
    units: int = 32
    scales: tuple[float, ...] = (0.8, 1.1, 1.5, 2.0)
    forget_biases: tuple[float, ...] = (0.0, 1.0, 5.0)
    updates: int = 200
    rate: float = 0.01
    clip: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps < 2:
            raise ValueError(f"steps: expected at least 2, received {self.steps}")
        if min(*self.scales, self.rate, self.clip) <= 0:
            raise ValueError(
                "expected scales, rate and clip above 0, received "
                f"scales={self.scales} rate={self.rate} clip={self.clip}"
            )


def simple_rnn(units: int, scale: float) -> SimpleRNN:
    """Returns a SimpleRNN with `scale` times an orthogonal matrix as recurrent kernel."""
    return SimpleRNN(units, recurrent_initializer=Orthogonal(gain=scale))


def run_gradient_flow(settings: FlowSettings, run: Run) -> Outcome:
    """Measures dLoss/dh(t) in untrained networks, then trains one with and without clipping."""
    norms = {
        label: np.array(run.once(label, partial(_flow, make, settings))["norms"])
        for label, make in _cells(settings).items()
    }
    scale = max(settings.scales)
    clips = {"without clipping": None, f"clipped to {settings.clip:g}": settings.clip}
    trainings = {
        label: run.once(f"training {label}", partial(_train, settings, run, clip, label))
        for label, clip in clips.items()
    }
    figures = {f"log10, {label}": _decades(values) for label, values in norms.items()}
    name = f"SimpleRNN, scale {scale:g}"
    flow_answer, clip_answer = _flow_answer(norms), _clip_answer(trainings, settings, name)
    return Outcome(
        figures,
        lambda title: _draw(f"{title}\n{flow_answer}\n{clip_answer}", norms, trainings, name),
        notes=(f"Answer (seed {run.seed}): {flow_answer}", f"Clipping: {clip_answer}"),
        table=_table(norms),
    )


def _cells(settings: FlowSettings) -> dict[str, Callable[[], Sequential]]:
    """Returns label -> the function that makes the model."""
    units = settings.units
    cells: dict[str, Callable[[], Sequential]] = {
        f"SimpleRNN, scale {scale:g}": partial(_simple_rnn, units, scale)
        for scale in settings.scales
    }
    cells["GRU"] = lambda: build(GRU(units))
    for bias in settings.forget_biases:
        cells[f"LSTM, forget bias {bias:g}"] = partial(_lstm, units, bias)
    return cells


def _simple_rnn(units: int, scale: float) -> Sequential:
    return build(simple_rnn(units, scale))


def _lstm(units: int, forget_bias: float) -> Sequential:
    model = build(LSTM(units))
    weights = model.get_weights()
    weights[2][units : 2 * units] = forget_bias
    model.set_weights(weights)
    return model


def _flow(
    make: Callable[[], Sequential], settings: FlowSettings, rng: np.random.Generator
) -> Result:
    """Returns the median over the sequences of the norm of dLoss/dh(t), [T]."""
    lengths = np.linalg.norm(state_gradients(make(), *_sequences(settings, rng)), axis=-1)
    return {"norms": np.median(lengths, axis=0).tolist()}


def _sequences(settings: FlowSettings, rng: np.random.Generator) -> tuple[Array, Array]:
    x = rng.standard_normal((settings.samples, settings.steps, 1))
    return x, x[:, 0].copy()


def _train(
    settings: FlowSettings, run: Run, clip: float | None, label: str, _: np.random.Generator
) -> Result:
    """Trains a SimpleRNN by SGD, until numbers leave the range of float64.

    Both trainings start from the same weights and get the same data, from the seed of the run.

    Returns:
        The losses; the lengths of the updates divided by the learning rate, which are the norms of
        the clipped gradients; the largest recurrent weight at the end.
    """
    rng = np.random.default_rng(run.seed)
    model = build(simple_rnn(settings.units, 1.0))
    model.set_weights(_first_weights(model, max(settings.scales), rng))
    optimizer = SGD(settings.rate, global_clipnorm=clip)
    model.compile(loss="mean_squared_error", optimizer=optimizer)
    lengths: list[float] = []
    with run.training(settings.updates, label) as training:
        for _update in range(settings.updates):
            before = model.get_weights()
            training.fit_once(model, *_sequences(settings, rng), batch_size=settings.samples)
            steps = [a - b for a, b in zip(model.get_weights(), before, strict=True)]
            length = math.hypot(*(float(np.linalg.norm(step)) for step in steps)) / settings.rate
            if not (math.isfinite(length) and math.isfinite(training.curve.history["loss"][-1])):
                break
            lengths.append(length)
        losses = training.curve.history["loss"][: len(lengths)]
    weight = min(float(np.max(np.abs(np.nan_to_num(model.get_weights()[1])))), 1 / _SMALLEST)
    return {"losses": losses, "lengths": lengths, "weight": weight}


def _first_weights(model: Sequential, scale: float, rng: np.random.Generator) -> list[Array]:
    """Returns Glorot kernels, `scale` times an orthogonal recurrent kernel, and zero biases."""
    kernel, recurrent, bias, head, head_bias = model.get_weights()
    orthogonal = _core.orthonormal_columns(rng.standard_normal(recurrent.shape))

    def glorot(shape: tuple[int, ...]) -> Array:
        limit = math.sqrt(6 / sum(shape))
        return rng.uniform(-limit, limit, shape)

    return [glorot(kernel.shape), scale * orthogonal, bias, glorot(head.shape), head_bias]


# ---- the answer --------------------------------------------------------------------------------


def _decades(norms: Array) -> float:
    """Returns log10 of the norm at the first step divided by that at the last step."""
    return float(np.log10(max(norms[0], _SMALLEST) / max(norms[-1], _SMALLEST)))


def _verdict(norms: Array) -> str:
    decades = _decades(norms)
    if abs(decades) <= 2:
        return "is kept"
    return "vanishes" if decades < 0 else "explodes"


def _flow_answer(norms: Mapping[str, Array]) -> str:
    parts = []
    for verdict in ("vanishes", "is kept", "explodes"):
        labels = [
            f"{label} ({_power(_decades(values))})"
            for label, values in norms.items()
            if _verdict(values) == verdict
        ]
        if labels:
            parts.append(f"{verdict} in {', '.join(labels)}")
    steps = len(next(iter(norms.values())))
    return (
        f"Over {steps} time steps the gradient of the loss with respect to h {'; '.join(parts)}. "
        "In parentheses: the norm at the first step divided by that at the last; a factor of at "
        "most 100 either way counts as kept."
    )


def _power(exponent: float) -> str:
    return f"10^{round(exponent)}"


def _clip_answer(trainings: Mapping[str, Result], settings: FlowSettings, name: str) -> str:
    parts = []
    for label, result in trainings.items():
        losses, lengths = result["losses"], result["lengths"]
        if len(lengths) < settings.updates:
            ended = f"left the range of float64 after {len(lengths)} updates"
            parts.append(f"{label}, the training {ended}")
        if losses:
            tail = float(np.median(losses[-20:]))
            parts.append(
                f"{label}, the largest update was {max(lengths):.2g} times the learning rate, the "
                f"largest recurrent weight at the end was {result['weight']:.2g}, and the median "
                f"loss of the last 20 updates was {tail:.3g}"
            )
    return (
        f"{name}, SGD with learning rate {settings.rate:g}: {'; '.join(parts)}. Always answering 0 "
        "has a loss of 1. Clipping scales the whole gradient: it bounds the size of an update, but "
        "not the relative contributions of the time steps, so a vanished gradient stays vanished."
    )


def _table(norms: Mapping[str, Array]) -> list[list[str]]:
    """Returns the headings and a row for each cell: norms, and the mean factor per step."""
    steps = len(next(iter(norms.values())))
    back = [b for b in (0, 10, 50, 100) if b < steps - 1] + [steps - 1]
    headings = [
        "cell",
        *(f"t = T - {b}" if b else "t = T" for b in back),
        "factor per step",
        "gradient",
    ]
    rows = [
        [
            label,
            *(f"{values[-1 - b]:.1e}" for b in back),
            f"{10 ** (_decades(values) / (steps - 1)):.3f}",
            _verdict(values),
        ]
        for label, values in norms.items()
    ]
    return [headings, *rows]


# ---- the picture -------------------------------------------------------------------------------


def _draw(
    title: str, norms: Mapping[str, Array], trainings: Mapping[str, Result], name: str
) -> Figure:
    figure, body = plotting.titled_figure(title, 6.5)
    left, right = body.subfigures(1, 2, squeeze=False, width_ratios=(1.5, 1))[0]
    norm_axes = left.subplots()
    _draw_norms(norm_axes, norms)
    legend_above(left, [norm_axes])
    upper, lower = right.subplots(2, 1, sharex=True)
    _draw_training(upper, trainings, "lengths", f"{name}: size of each update / learning rate")
    _draw_training(lower, trainings, "losses", "loss before each update")
    lower.set_xlabel("updates", fontsize=10.5, color=INK)
    legend_above(right, [upper])
    return figure


def _draw_norms(axes: Axes, norms: Mapping[str, Array]) -> None:
    style_axes(axes, title="norm of dLoss/dh(t) before training", xlabel="time step t")
    counts = dict.fromkeys(_KINDS, 0)
    for label, values in norms.items():
        kind = label.partition(",")[0]
        colour = SERIES_COLOURS[(counts[kind] + (4 if kind == "GRU" else 0)) % len(SERIES_COLOURS)]
        counts[kind] += 1
        shown = np.maximum(values, _SMALLEST)
        axes.plot(
            range(1, len(values) + 1), shown, _KINDS[kind], color=colour, linewidth=2, label=label
        )
    axes.axhline(1, color=INK, linewidth=0.8)
    log_axis(axes)


def _draw_training(axes: Axes, trainings: Mapping[str, Result], what: str, title: str) -> None:
    style_axes(axes, title=title)
    for (label, result), colour in zip(trainings.items(), (RED, BLUE), strict=True):
        values: Sequence[float] = result[what]
        shown = np.maximum(np.array(values, dtype=float), _SMALLEST)
        axes.plot(range(1, len(values) + 1), shown, color=colour, linewidth=1.4, label=label)
    log_axis(axes)


def headline(statistics: Mapping[str, Statistic]) -> str:
    """Returns the column "ours": the lowest and the highest power of ten."""
    labels = {name.removeprefix("log10, "): value for name, value in statistics.items()}
    least = min(labels, key=lambda label: labels[label].mean)
    most = max(labels, key=lambda label: labels[label].mean)
    low, high = (_power(labels[label].mean) for label in (least, most))
    return f"from {low} ({least}) to {high} ({most})" if low != high else f"{low} in all networks"


GRADIENT_FLOW = Experiment(
    name="gradient-flow",
    summary="norm of dLoss/dh(t) over 200 time steps in SimpleRNN, GRU and LSTM; gradient clipping",
    takeaway=(
        "The gradient of a loss at the end reaches an early time step through one Jacobian per "
        "step. Their product vanishes or explodes unless something, such as an open forget gate, "
        "keeps it near 1."
    ),
    published=Published(
        "the norm vanishes or explodes exponentially",
        'S. Hochreiter (1991); Y. Bengio, P. Simard & P. Frasconi, "Learning Long-Term '
        'Dependencies with Gradient Descent is Difficult" (1994)',
    ),
    settings=FlowSettings(),
    headline=headline,
    run=run_gradient_flow,
    group="exercises",
    takes=2,
)
