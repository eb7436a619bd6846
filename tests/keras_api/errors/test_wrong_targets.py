"""Targets, weights of samples and identifiers that do not fit."""

from __future__ import annotations

import numpy as np

from echocell import layers
from support.mistakes import (
    IDS,
    LABELS,
    C,
    N,
    Row,
    T,
    X,
    Y,
    check,
    compiled,
    mistakes,
    regressor,
    tagger,
    with_value,
    words,
    yes_or_no,
)

TARGETS = [
    Row(
        "class numbers for categorical_crossentropy",
        lambda m: m.fit(X, LABELS),
        (
            "y: expected the shape of the output, (samples, 3), received (6,)",
            "to_categorical(y, 3)",
        ),
    ),
    Row(
        "class numbers in a column",
        lambda m: m.fit(X, LABELS[:, None]),
        ("received (6, 1)", "sparse_categorical_crossentropy"),
    ),
    Row("too few outputs in y", lambda m: m.fit(X, Y[:, :2]), ("received (6, 2)",)),
    Row(
        "fewer targets than samples",
        lambda m: m.fit(X, Y[:4]),
        ("y: expected one row per sample, 6 as in x, received 4",),
    ),
    Row(
        "more targets than samples",
        lambda m: m.evaluate(X[:4], Y, verbose=0),
        ("one row per sample, 4 as in x, received 6",),
    ),
    Row(
        "targets at every step for one output",
        lambda m: m.fit(X, np.repeat(Y[:, None], T, axis=1)),
        ("received (6, 3, 3)", "set return_sequences=True"),
    ),
    Row(
        "one target for outputs at every step",
        lambda m: m.fit(X, LABELS),
        ("class numbers of shape (samples, 3)", "received (6,)", "leave out return_sequences=True"),
        make=tagger,
    ),
    Row(
        "categorical_crossentropy with one output",
        lambda m: m.fit(X, LABELS),
        ("needs at least 2 outputs", "binary_crossentropy"),
        make=lambda: compiled(regressor(), "categorical_crossentropy"),
    ),
    Row(
        "label out of range",
        lambda m: m.fit(X, with_value(np.zeros((N, T)), (0, 0), C)),
        ("y: a model with 3 outputs takes numbers from 0 to 2, received 3",),
        make=tagger,
    ),
    Row(
        "negative label",
        lambda m: m.fit(X, np.full((N, T), -1)),
        ("from 0 to 2, received -1",),
        make=tagger,
    ),
    Row(
        "label that is no whole number",
        lambda m: m.fit(X, np.full((N, T), 0.5)),
        ("y: expected whole numbers, received 0.5",),
        make=tagger,
    ),
    Row(
        "one-hot labels for the sparse loss",
        lambda m: m.fit(X, np.repeat(Y[:, None], T, axis=1)),
        ("look one-hot", "categorical_crossentropy", "argmax"),
        make=tagger,
    ),
    Row(
        "labels above 1 for binary_crossentropy",
        lambda m: m.fit(X, LABELS),
        ("between 0 and 1", "received 2", "categorical_crossentropy"),
        make=yes_or_no,
    ),
    Row(
        "labels of -1 and 1 for binary_crossentropy",
        lambda m: m.fit(X, np.where(LABELS == 0, -1, 1)),
        ("between 0 and 1", "received -1"),
        make=yes_or_no,
    ),
    Row(
        "one value for two outputs",
        lambda m: m.fit(X, LABELS),
        ("the shape of the output, (samples, 2), received (6,)", "needs 1 unit instead of 2"),
        make=lambda: regressor(2),
    ),
    Row(
        "sample weights of another length",
        lambda m: m.fit(X, Y, sample_weight=np.ones(4)),
        ("sample_weight: expected one weight per sample, shape (6,)", "received (4,)"),
    ),
    Row(
        "sample weights per step for one output",
        lambda m: m.fit(X, Y, sample_weight=np.ones((N, T))),
        ("received (6, 3)",),
    ),
    Row(
        "NaN in sample weights",
        lambda m: m.fit(X, Y, sample_weight=[1, 1, 1, np.nan, 1, 1]),
        ("sample_weight: expected finite numbers", "sample_weight[3]"),
    ),
    Row(
        "class_weight is a list",
        lambda m: m.fit(X, Y, class_weight=[1, 2, 3]),
        ("class_weight: expected a dict",),
        TypeError,
    ),
    Row(
        "class_weight by name",
        lambda m: m.fit(X, Y, class_weight={"yes": 2}),
        ("class_weight: class: expected an integer, received 'yes'",),
        TypeError,
    ),
    Row(
        "class_weight of a class beyond the output",
        lambda m: m.fit(X, Y, class_weight={1: 2.0, 3: 2.0}),
        ("class_weight: expected classes from 0 to 2", "counted from 0", "received 3"),
    ),
    Row(
        "class_weight of a class beyond a sparse output",
        lambda m: m.train_on_batch(X, np.tile([0, 1, 2], (N, 1)), class_weight={3: 2.0}),
        ("class_weight: expected classes from 0 to 2", "received 3"),
        make=tagger,
    ),
    Row(
        "class_weight of a third class for yes and no",
        lambda m: m.fit(X, LABELS > 0, class_weight={1: 1.0, 2: 2.0}),
        ("class_weight: expected classes from 0 to 1", "received 2"),
        make=yes_or_no,
    ),
    Row(
        "class_weight of a negative class",
        lambda m: m.fit(X, Y, class_weight={-1: 2.0}),
        ("class_weight: expected classes from 0 to 2", "received -1"),
    ),
    Row(
        "class_weight for values",
        lambda m: m.fit(X, LABELS, class_weight={0: 1.0, 1: 2.0}),
        ("class_weight: targets of mean_squared_error are values", "sample_weight"),
        make=regressor,
    ),
    Row(
        "class_weight in words",
        lambda m: m.fit(X, Y, class_weight={1: "much"}),
        ("class_weight[1]: expected a number, received 'much'",),
        TypeError,
    ),
    Row(
        "class_weight that is not finite",
        lambda m: m.fit(X, Y, class_weight={1: np.nan}),
        ("class_weight[1]: expected a finite number, received nan",),
    ),
]


IDENTIFIERS = [
    Row(
        "id beyond the vocabulary",
        lambda m: m.fit(with_value(IDS, (0, 0), 10), LABELS),
        ("x: Embedding(input_dim=10) takes numbers from 0 to 9, received 10",),
        make=words,
    ),
    Row(
        "negative id",
        lambda m: m.predict(with_value(IDS, (0, 0), -1)),
        ("from 0 to 9, received -1",),
        make=words,
    ),
    Row(
        "id that is no whole number",
        lambda m: m.predict(IDS + 0.5),
        ("x: expected whole numbers, received",),
        make=words,
    ),
    Row(
        "ids with a feature axis",
        lambda m: m.predict(IDS[..., None]),
        ("received (6, 3, 1)",),
        make=words,
    ),
    Row(
        "id that float32 cannot count to",
        lambda m: layers.Embedding(2**24 + 9, 1)(np.array([[2**24 + 1]])),
        ("indices up to 16777216", "float64"),
    ),
]


@mistakes(TARGETS, IDENTIFIERS)
def test_error(row: Row) -> None:
    check(row)
