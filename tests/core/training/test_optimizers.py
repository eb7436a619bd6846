"""Optimizers: arguments of two Keras generations, the live learning rate, names, errors."""

from __future__ import annotations

import copy
import gc
import json
import math
import pickle
from typing import Any

import numpy as np
import pytest

from echocell import _core, backend, optimizers
from echocell.optimizers import SGD, Adagrad, Adam, AdamW, RMSprop

CLASSES = [SGD, RMSprop, Adam, AdamW, Adagrad]
DEFAULTS: dict[type, dict[str, Any]] = {
    SGD: {"learning_rate": 0.01, "momentum": 0.0, "nesterov": False, "weight_decay": None},
    RMSprop: {"learning_rate": 0.001, "rho": 0.9, "epsilon": 1e-7, "centered": False},
    Adam: {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
    AdamW: {"learning_rate": 0.001, "weight_decay": 0.004, "beta_1": 0.9, "epsilon": 1e-7},
    Adagrad: {"learning_rate": 0.001, "initial_accumulator_value": 0.1, "epsilon": 1e-7},
}


class Network:
    """The part of the core's interface that an optimizer uses."""

    def __init__(self, learning_rate: float = 0.5, iterations: int = 7) -> None:
        self.learning_rate = learning_rate
        self.iterations = iterations


# ---- arguments ---------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", CLASSES)
def test_defaults_are_keras(cls: type[optimizers.Optimizer]) -> None:
    config = cls().get_config()
    assert {key: config[key] for key in DEFAULTS[cls]} == DEFAULTS[cls]
    assert config["clipnorm"] is config["clipvalue"] is config["global_clipnorm"] is None


@pytest.mark.parametrize("cls", CLASSES)
def test_every_way_to_name_one(cls: type[optimizers.Optimizer]) -> None:
    instance = cls(learning_rate=0.25)
    assert optimizers.get(instance) is instance
    for identifier in (cls, cls.__name__, cls.kind, cls.__name__.upper(), {"class_name": cls.kind}):
        assert type(optimizers.get(identifier)) is cls
    assert getattr(optimizers, cls.kind) is cls  # `from keras.optimizers import adam`


@pytest.mark.parametrize("cls", CLASSES)
def test_configuration_gives_the_same_optimizer(cls: type[optimizers.Optimizer]) -> None:
    before = cls(learning_rate=0.25, clipnorm=2.0, decay=0.1, name="mine")
    config = json.loads(json.dumps(optimizers.serialize(before)))
    after = optimizers.deserialize(config)
    assert type(after) is cls
    assert after.get_config() == before.get_config()
    assert isinstance(after.options(), _core.OptimizerOptions)


def test_arguments_of_keras_2() -> None:
    sgd = SGD(lr=0.1, decay=1e-6, momentum=0.9, nesterov=True)
    assert (sgd.lr, sgd.decay, sgd.momentum, sgd.nesterov) == (0.1, 1e-6, 0.9, True)
    rmsprop = RMSprop(lr=0.001, rho=0.9, epsilon=None, decay=0.0)
    assert rmsprop.epsilon == 1e-7
    assert Adam(lr=0.01, clipnorm=0.0).clipnorm is None
    assert SGD(1).learning_rate == 1


def test_arguments_of_keras_3() -> None:
    adam = Adam(
        learning_rate=0.01,
        weight_decay=0.001,
        clipnorm=None,
        clipvalue=0.5,
        global_clipnorm=None,
        use_ema=False,
        ema_momentum=0.99,
        ema_overwrite_frequency=None,
        loss_scale_factor=None,
        gradient_accumulation_steps=None,
        jit_compile=True,
        name="adam",
    )
    assert (adam.weight_decay, adam.clipvalue) == (0.001, 0.5)
    assert SGD(0.1, 0.9, True).nesterov
    assert AdamW(0.1, 0.2).weight_decay == 0.2


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Adam(learning_rate=-1), ValueError, "0 <= learning_rate and finite, received -1"),
        (lambda: Adam(learning_rate=math.inf), ValueError, "received inf"),
        (lambda: Adam(lr=math.nan), ValueError, "received nan"),
        (lambda: Adam(learning_rate="fast"), TypeError, "a number for learning_rate, received 'f"),
        (lambda: Adam(learning_rate=True), TypeError, "a number for learning_rate, received True"),
        (lambda: Adam(lambda: 0.1), TypeError, "LearningRateScheduler"),
        (lambda: Adam(beta_1=1), ValueError, "0 <= beta_1 < 1"),
        (lambda: Adam(beta_2=-0.1), ValueError, "0 <= beta_2 < 1"),
        (lambda: Adam(epsilon=-1), ValueError, "0 <= epsilon"),
        (lambda: RMSprop(rho=1.5), ValueError, "0 <= rho < 1"),
        (lambda: SGD(momentum=1.5), ValueError, "0 <= momentum <= 1"),
        (lambda: SGD(decay=-1), ValueError, "0 <= decay"),
        (lambda: SGD(weight_decay=-1), ValueError, "0 <= weight_decay"),
        (lambda: SGD(clipnorm=-1), ValueError, "0 < clipnorm"),
        (lambda: SGD(clipnorm=1, clipvalue=1), ValueError, "at most one of clipnorm"),
        (lambda: Adagrad(initial_accumulator_value=-1), ValueError, "initial_accumulator_value"),
        (lambda: Adam(use_ema=True), ValueError, "use_ema=True is not supported"),
        (lambda: Adam(gradient_accumulation_steps=4), ValueError, "is not supported"),
        (lambda: Adam(learning_rat=0.1), TypeError, "Did you mean 'learning_rate'"),
        (lambda: SGD(beta_1=0.9), TypeError, "unknown argument 'beta_1'"),
        (lambda: optimizers.get("adm"), ValueError, "unknown optimizer 'adm'. Did you mean 'adam'"),
        (lambda: optimizers.get("nadam"), ValueError, "unknown optimizer 'nadam'"),
        (lambda: optimizers.get(0.1), TypeError, "expected a name"),
    ],
)
def test_errors(make, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


# ---- learning_rate and iterations --------------------------------------------------------------


def test_learning_rate_is_a_number_and_a_variable() -> None:
    adam = Adam(0.01)
    rate = adam.lr
    assert isinstance(rate, float)
    assert rate == 0.01
    assert rate < 0.02
    assert rate * 2 == 0.02
    assert f"{rate:.3f} {rate}" == "0.010 0.01"
    rate.assign(0.5)
    assert (adam.learning_rate, rate.numpy(), rate.value()) == (0.5, 0.5, 0.5)
    assert (rate.value, float(rate.value), rate.value.numpy() * 2) == (0.5, 0.5, 1.0)
    assert not callable(rate)
    assert json.dumps([rate.value, rate]) == json.dumps([0.5, float(rate)])
    assert type(pickle.loads(pickle.dumps(rate.value))) is float
    rate.value.assign(0.25)
    assert rate.value == adam.learning_rate == 0.25
    assert (adam.iterations.value, adam.iterations.value()) == (0, 0)
    assert isinstance(rate.numpy(), np.floating)
    backend.set_value(adam.lr, 0.25)
    assert float(backend.get_value(adam.lr)) == 0.25
    adam.lr = 0.125
    assert adam.learning_rate == 0.125
    assert type(pickle.loads(pickle.dumps(adam.lr))) is float
    with pytest.raises(ValueError, match="received -1"):
        adam.lr = -1
    assert adam.lr == 0.125


def test_attached_to_a_network() -> None:
    adam, network = Adam(0.5), Network()
    adam.attach(network)
    adam.attach(network)
    network.learning_rate, network.iterations = 0.1, 12
    assert (adam.lr, adam.iterations, adam.iterations.numpy()) == (0.1, 12, 12)
    adam.lr = 0.2
    adam.iterations.assign(3)
    assert (network.learning_rate, network.iterations) == (0.2, 3)
    adam.attach(None)
    adam.lr = 0.9
    assert (network.learning_rate, adam.iterations) == (0.2, 3)


def test_one_optimizer_for_two_models() -> None:
    sgd, first, second = SGD(), Network(), Network(iterations=9)
    sgd.attach(first)
    sgd.attach(second)
    sgd.lr = 0.25
    assert (first.learning_rate, second.learning_rate, sgd.iterations) == (0.25, 0.25, 9)
    sgd.detach(first)
    sgd.lr = 0.75
    assert (first.learning_rate, second.learning_rate) == (0.25, 0.75)
    sgd.attach(first)
    assert sgd.iterations == 7
    del first
    gc.collect()
    assert sgd.iterations == 9


def test_does_not_keep_a_network_alive() -> None:
    sgd = SGD(0.5)
    network = Network()
    sgd.attach(network)
    sgd.lr = 0.25
    del network
    gc.collect()
    assert (sgd.lr, sgd.iterations) == (0.25, 0)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))]
)
def test_a_copy_belongs_to_no_network(copied) -> None:
    adam, network = Adam(0.5, beta_1=0.8), Network(0.25, 3)
    adam.attach(network)
    twin = copied(adam)
    twin.lr = 0.75
    assert (network.learning_rate, adam.lr, twin.iterations, twin.beta_1) == (0.25, 0.25, 3, 0.8)


def test_iterations_errors() -> None:
    with pytest.raises(ValueError, match="iterations: expected an integer of at least 0"):
        SGD().iterations = -1
