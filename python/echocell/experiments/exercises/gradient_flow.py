"""gradient-flow: how much of a loss at the end comes back to the hidden state of each step.

dLoss/dh(t) is the gradient along all ways from h(t) to the loss. `model.gradients` gives that of
every input; so the layer is given one more input per pre-activation, always 0, with a weight of 1
(the kernel W becomes W above an identity matrix). What comes back to these inputs at step t is
da(t) = dLoss/da(t), a being what the activations of step t are applied to, exactly. From there one
step of the chain rule leads to the state before, R being the recurrent kernel:

    SimpleRNN, LSTM:  dLoss/dh(t) = da(t+1) R'
    GRU:              dLoss/dh(t) = (da(t+1) * s) R' + z(t+1) * dLoss/dh(t+1)

with s = 1 for the gates and s = r(t+1), the reset gate, for the candidate; z and r come from
`trace`. At the last step it is what the output layer hands down. All of it is in float64, since in
float32 what vanishes would be lost in rounding; the tests hold it against finite differences.

After Hochreiter, "Untersuchungen zu dynamischen neuronalen Netzen" (1991), Bengio, Simard &
Frasconi (1994) and, for clipping, Pascanu, Mikolov & Bengio (2013).

Legend: B batch, T time steps, H units, n blocks of weights per unit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from echocell import _core, plotting
from echocell.experiments.run.base import Array, Experiment, Outcome, Published, Run
from echocell.experiments.run.journal import Result
from echocell.experiments.run.settings import check_counts
from echocell.initializers import Orthogonal
from echocell.layers import GRU, LSTM, Dense, SimpleRNN
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

    from echocell.experiments.run.statistics import Statistic

_SMALLEST = 1e-300  # below it logarithms are cut off
_KINDS = {"SimpleRNN": "-", "GRU": ":", "LSTM": "--"}


@dataclass(frozen=True)
class Settings:
    """steps: of a sequence of normal numbers, whose first is to be given back at the end;
    samples: sequences, the median of whose norms is shown; scales: of the orthogonal recurrent
    kernel of the SimpleRNN; forget_biases: of the LSTM. updates, rate, clip: of the training by SGD
    of the SimpleRNN of the largest scale, without clipping and with global_clipnorm=clip.
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
        check_counts(self)
        if self.steps < 2:
            raise ValueError(f"steps: expected at least 2, received {self.steps}")
        if min(*self.scales, self.rate, self.clip) <= 0:
            raise ValueError(
                "expected scales, rate and clip above 0, received "
                f"scales={self.scales} rate={self.rate} clip={self.clip}"
            )


def build(layer: Any, features: int = 1) -> Sequential:
    """Sequences [B, T, features] in, one number [B, 1] out, in float64."""
    model = Sequential([layer, Dense(1)], dtype="float64")
    model.build((None, None, features))
    model.compile(loss="mean_squared_error", optimizer="sgd")
    return model


def simple_rnn(units: int, scale: float) -> SimpleRNN:
    """A SimpleRNN whose recurrent kernel starts as `scale` times an orthogonal matrix."""
    return SimpleRNN(units, recurrent_initializer=Orthogonal(gain=scale))


def state_gradients(model: Sequential, x: Array, y: Array) -> Array:
    """dLoss/dh(t) of a model made by `build`: x [B, T, F], y [B, 1] -> [B, T, H], where Loss is
    each sequence's own squared error.
    """
    layer: Any = model.layers[0]
    weights = model.get_weights()
    recurrent, head = weights[1], weights[-2]
    da = _pre_activation_gradients(model, x, y)
    error = model.predict(x, verbose=0) - y
    last = 2 * error * head[:, 0]
    if not isinstance(layer, GRU):
        return np.concatenate([da[:, 1:] @ recurrent.T, last[:, np.newaxis]], axis=1)
    trace: dict[str, Array] = layer.trace(x)
    through = da.copy()
    through[..., -layer.units :] *= trace["r"]
    gradients = np.empty_like(trace["h"])
    gradients[:, -1] = last
    for t in range(x.shape[1] - 2, -1, -1):
        straight = trace["z"][:, t + 1] * gradients[:, t + 1]
        gradients[:, t] = through[:, t + 1] @ recurrent.T + straight
    return gradients


def _pre_activation_gradients(model: Sequential, x: Array, y: Array) -> Array:
    """dLoss/da(t) [B, T, nH], through an input of its own for every pre-activation."""
    layer: Any = model.layers[0]
    kernel, *others = model.get_weights()
    features, width = kernel.shape
    twin = build(type(layer).from_config(layer.get_config()), features + width)
    twin.set_weights([np.concatenate([kernel, np.eye(width)]), *others])
    silent = np.zeros((*x.shape[:2], width))
    _, _, dx = twin.gradients(np.concatenate([x, silent], axis=-1), y)
    gradients: Array = len(x) * dx[..., features:]  # the loss is the mean over the batch
    return gradients


def run(settings: Settings, run: Run) -> Outcome:
    """Norms of dLoss/dh(t) in untrained networks, then one training with and without clipping."""
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

    def draw(title: str) -> Figure:
        return _draw(f"{title}\n{flow_answer}\n{clip_answer}", norms, trainings, name)

    return Outcome(
        figures,
        draw,
        notes=(f"Answer (seed {run.seed}): {flow_answer}", f"Clipping: {clip_answer}"),
        table=_table(norms),
    )


def _cells(settings: Settings) -> dict[str, Callable[[], Sequential]]:
    """Label -> what makes the model."""
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


def _flow(make: Callable[[], Sequential], settings: Settings, rng: np.random.Generator) -> Result:
    """The median over the sequences of the norm of dLoss/dh(t), [T]."""
    lengths = np.linalg.norm(state_gradients(make(), *_sequences(settings, rng)), axis=-1)
    return {"norms": np.median(lengths, axis=0).tolist()}


def _sequences(settings: Settings, rng: np.random.Generator) -> tuple[Array, Array]:
    x = rng.standard_normal((settings.samples, settings.steps, 1))
    return x, x[:, 0].copy()


def _train(
    settings: Settings, run: Run, clip: float | None, label: str, _: np.random.Generator
) -> Result:
    """Losses, lengths of the updates over the learning rate, which are the gradients' norms after
    clipping, and the largest recurrent weight at the end. Ends early where numbers leave the range
    of float64.

    Both trainings get the same weights and data: those of the run's seed.
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
    """Glorot's kernels, `scale` times an orthogonal recurrent kernel, zeros as biases."""
    kernel, recurrent, bias, head, head_bias = model.get_weights()
    orthogonal = _core.orthonormal_columns(rng.standard_normal(recurrent.shape))

    def glorot(shape: tuple[int, ...]) -> Array:
        limit = math.sqrt(6 / sum(shape))
        return rng.uniform(-limit, limit, shape)

    return [glorot(kernel.shape), scale * orthogonal, bias, glorot(head.shape), head_bias]


# ---- the answer --------------------------------------------------------------------------------


def _decades(norms: Array) -> float:
    """log10 of the norm at the first step over that at the last."""
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


def _clip_answer(trainings: Mapping[str, Result], settings: Settings, name: str) -> str:
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
    """Heads and rows: the norm so many steps before the end, and the mean factor per step."""
    steps = len(next(iter(norms.values())))
    back = [b for b in (0, 10, 50, 100) if b < steps - 1] + [steps - 1]
    heads = [
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
    return [heads, *rows]


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
    """The column "ours": the powers of ten, lowest and highest."""
    labels = {name.removeprefix("log10, "): value for name, value in statistics.items()}
    least = min(labels, key=lambda label: labels[label].mean)
    most = max(labels, key=lambda label: labels[label].mean)
    low, high = (_power(labels[label].mean) for label in (least, most))
    return f"from {low} ({least}) to {high} ({most})" if low != high else f"{low} in all networks"


GRADIENT_FLOW = Experiment(
    name="gradient-flow",
    summary="norm of dLoss/dh(t) over 200 time steps in SimpleRNN, GRU and LSTM; gradient clipping",
    shows=(
        "The gradient of a loss at the end reaches an early time step through one Jacobian per "
        "step. Their product vanishes or explodes unless something, such as an open forget gate, "
        "keeps it near 1."
    ),
    published=Published(
        "the norm vanishes or explodes exponentially",
        'S. Hochreiter (1991); Y. Bengio, P. Simard & P. Frasconi, "Learning Long-Term '
        'Dependencies with Gradient Descent is Difficult" (1994)',
    ),
    settings=Settings(),
    headline=headline,
    run=run,
    group="exercises",
    takes=2,
)
