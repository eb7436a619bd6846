"""Gradients of the core, of every layer and option, against central differences of its loss."""

from __future__ import annotations

import numpy as np
import pytest

from echocell import _core
from support import tools

LSTM, GRU, RNN = _core.LSTMOptions, _core.GRUOptions, _core.SimpleRNNOptions
DENSE = _core.DenseOptions(units=3)
MASK = _core.MaskingOptions()
B, T, F = 5, 6, 3


def both(kind, merge_mode="concat", **options):
    return _core.BidirectionalOptions(
        forward=kind(units=4, **options),
        backward=kind(units=4, go_backwards=True, **options),
        merge_mode=merge_mode,
    )


def lstm_variants():
    """Every option separately, and the cells of the literature."""
    yield "plain", LSTM(units=4)
    for name in ("peephole", "coupled", "go_backwards", "return_sequences", "stateful"):
        yield name, LSTM(units=4, **{name: True})
    yield "no bias", LSTM(units=4, use_bias=False)
    for gates in ("io", "if", "fo", "i", "f", "o"):
        yield f"gates {gates}", LSTM(units=4, gates=gates, peephole=True)
    yield "coupled peephole", LSTM(units=4, coupled=True, peephole=True)
    for name in tools.BOUNDED + tools.UNBOUNDED:
        yield name, LSTM(units=4, activation=name, peephole=True)
        yield f"gates {name}", LSTM(units=4, recurrent_activation=name, peephole=True)
    yield "dropout", LSTM(units=4, dropout=0.4)
    yield "recurrent dropout", LSTM(units=4, recurrent_dropout=0.4)
    yield "both dropouts", LSTM(units=4, dropout=0.4, recurrent_dropout=0.4, peephole=True)


def gru_variants():
    for after in (True, False):
        name = "reset after" if after else "reset before"
        yield name, GRU(units=4, reset_after=after)
        for option in ("go_backwards", "return_sequences", "stateful"):
            yield f"{name} {option}", GRU(units=4, reset_after=after, **{option: True})
        yield f"{name} no bias", GRU(units=4, reset_after=after, use_bias=False)
        yield f"{name} dropout", GRU(units=4, reset_after=after, dropout=0.4)
        yield f"{name} recurrent", GRU(units=4, reset_after=after, recurrent_dropout=0.4)
        yield f"{name} both", GRU(units=4, reset_after=after, dropout=0.3, recurrent_dropout=0.4)
        for function in ("relu", "hard_sigmoid", "softsign", "elu"):
            options = {"activation": function, "recurrent_activation": function}
            yield f"{name} {function}", GRU(units=4, reset_after=after, **options)


def rnn_variants():
    for name in tools.BOUNDED + tools.UNBOUNDED:
        yield name, RNN(units=4, activation=name)
    for option in ("go_backwards", "return_sequences", "stateful"):
        yield option, RNN(units=4, **{option: True})
    yield "no bias", RNN(units=4, use_bias=False)
    yield "dropouts", RNN(units=4, dropout=0.4, recurrent_dropout=0.3)


def both_variants():
    for mode in ("concat", "sum", "mul", "ave"):
        for sequences in (False, True):
            yield f"{mode} {sequences}", both(LSTM, mode, return_sequences=sequences)
    yield "gru", both(GRU, dropout=0.3, recurrent_dropout=0.3)
    yield "rnn stateful", both(RNN, stateful=True, return_sequences=True)


RECURRENT = {
    f"{kind} {name}": layer
    for kind, variants in (
        ("lstm", lstm_variants()),
        ("gru", gru_variants()),
        ("rnn", rnn_variants()),
        ("both", both_variants()),
    )
    for name, layer in variants
}

SEQUENCES = LSTM(units=4, return_sequences=True)
CHAINS = {
    "dense": ([DENSE], (F,)),
    "dense on steps": ([DENSE, _core.DenseOptions(units=2, activation="softmax")], (T, F)),
    "distributed": ([_core.TimeDistributedOptions(layer=DENSE)], (T, F)),
    "distributed lstm": ([_core.TimeDistributedOptions(layer=LSTM(units=2))], (4, T, F)),
    "stack": ([SEQUENCES, GRU(units=3, return_sequences=True), RNN(units=2), DENSE], (T, F)),
    "autoencoder": ([LSTM(units=4), _core.RepeatVectorOptions(n=T), SEQUENCES, DENSE], (T, F)),
    "flatten": ([SEQUENCES, _core.FlattenOptions(), DENSE], (T, F)),
    "reshape": ([_core.ReshapeOptions(target_shape=[2, 9]), LSTM(units=3)], (T, F)),
    "dropout": ([_core.DropoutOptions(rate=0.4), DENSE], (F,)),
    "dropout on steps": ([SEQUENCES, _core.DropoutOptions(rate=0.4), DENSE], (T, F)),
    "activation": ([SEQUENCES, _core.ActivationOptions(activation="softmax")], (T, F)),
    "masked": ([MASK, SEQUENCES, _core.TimeDistributedOptions(layer=DENSE)], (T, F)),
    "masked stack": ([MASK, both(GRU, return_sequences=True), LSTM(units=3)], (T, F)),
    "words": (
        [_core.EmbeddingOptions(input_dim=9, output_dim=2, mask_zero=True), SEQUENCES, DENSE],
        (T,),
    ),
}


def make_network(layers, shape, loss=None):
    network = tools.make_network(layers, shape, loss=loss)
    rng = np.random.default_rng(3)
    for layer in range(len(layers)):
        for index, (_, parameter) in enumerate(network.parameters(layer)):
            network.set_parameter(layer, index, 0.5 * rng.standard_normal(parameter))
    return network


def make_data(network, layers, shape, rng):
    if isinstance(layers[0], _core.EmbeddingOptions):
        x = rng.integers(0, 9, (B, *shape)).astype(float)
    else:
        x = rng.standard_normal((B, *shape))
    if isinstance(layers[0], _core.MaskingOptions):
        x[rng.random(x.shape[:2]) < 0.4] = 0.0
    return x, rng.standard_normal((B, *network.output_shape(len(layers) - 1)))


def check(network, layers, x, y, sample_weight=None):
    """Every parameter and x, with dropout; its masks are the same in every call."""

    def loss(value=None, layer=0, index=0):
        before = None if value is None else network.get_parameter(layer, index)
        if before is not None:
            network.set_parameter(layer, index, np.ascontiguousarray(value))
        result = network.gradients(x, y, sample_weight, training=True)[0]
        if before is not None:
            network.set_parameter(layer, index, before)
        return result

    _, gradients, dx = network.gradients(x, y, sample_weight, training=True)
    for layer in range(len(layers)):
        for index, (name, _) in enumerate(network.parameters(layer)):
            tools.assert_gradient(
                lambda value, at=(layer, index): loss(value, *at),
                network.get_parameter(layer, index),
                gradients[layer][index],
                f"{name} of layer {layer}",
            )
    if isinstance(layers[0], _core.EmbeddingOptions):
        return
    # A masked step that no longer has the mask's value would become valid.
    free = (x != 0).any(axis=-1, keepdims=True)
    assert (dx[~free[..., 0]] == 0).all() or not isinstance(layers[0], _core.MaskingOptions)
    tools.assert_gradient(
        lambda value: network.gradients(
            np.ascontiguousarray(np.where(free, value, x)), y, sample_weight, training=True
        )[0],
        x,
        dx,
        "x",
    )


@pytest.mark.parametrize("masked", [False, True], ids=["", "masked"])
@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent_layers(name, masked):
    layers = [MASK, RECURRENT[name]] if masked else [RECURRENT[name]]
    rng = np.random.default_rng(4)
    network = make_network(layers, (T, F))
    x, y = make_data(network, layers, (T, F), rng)
    if "stateful" in name:
        widths = network.state_widths(len(layers) - 1)
        states = [rng.standard_normal((B, width)) for width in widths]
        network.set_states(len(layers) - 1, states)
    check(network, layers, x, y)


@pytest.mark.parametrize("name", CHAINS)
def test_chains(name):
    layers, shape = CHAINS[name]
    rng = np.random.default_rng(5)
    network = make_network(layers, shape)
    x, y = make_data(network, layers, shape, rng)
    check(network, layers, x, y, rng.uniform(0.5, 2.0, B))


LOSSES = {
    "categorical": ({"kind": "categorical_crossentropy"}, "softmax"),
    "smoothed": ({"kind": "categorical_crossentropy", "label_smoothing": 0.1}, "softmax"),
    "logits": ({"kind": "categorical_crossentropy", "from_logits": True}, "linear"),
    "sigmoid": ({"kind": "categorical_crossentropy"}, "sigmoid"),
    "sparse": ({"kind": "sparse_categorical_crossentropy"}, "softmax"),
    "binary": ({"kind": "binary_crossentropy"}, "sigmoid"),
    "binary of softmax": ({"kind": "binary_crossentropy"}, "softmax"),
    "binary logits": ({"kind": "binary_crossentropy", "from_logits": True}, "linear"),
    "absolute": ({"kind": "mean_absolute_error"}, "linear"),
    "huber": ({"kind": "huber", "delta": 0.3}, "tanh"),
}


@pytest.mark.parametrize("steps", [False, True], ids=["vectors", "steps"])
@pytest.mark.parametrize("name", LOSSES)
def test_losses(name, steps):
    options, activation = LOSSES[name]
    layers = [
        MASK,
        LSTM(units=4, return_sequences=steps),
        _core.DenseOptions(units=3, activation=activation),
    ]
    rng = np.random.default_rng(6)
    network = make_network(layers, (T, F), _core.LossOptions(**options))
    x, y = make_data(network, layers, (T, F), rng)
    classes = rng.integers(0, 3, y.shape[:-1])
    if "crossentropy" in options["kind"]:
        y = classes.astype(float) if name == "sparse" else np.eye(3)[classes]
    check(network, layers, x, y, rng.uniform(0.5, 2.0, y.shape[:2] if steps else B))


def test_penalties():
    layers = [LSTM(units=4), DENSE]
    rng = np.random.default_rng(7)
    network = make_network(layers, (T, F))
    for layer, index, l1, l2 in (
        (0, 0, 0.1, 0.0),
        (0, 1, 0.0, 0.2),
        (0, 2, 0.1, 0.1),
        (1, 0, 0, 1),
    ):
        network.set_regularizer(layer, index, l1, l2)
    x, y = make_data(network, layers, (T, F), rng)
    check(network, layers, x, y)
    bare = make_network(layers, (T, F)).gradients(x, y)[0]
    weights = [network.get_parameter(0, k) for k in range(3)] + [network.get_parameter(1, 0)]
    l1 = 0.1 * (np.abs(weights[0]).sum() + np.abs(weights[2]).sum())
    l2 = 0.2 * (weights[1] ** 2).sum() + 0.1 * (weights[2] ** 2).sum() + (weights[3] ** 2).sum()
    tools.assert_close(network.gradients(x, y)[0], bare + l1 + l2)
