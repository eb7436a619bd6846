"""Initializers: shapes, distributions, seeds, names."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echocell import _core, get_num_threads, initializers, regularizers, set_num_threads
from echocell.layers import GRU, LSTM, SimpleRNN

NAMES = [
    "zeros",
    "ones",
    "constant",
    "random_normal",
    "random_uniform",
    "truncated_normal",
    "variance_scaling",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "orthogonal",
    "identity",
]
RANDOM = [name for name in NAMES if name not in ("zeros", "ones", "constant", "identity")]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shape_and_dtype(name: str, dtype: str) -> None:
    values = initializers.get(name)((7, 5), dtype)
    assert values.shape == (7, 5)
    assert values.dtype == dtype
    assert np.isfinite(values).all()


@pytest.mark.parametrize("name", NAMES)
def test_every_way_to_name_one(name: str) -> None:
    cls = type(initializers.get(name))
    made = [
        initializers.get(cls.__name__),
        initializers.get(cls),
        initializers.get(cls()),
        initializers.get(getattr(initializers, name)),
        initializers.get({"class_name": cls.__name__, "config": {}}),
    ]
    assert [type(item) for item in made] == [cls] * len(made)


@pytest.mark.parametrize(
    ("alias", "cls"),
    [
        ("normal", initializers.RandomNormal),
        ("uniform", initializers.RandomUniform),
        ("zero", initializers.Zeros),
        ("one", initializers.Ones),
    ],
)
def test_old_names(alias: str, cls: type) -> None:
    assert type(initializers.get(alias)) is cls


@pytest.mark.parametrize("name", NAMES)
def test_configuration_gives_the_same_initializer(name: str) -> None:
    before = initializers.get(name)
    config = json.loads(json.dumps(initializers.serialize(before)))
    after = initializers.deserialize(config)
    assert type(after) is type(before)
    assert after.get_config() == before.get_config()


@pytest.mark.parametrize("name", RANDOM)
def test_numpys_seed_makes_it_repeatable(name: str) -> None:
    initializer = initializers.get(name)
    np.random.seed(4)
    first, second = initializer((6, 6)), initializer((6, 6))
    np.random.seed(4)
    again = initializer((6, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("name", RANDOM)
def test_a_seed_of_its_own(name: str) -> None:
    seeded = type(initializers.get(name))(seed=3)
    np.random.seed(0)
    state = np.random.get_state()[1].copy()
    first, second = seeded((6, 6)), seeded((6, 6))
    assert np.array_equal(first, second)
    assert np.array_equal(state, np.random.get_state()[1])
    assert not np.array_equal(first, type(seeded)(seed=5)((6, 6)))


# name, the variance in terms of inputs and outputs, whether the numbers are uniform
SCALED = [
    ("glorot_uniform", lambda i, o: 2 / (i + o), True),
    ("glorot_normal", lambda i, o: 2 / (i + o), False),
    ("he_uniform", lambda i, o: 2 / i, True),
    ("he_normal", lambda i, o: 2 / i, False),
    ("lecun_uniform", lambda i, o: 1 / i, True),
    ("lecun_normal", lambda i, o: 1 / i, False),
]


@pytest.mark.parametrize(("name", "variance", "uniform"), SCALED)
@pytest.mark.parametrize("shape", [(60, 240), (3, 20, 240)])
def test_scaled_variance(name: str, variance, uniform: bool, shape: tuple[int, ...]) -> None:
    np.random.seed(1)
    values = initializers.get(name)(shape, "float64")
    expected = variance(60, 240 * math.prod(shape[:-2]))
    assert values.mean() == pytest.approx(0, abs=0.02 * math.sqrt(expected) * 3)
    assert values.var() == pytest.approx(expected, rel=0.05)
    stddev_before_the_cut = math.sqrt(expected) / 0.87962566103423978
    limit = math.sqrt(3 * expected) if uniform else 2 * stddev_before_the_cut
    assert np.abs(values).max() <= limit
    assert np.abs(values).max() > 0.95 * limit


def test_untruncated_normal() -> None:
    np.random.seed(1)
    values = initializers.VarianceScaling(4.0, "fan_out", "untruncated_normal")((100, 200))
    assert values.std() == pytest.approx(math.sqrt(4 / 200), rel=0.05)
    assert np.abs(values).max() > 3 * math.sqrt(4 / 200)


def test_normal_and_uniform() -> None:
    np.random.seed(1)
    normal = initializers.RandomNormal(2.0, 0.5)((200, 100))
    assert normal.mean() == pytest.approx(2, abs=0.02)
    assert normal.std() == pytest.approx(0.5, rel=0.02)
    cut = initializers.TruncatedNormal(2.0, 0.5)((200, 100))
    assert np.abs(cut - 2).max() <= 1
    assert cut.std() == pytest.approx(0.5 * 0.8796, rel=0.02)
    uniform = initializers.RandomUniform(-1, 3)((200, 100))
    assert -1 <= uniform.min() < -0.99 < 2.99 < uniform.max() <= 3


@pytest.mark.parametrize("shape", [(8, 8), (8, 3), (3, 8), (2, 4, 3)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    np.random.seed(2)
    matrix = initializers.Orthogonal(gain=2.0)(shape, "float64").reshape(-1, shape[-1])
    rows, columns = matrix.shape
    product = matrix @ matrix.T if rows <= columns else matrix.T @ matrix
    assert np.allclose(product, 4 * np.eye(min(rows, columns)), atol=1e-12)


def test_orthogonal_is_uniform_over_signs() -> None:
    np.random.seed(3)
    traces = [np.trace(initializers.Orthogonal()((4, 4), "float64")) for _ in range(400)]
    assert abs(np.mean(traces)) < 0.2  # without the signs of R the mean differs by more than 1


def _qr(matrix: np.ndarray) -> np.ndarray:
    """Returns Q of QR with diag(R) >= 0, computed by LAPACK."""
    q, r = np.linalg.qr(matrix)
    return q * np.where(np.diag(r) < 0, -1.0, 1.0)


@given(
    columns=st.one_of(st.integers(1, 40), st.sampled_from([47, 48, 49, 95, 96, 97, 192, 193])),
    more=st.integers(0, 300),
    seed=st.integers(0, 2**32 - 1),
)
def test_orthogonal_is_the_q_of_normal_numbers(columns: int, more: int, seed: int) -> None:
    long = columns + more
    normal = np.random.RandomState(seed).standard_normal((long, columns))
    orthogonal = initializers.Orthogonal(seed=seed)
    tall, wide = orthogonal((long, columns), "float64"), orthogonal((columns, long), "float64")
    assert np.allclose(tall.T @ tall, np.eye(columns), rtol=0, atol=1e-13)
    # The QR of an ill-conditioned matrix magnifies rounding.
    assert np.allclose(tall, _qr(normal), rtol=0, atol=1e-14 * np.linalg.cond(normal))
    assert np.array_equal(wide, tall.T if more else tall)
    assert np.array_equal(orthogonal((long, columns), "float32"), tall.astype("float32"))


@pytest.mark.parametrize("layer", [LSTM, GRU, SimpleRNN])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_initial_weights_do_not_depend_on_threads_or_blas(layer, dtype: str, monkeypatch) -> None:
    def weights() -> bytes:
        np.random.seed(3)
        made = layer(150, dtype=dtype)
        made.build((None, 4, 8))
        return b"".join(array.tobytes() for array in made.get_weights())

    def refuse(*_: object) -> None:
        raise AssertionError("LAPACK, whose bits depend on the machine")

    monkeypatch.setattr(np.linalg, "qr", refuse)
    before = get_num_threads()
    try:
        found = []
        for threads in (1, 2, 3):
            set_num_threads(threads)
            found.append(weights())
    finally:
        set_num_threads(before)
    assert found[0] == found[1] == found[2]


def test_orthonormal_columns_refuses_other_matrices() -> None:
    with pytest.raises(ValueError, match="rows >= columns"):
        _core.orthonormal_columns(np.ones((3, 5)))
    with pytest.raises(TypeError, match="orthonormal_columns"):
        _core.orthonormal_columns(np.ones((2, 2, 2)))
    assert _core.orthonormal_columns(np.ones((4, 0))).shape == (4, 0)


def test_constant_ones_identity() -> None:
    assert np.array_equal(initializers.Constant(3)((2, 2)), np.full((2, 2), 3.0))
    assert np.array_equal(initializers.Constant(np.array([1.0, 2.0]))((3, 2))[2], [1, 2])
    assert np.array_equal(initializers.Identity(2.0)((2, 3)), [[2, 0, 0], [0, 2, 0]])


def test_own_initializer() -> None:
    class Halves(initializers.Initializer):
        def __call__(self, shape, dtype="float32"):
            return np.full(shape, 0.5, dtype)

    mine = Halves()
    assert initializers.get(mine) is mine
    assert type(initializers.get(Halves)) is Halves
    with pytest.raises(ValueError, match="Halves is none of echocell's own"):
        initializers.serialize(mine)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: initializers.get("glorot_unifrom"), ValueError, "Did you mean 'glorot_uniform'"),
        (lambda: initializers.get("nothing_of_the_sort"), ValueError, "Available: chrono, con"),
        (lambda: initializers.get(None), TypeError, "expected a name"),
        (lambda: initializers.get(lambda shape: 0), TypeError, "expected a name"),
        (lambda: initializers.get({"config": {}}), ValueError, "class_name"),
        (lambda: initializers.GlorotUniform(seed="a"), TypeError, "integer or None for seed"),
        (lambda: initializers.GlorotUniform(seed=-1), ValueError, "0 <= seed"),
        (lambda: initializers.RandomNormal(stddev=-1), ValueError, "0 <= stddev"),
        (lambda: initializers.RandomNormal(stddev=math.nan), ValueError, "received nan"),
        (lambda: initializers.RandomUniform(2, 1), ValueError, "minval <= maxval"),
        (lambda: initializers.VarianceScaling(0), ValueError, "0 < scale"),
        (lambda: initializers.VarianceScaling(mode="fan"), ValueError, "received 'fan'"),
        (lambda: initializers.VarianceScaling(distribution="x"), ValueError, "received 'x'"),
        (lambda: initializers.Orthogonal()((4,)), ValueError, "at least 2 axes"),
        (lambda: initializers.Identity()((4, 4, 4)), ValueError, "2 axes"),
        (lambda: initializers.Initializer()((1,)), NotImplementedError, "must define"),
    ],
)
def test_errors(make, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


# ---- regularizers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identifier", "l1", "l2"),
    [
        ("l1", 0.01, 0),
        ("l2", 0, 0.01),
        ("l1_l2", 0.01, 0.01),
        ("L1", 0.01, 0),
        ("L1L2", 0, 0),
        (regularizers.l2, 0, 0.01),
        (regularizers.L2, 0, 0.01),
        (regularizers.l2(0.5), 0, 0.5),
        (regularizers.l1(0.5), 0.5, 0),
        (regularizers.l1_l2(0.5, 0.25), 0.5, 0.25),
        (regularizers.L1L2(l2=0.25), 0, 0.25),
        ({"class_name": "L1L2", "config": {"l1": 1, "l2": 2}}, 1, 2),
    ],
)
def test_regularizers(identifier: object, l1: float, l2: float) -> None:
    found = regularizers.get(identifier)
    assert (found.l1, found.l2) == (l1, l2)
    weights = np.array([[1.0, -2.0], [3.0, 0.5]])
    assert found(weights) == pytest.approx(l1 * 6.5 + l2 * 14.25)
    again = regularizers.deserialize(json.loads(json.dumps(regularizers.serialize(found))))
    assert (type(again), again.l1, again.l2) == (type(found), l1, l2)


def test_no_regularizer() -> None:
    assert regularizers.get(None) is None
    assert regularizers.serialize(None) is None
    assert regularizers.deserialize(None) is None


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: regularizers.get("l3"), ValueError, "unknown regularizer 'l3'. Available: l1"),
        (lambda: regularizers.get(0.01), TypeError, "expected a name"),
        (lambda: regularizers.l2(-1), ValueError, "0 <= l2"),
        (lambda: regularizers.L1("much"), TypeError, "expected a number for l1"),
    ],
)
def test_regularizer_errors(make, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
