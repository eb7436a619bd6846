"""Masks through TimeDistributed: which steps of the inner sequences count.

B batch, T outer steps, K inner steps, F features, H units.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell.layers import (
    GRU,
    LSTM,
    Activation,
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    Input,
    Masking,
    RepeatVector,
    SimpleRNN,
    TimeDistributed,
)
from echocell.models import Sequential

VOCABULARY, F, H = 7, 3, 2
MASKERS: dict[str, Callable[[], Any]] = {
    "embedding": lambda: Embedding(VOCABULARY, F, mask_zero=True),
    "inner embedding": lambda: TimeDistributed(Embedding(VOCABULARY, F, mask_zero=True)),
    "masking": Masking,
    "inner masking": lambda: TimeDistributed(Masking()),
}
RECURRENT: dict[str, Callable[..., Any]] = {
    "lstm": LSTM,
    "gru": GRU,
    "simple rnn": SimpleRNN,
    "both ways": lambda units, **options: Bidirectional(LSTM(units, **options)),
}


def draw(rng: np.random.Generator, ids: bool, shape: tuple[int, ...]) -> np.ndarray:
    """Returns inner sequences, some with padding, some of padding only."""
    share = rng.choice([0.0, 0.4, 1.0], (*shape[:-1], 1), p=[0.3, 0.5, 0.2])
    valid = rng.uniform(size=shape) >= share
    if ids:
        return rng.integers(1, VOCABULARY, shape) * valid
    return rng.normal(size=(*shape, F)) * valid[..., np.newaxis]


@given(
    masker=st.sampled_from(sorted(MASKERS)),
    kind=st.sampled_from(sorted(RECURRENT)),
    between=st.sampled_from(["nothing", "dense", "dropout", "recurrent"]),
    extents=st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 5)),
    seed=st.integers(0, 999),
)
def test_the_inner_layer_skips_what_is_masked(
    masker: str, kind: str, between: str, extents: tuple[int, int, int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    ids = "embedding" in masker
    x = draw(rng, ids, extents)
    middle = {
        "nothing": lambda: [],
        "dense": lambda: [TimeDistributed(Dense(F)), Activation("tanh")],
        "dropout": lambda: [TimeDistributed(Dropout(0.5))],
        "recurrent": lambda: [TimeDistributed(GRU(F, return_sequences=True))],
    }[between]
    model = Sequential(
        [
            Input(x.shape[1:]),
            MASKERS[masker](),
            *middle(),
            TimeDistributed(RECURRENT[kind](H)),
        ],
        dtype="float64",
    )
    plain = [layer.layer if isinstance(layer, TimeDistributed) else layer for layer in middle()]
    first = [Embedding(VOCABULARY, F)] if ids else []
    alone = Sequential(
        [Input((None,) if ids else (None, F)), *first, *plain, RECURRENT[kind](H)], dtype="float64"
    )
    alone.set_weights(model.get_weights())
    output = model.predict(x)
    for b, t in np.ndindex(*extents[:2]):
        row = x[b, t]
        counts = row != 0 if ids else (row != 0).any(axis=-1)
        expected = alone.predict(row[counts][np.newaxis])[0] if counts.any() else 0.0
        np.testing.assert_allclose(output[b, t], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("masker", MASKERS)
@pytest.mark.parametrize("after", ["recurrent", "recurrent, repeated", "dense"])
def test_an_outer_step_without_any_is_masked(masker: str, after: str) -> None:
    rng = np.random.default_rng(4)
    ids = "embedding" in masker
    x = draw(rng, ids, (6, 5, 3))
    x[1, 2:], x[2, 0], x[3, :, 1:] = 0, 0, 0
    layers = [TimeDistributed(LSTM(H)), GRU(4, return_sequences=True), Dense(2)]
    if after == "recurrent, repeated":
        layers.insert(1, TimeDistributed(RepeatVector(2)))
        layers.insert(2, TimeDistributed(LSTM(H)))
    if after == "dense":
        del layers[1]
    model = Sequential([Input(x.shape[1:]), MASKERS[masker](), *layers], dtype="float64")
    model.compile("sgd", "mse")
    y = rng.normal(size=(6, 5, 2))
    valid = x.reshape(6, 5, -1).any(axis=-1)
    errors = ((model.predict(x) - y) ** 2).mean(axis=-1)
    loss, _, _ = model.gradients(x, y)
    assert loss == pytest.approx(errors[valid].mean())
    other = y.copy()
    other[~valid] = 99.0  # targets of masked steps have no effect
    assert model.evaluate(x, other, verbose=0) == pytest.approx(loss)
    assert np.isfinite(model.fit(x, y, epochs=2, verbose=0).history["loss"]).all()


@pytest.mark.parametrize("masker", ["masking", "inner masking"])
def test_gradients(masker: str) -> None:
    """Gradients against finite differences by the weights; masked numbers have none."""
    rng = np.random.default_rng(6)
    x = draw(rng, False, (3, 4, 3))
    layers = [TimeDistributed(LSTM(H, return_sequences=True)), TimeDistributed(GRU(H)), LSTM(2)]
    model = Sequential([Input(x.shape[1:]), MASKERS[masker](), *layers], dtype="float64")
    model.compile("sgd", "mse")
    y = rng.normal(size=(3, 2))
    _, gradients, dx = model.gradients(x, y)
    weights = model.get_weights()
    assert not dx[(x == 0).all(axis=-1)].any()
    for k in range(len(weights)):
        direction = rng.normal(size=weights[k].shape)
        values = []
        for step in (1e-6, -1e-6):
            moved = [w + step * direction if j == k else w for j, w in enumerate(weights)]
            model.set_weights(moved)
            values.append(model.evaluate(x, y, verbose=0))
        model.set_weights(weights)
        slope = (values[0] - values[1]) / 2e-6
        assert slope == pytest.approx((gradients[k] * direction).sum(), rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("ids", [True, False])
def test_one_inside_the_other(ids: bool) -> None:
    """Words in sentences in documents: each level skips what is empty in the level below."""
    rng = np.random.default_rng(7)
    x = draw(rng, ids, (3, 2, 4, 3))
    x[:, 0, 2:], x[0, 1] = 0, 0
    masker = Embedding(VOCABULARY, F, mask_zero=True) if ids else Masking()
    inner = TimeDistributed(TimeDistributed(LSTM(H)))
    model = Sequential(
        [Input(x.shape[1:]), masker, inner, TimeDistributed(GRU(H)), LSTM(2)], dtype="float64"
    )
    weights = model.get_weights()
    first = [Embedding(VOCABULARY, F)] if ids else []
    words = Sequential([Input((None,) if ids else (None, F)), *first, LSTM(H)], dtype="float64")
    words.set_weights(weights[: len(first) + 3])
    sentences = Sequential([Input((None, H)), GRU(H)], dtype="float64")
    sentences.set_weights(weights[len(first) + 3 :][:3])
    documents = Sequential([Input((None, H)), LSTM(2)], dtype="float64")
    documents.set_weights(weights[-3:])

    def through(model: Sequential, rows: list[np.ndarray]) -> np.ndarray:
        return model.predict(np.array(rows)[np.newaxis])[0]

    def words_of(sentence: np.ndarray) -> list[np.ndarray]:
        return [word for word in sentence if np.any(word)]

    def sentences_of(document: np.ndarray) -> list[np.ndarray]:
        return [through(words, words_of(k)) for k in document if np.any(k)]

    for output, sample in zip(model.predict(x), x, strict=True):
        rows = [through(sentences, sentences_of(k)) for k in sample if np.any(k)]
        np.testing.assert_allclose(output, through(documents, rows), rtol=1e-9)


@pytest.mark.parametrize("masker", MASKERS)
def test_a_stateful_inner_layer_goes_on_behind_what_is_masked(masker: str) -> None:
    rng = np.random.default_rng(9)
    ids = "embedding" in masker
    x = draw(rng, ids, (2, 4, 3))
    x[0, 1], x[1, 0, 1:] = 0, 0
    inner = TimeDistributed(LSTM(H, stateful=True))
    model = Sequential([Input(x.shape[1:], batch_size=2), MASKERS[masker](), inner])
    first = [Embedding(VOCABULARY, F)] if ids else []
    alone = Sequential([Input((None,) if ids else (None, F)), *first, LSTM(H)])
    alone.set_weights(model.get_weights())
    output = model.predict(x)
    for b in range(2):
        for t in range(4):
            so_far = x[b, : t + 1].reshape(-1, *x.shape[3:])
            counts = so_far != 0 if ids else (so_far != 0).any(axis=-1)
            here = np.any(x[b, t])
            expected = alone.predict(so_far[counts][np.newaxis])[0] if here else 0.0
            np.testing.assert_allclose(output[b, t], expected, rtol=1e-4, atol=1e-6)
