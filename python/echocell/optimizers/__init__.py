"""Optimizers: their settings under Keras 2's and Keras 3's names. The core does the updates.

From `compile` on, `learning_rate` and `iterations` are the core's own numbers: reading them reads
the core, setting them changes the next update. As in Keras 2, one optimizer may serve several
models: a learning rate that is set reaches all of them, everything else each has for itself.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypedDict

from echocell import _core
from echocell._common.keras_arguments import OPTIMIZER
from echocell._common.missing_names import module_getattr
from echocell._common.naming import setting_name
from echocell._common.overrides import OPTIMIZER as NEVER_CALLED
from echocell._common.overrides import abstract
from echocell._common.registry import Configurable, Registry
from echocell._common.scalars import check_number, whole
from echocell._common.signature import CompleteSignature
from echocell.optimizers.live_numbers import Iterations, LearningRate

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "LearningRate",
    "Optimizer",
    "RMSprop",
    "adagrad",
    "adam",
    "adamw",
    "deserialize",
    "get",
    "rmsprop",
    "serialize",
    "sgd",
]

if not TYPE_CHECKING:
    __getattr__ = module_getattr(__name__)


# float64, in which the core counts them, tells all whole numbers apart up to here.
_MOST_UPDATES = 2**53


def checked_iterations(value: Any, name: str) -> int:
    """A number of updates; TypeError or ValueError where it can be none."""
    count = whole(value, name, least=0)
    if count > _MOST_UPDATES:
        raise ValueError(f"{name}: expected at most 2**53 updates, received {count}")
    return count


class _Attached(Protocol):
    """What an optimizer needs of a network."""

    learning_rate: float
    iterations: int


class OptimizerArguments(TypedDict, total=False):
    """The types of what every optimizer takes but for the learning rate and the weight decay."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    decay: float | None
    name: str | None
    lr: float
    # Keras's, without a meaning here or taken at these values alone.
    use_ema: Literal[False] | None
    ema_momentum: float | None
    ema_overwrite_frequency: None
    loss_scale_factor: None
    gradient_accumulation_steps: Literal[1] | None
    jit_compile: bool | str
    is_legacy_optimizer: bool


class DecayingArguments(OptimizerArguments, total=False):
    """The types of what every optimizer takes whose own arguments have no `weight_decay`."""

    weight_decay: float | None


class Optimizer(Configurable):
    """Base of the optimizers: the settings that all of them share.

    Args:
        learning_rate: >= 0.
        weight_decay: every update first takes learning_rate * weight_decay * w off each weight w.
            Default None: off.
        clipnorm: each weight's gradient is scaled down to this norm. Default None: off.
        clipvalue: each number of a gradient is cut to +-clipvalue. Default None: off.
        global_clipnorm: all gradients together are scaled down to this norm. Default None: off.
        decay: Keras 2's: the rate at update n is learning_rate / (1 + decay * n). Default 0.
        name: default the optimizer's own name.
        **others: `lr`, Keras 2's name for learning_rate; and Keras's further arguments at the
            values at which they do nothing.

    Raises:
        ValueError: for values out of range, more than one of the three clips, and settings that
            are not supported.
        TypeError: for unknown arguments.
    """

    __signature__ = CompleteSignature()
    _never_called = NEVER_CALLED
    _shared: ClassVar[tuple[str, ...]] = (
        "learning_rate",
        "weight_decay",
        "clipnorm",
        "clipvalue",
        "global_clipnorm",
        "decay",
        "name",
    )
    #: Arguments of the single optimizer, which the core takes under the same names.
    _own: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        learning_rate: float,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        decay: float | None = 0.0,
        name: str | None = None,
        **others: Any,
    ) -> None:
        if not self.kind:
            raise abstract(self, "Optimizer", "optimizers that exist, such as Adam")
        # Weak: the optimizer must not keep the networks of models that are gone.
        self._networks: list[weakref.ref[_Attached]] = []
        self._iterations = 0
        learning_rate = self._take_others(learning_rate, others)
        self._learning_rate = self._check_learning_rate(learning_rate)
        self.weight_decay = self._check_optional("weight_decay", weight_decay)
        self.clipnorm = self._check_optional("clipnorm", clipnorm, open_low=True)
        self.clipvalue = self._check_optional("clipvalue", clipvalue, open_low=True)
        self.global_clipnorm = self._check_optional(
            "global_clipnorm", global_clipnorm, open_low=True
        )
        self.decay = self._check("decay", 0.0 if decay is None else decay)
        self.name = setting_name(name, self.kind, type(self).__name__)
        clips = {key: getattr(self, key) for key in ("clipnorm", "clipvalue", "global_clipnorm")}
        if sum(value is not None for value in clips.values()) > 1:
            raise ValueError(
                f"{type(self).__name__}: expected at most one of clipnorm, clipvalue and "
                f"global_clipnorm, received {clips}"
            )

    # -- arguments

    def _take_others(self, learning_rate: float, others: dict[str, Any]) -> float:
        """The learning rate, after `lr` and Keras's further arguments have been looked at."""
        rate: float = others.pop("lr", learning_rate)
        if others:
            OPTIMIZER.check(type(self).__name__, others, type(self))
        return rate

    def _check(self, name: str, value: Any, **bounds: Any) -> float:
        return check_number(type(self).__name__, name, value, **bounds)

    def _check_optional(self, name: str, value: Any, **bounds: Any) -> float | None:
        # Keras 2 wrote 0 for "off".
        return None if value is None or value == 0 else self._check(name, value, **bounds)

    def _check_share(self, name: str, value: Any) -> float:
        return self._check(name, value, high=1.0)

    def _check_epsilon(self, value: Any) -> float:
        return self._check("epsilon", 1e-7 if value is None else value)

    def _check_learning_rate(self, value: Any) -> float:
        if callable(value) and not hasattr(value, "__float__"):
            raise TypeError(
                f"{type(self).__name__}: expected a number for learning_rate, received {value!r}; "
                "schedules are given to fit as callbacks.LearningRateScheduler"
            )
        return self._check("learning_rate", value)

    # -- the live numbers

    def _attached(self) -> list[_Attached]:
        """The networks that are still there, the latest last."""
        networks = [network for ref in self._networks if (network := ref()) is not None]
        self._networks = [weakref.ref(network) for network in networks]
        return networks

    def _attach(self, network: _Attached | None) -> None:
        """Lets a compiled network share `learning_rate` and `iterations`; None lets go of all."""
        if network is None:
            for other in self._attached():
                self._detach(other)
        elif not any(network is other for other in self._attached()):
            self._networks.append(weakref.ref(network))

    def _detach(self, network: _Attached) -> None:
        """Lets go of a network, and keeps its numbers if no other is left."""
        self._learning_rate, self._iterations = float(self.learning_rate), int(self.iterations)
        self._networks = [ref for ref in self._networks if ref() is not network]

    def __getstate__(self) -> dict[str, Any]:
        """A copy belongs to no network; it starts with the numbers of now."""
        numbers = {"_learning_rate": float(self.learning_rate), "_iterations": int(self.iterations)}
        return {**self.__dict__, **numbers, "_networks": []}

    @property
    def learning_rate(self) -> LearningRate:
        """The learning rate of the next update, before `decay`."""
        networks = self._attached()
        rate = networks[-1].learning_rate if networks else self._learning_rate
        return LearningRate(rate, self)

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        rate, before = self._check_learning_rate(value), float(self.learning_rate)
        done: list[_Attached] = []
        try:
            for network in self._attached():
                network.learning_rate = rate
                done.append(network)
        except ValueError:  # that one is at work in another thread
            for network in done:
                network.learning_rate = before
            raise
        self._learning_rate = rate

    @property
    def lr(self) -> LearningRate:
        """Keras 2's name for `learning_rate`."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: Any) -> None:
        self.learning_rate = value

    @property
    def iterations(self) -> Iterations:
        """Updates so far, of the model that was compiled last."""
        networks = self._attached()
        return Iterations(networks[-1].iterations if networks else self._iterations, self)

    @iterations.setter
    def iterations(self, value: Any) -> None:
        count = checked_iterations(value, f"{type(self).__name__}: iterations")
        for network in self._attached()[-1:]:
            network.iterations = count
        self._iterations = count

    # -- for the core and for saved models

    def options(self) -> _core.OptimizerOptions:
        """The settings as the core takes them."""
        return _core.OptimizerOptions(
            kind=self.kind,
            learning_rate=float(self.learning_rate),
            weight_decay=self.weight_decay or 0.0,
            decay=self.decay,
            clipnorm=self.clipnorm or 0.0,
            clipvalue=self.clipvalue or 0.0,
            global_clipnorm=self.global_clipnorm or 0.0,
            **{key: getattr(self, key) for key in self._own},
        )

    def get_config(self) -> dict[str, Any]:
        """The arguments from which `from_config` makes an equal optimizer."""
        config = {key: getattr(self, key) for key in (*self._own, *self._shared)}
        config["learning_rate"] = float(self.learning_rate)
        return config


class SGD(Optimizer):
    """Gradient descent, with momentum.

    Args:
        learning_rate: default 0.01.
        momentum: 0..1. Default 0.
        nesterov: look ahead (Nesterov, 1983). Default False.
        **shared: as in `Optimizer`.
    """

    kind: ClassVar[str] = "sgd"
    _own: ClassVar[tuple[str, ...]] = ("momentum", "nesterov")

    def __init__(
        self,
        learning_rate: float = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **shared: Unpack[DecayingArguments],
    ) -> None:
        super().__init__(learning_rate, **shared)
        self.momentum = self._check("momentum", momentum, high=1.0, open_high=False)
        self.nesterov = bool(nesterov)


class RMSprop(Optimizer):
    """Gradients divided by a running root mean square. Tieleman and Hinton, 2012.

    Args:
        learning_rate: default 0.001.
        rho: of the running mean, 0 <= rho < 1. Default 0.9.
        momentum: 0..1. Default 0.
        epsilon: added under the root. Default 1e-7.
        centered: divide by the running standard deviation instead. Default False.
        **shared: as in `Optimizer`.
    """

    kind: ClassVar[str] = "rmsprop"
    _own: ClassVar[tuple[str, ...]] = ("rho", "momentum", "epsilon", "centered")

    def __init__(
        self,
        learning_rate: float = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float | None = 1e-7,
        centered: bool = False,
        **shared: Unpack[DecayingArguments],
    ) -> None:
        super().__init__(learning_rate, **shared)
        self.rho = self._check_share("rho", rho)
        self.momentum = self._check("momentum", momentum, high=1.0, open_high=False)
        self.epsilon = self._check_epsilon(epsilon)
        self.centered = bool(centered)


class Adam(Optimizer):
    """Adaptive moments. Kingma and Ba, 2014, algorithm 1, with epsilon outside of the correction.

    Args:
        learning_rate: default 0.001.
        beta_1: of the mean of gradients, 0 <= beta_1 < 1. Default 0.9.
        beta_2: of the mean of squares, 0 <= beta_2 < 1. Default 0.999.
        epsilon: added to the root. Default 1e-7.
        amsgrad: divide by the largest root so far (Reddi et al., 2018). Default False.
        **shared: as in `Optimizer`.
    """

    kind: ClassVar[str] = "adam"
    _own: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2", "epsilon", "amsgrad")

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        amsgrad: bool = False,
        **shared: Unpack[DecayingArguments],
    ) -> None:
        super().__init__(learning_rate, **shared)
        self.beta_1 = self._check_share("beta_1", beta_1)
        self.beta_2 = self._check_share("beta_2", beta_2)
        self.epsilon = self._check_epsilon(epsilon)
        self.amsgrad = bool(amsgrad)


class AdamW(Adam):
    """Adam with weight decay by default. Loshchilov and Hutter, 2019.

    Args:
        learning_rate: default 0.001.
        weight_decay: default 0.004.
        beta_1, beta_2, epsilon, amsgrad: as in `Adam`.
        **shared: as in `Optimizer`.
    """

    kind: ClassVar[str] = "adamw"

    def __init__(
        self,
        learning_rate: float = 0.001,
        weight_decay: float | None = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float | None = 1e-7,
        amsgrad: bool = False,
        **shared: Unpack[OptimizerArguments],
    ) -> None:
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **shared
        )


class Adagrad(Optimizer):
    """Gradients divided by the root of the sum of all their squares. Duchi et al., 2011.

    Args:
        learning_rate: default 0.001.
        initial_accumulator_value: where the sums start, >= 0. Default 0.1.
        epsilon: added under the root. Default 1e-7.
        **shared: as in `Optimizer`.
    """

    kind: ClassVar[str] = "adagrad"
    _own: ClassVar[tuple[str, ...]] = ("initial_accumulator_value", "epsilon")

    def __init__(
        self,
        learning_rate: float = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float | None = 1e-7,
        **shared: Unpack[DecayingArguments],
    ) -> None:
        super().__init__(learning_rate, **shared)
        self.initial_accumulator_value = self._check(
            "initial_accumulator_value", initial_accumulator_value
        )
        self.epsilon = self._check_epsilon(epsilon)


adagrad = Adagrad
adam = Adam
adamw = AdamW
rmsprop = RMSprop
sgd = SGD

_REGISTRY: Registry[Optimizer] = Registry(
    "optimizer", Optimizer, (SGD, RMSprop, Adam, AdamW, Adagrad), {"RMSProp": RMSprop}
)


def get(identifier: Any) -> Optimizer:
    """An optimizer from a name ("adam", "Adam"), class, object or configuration.

    Raises:
        ValueError: for an unknown name.
        TypeError: for what names no optimizer.
    """
    if isinstance(identifier, str) and identifier not in _REGISTRY.classes:
        return _REGISTRY.get(identifier.lower())
    return _REGISTRY.get(identifier)


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """The optimizer as a dictionary of plain values."""
    return _REGISTRY.serialize(optimizer)


def deserialize(config: Mapping[str, Any] | str) -> Optimizer:
    """The optimizer from what `serialize` gave."""
    return _REGISTRY.deserialize(config)
