"""The base class of the optimizers: shared settings, and the numbers that the core holds."""

from __future__ import annotations

import weakref
from typing import Any, ClassVar, Literal, Protocol, TypedDict

from echocell import _core
from echocell._common.keras_arguments import OPTIMIZER
from echocell._common.naming import setting_name
from echocell._common.overrides import OPTIMIZER as NEVER_CALLED
from echocell._common.overrides import abstract
from echocell._common.registry import Configurable
from echocell._common.scalars import check_number, whole
from echocell._common.signature import CompleteSignature
from echocell.optimizers.live_numbers import Iterations, LearningRate

# The core counts in float64, which represents all integers up to this one.
_MOST_UPDATES = 2**53


def checked_iterations(value: Any, name: str) -> int:
    """Returns a number of updates; raises TypeError or ValueError if it is invalid."""
    count = whole(value, name, least=0)
    if count > _MOST_UPDATES:
        raise ValueError(f"{name}: expected at most 2**53 updates, received {count}")
    return count


class _Attached(Protocol):
    """The part of a network's interface that an optimizer uses."""

    learning_rate: float
    iterations: int


class OptimizerArguments(TypedDict, total=False):
    """Types of the arguments of every optimizer except learning rate and weight decay."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    decay: float | None
    name: str | None
    lr: float
    # Keras's arguments, ignored or accepted at these values only.
    use_ema: Literal[False] | None
    ema_momentum: float | None
    ema_overwrite_frequency: None
    loss_scale_factor: None
    gradient_accumulation_steps: Literal[1] | None
    jit_compile: bool | str
    is_legacy_optimizer: bool


class DecayingArguments(OptimizerArguments, total=False):
    """Types of the arguments of every optimizer that does not define `weight_decay` itself."""

    weight_decay: float | None


class Optimizer(Configurable):
    """The base class of the optimizers: the settings that all of them share.

    Args:
        learning_rate: >= 0.
        weight_decay: every update first subtracts learning_rate * weight_decay * w from each weight
            w. Default None: off.
        clipnorm: maximum norm of each weight's gradient. Default None: off.
        clipvalue: maximum magnitude of the elements of gradients. Default None: off.
        global_clipnorm: maximum norm of all gradients together. Default None: off.
        decay: Keras 2's learning rate decay: learning_rate / (1 + decay * n) at update n. Default
            0.
        name: default the name of the optimizer's class in snake case.
        **others: `lr`, Keras 2's name for learning_rate; and further arguments of Keras, accepted
            at the values that request nothing.

    Raises:
        ValueError: a value is out of range, more than one of the clip arguments is given, or a
            setting is not supported.
        TypeError: an argument is unknown.
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
    #: Arguments of the specific optimizer, which the core takes under the same names.
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
        # Weak references: the optimizer must not keep networks of deleted models.
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
        """Returns the learning rate, after checking `lr` and further arguments of Keras."""
        rate: float = others.pop("lr", learning_rate)
        if others:
            OPTIMIZER.check(type(self).__name__, others, type(self))
        return rate

    def _check(self, name: str, value: Any, **bounds: Any) -> float:
        return check_number(type(self).__name__, name, value, **bounds)

    def _check_optional(self, name: str, value: Any, **bounds: Any) -> float | None:
        # In Keras 2, 0 means "off".
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
        """Returns the networks that still exist, the latest last."""
        networks = [network for ref in self._networks if (network := ref()) is not None]
        self._networks = [weakref.ref(network) for network in networks]
        return networks

    def attach(self, network: _Attached | None) -> None:
        """Shares `learning_rate` and `iterations` with a compiled network; None detaches all."""
        if network is None:
            for other in self._attached():
                self.detach(other)
        elif not any(network is other for other in self._attached()):
            self._networks.append(weakref.ref(network))

    def detach(self, network: _Attached) -> None:
        """Detaches a network; its numbers are kept if no other is left."""
        self._learning_rate, self._iterations = float(self.learning_rate), int(self.iterations)
        self._networks = [ref for ref in self._networks if ref() is not network]

    def __getstate__(self) -> dict[str, Any]:
        """Copies are attached to no network and start with the current numbers."""
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
        except ValueError:  # a call is running in another thread
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
        """Number of updates, for the model that was compiled last."""
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
        """Returns the settings in the form that the core takes."""
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
        """Returns the arguments from which `from_config` makes an equal optimizer."""
        config = {key: getattr(self, key) for key in (*self._own, *self._shared)}
        config["learning_rate"] = float(self.learning_rate)
        return config
