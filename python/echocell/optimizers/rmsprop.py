"""Gradients divided by a running root mean square."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from echocell.optimizers.optimizer import DecayingArguments, Optimizer

if TYPE_CHECKING:
    from typing_extensions import Unpack


class RMSprop(Optimizer):
    """Divides gradients by a running root mean square (Tieleman & Hinton, 2012).

    Args:
        learning_rate: default 0.001.
        rho: decay rate of the running mean, 0 <= rho < 1. Default 0.9.
        momentum: 0..1. Default 0.
        epsilon: added inside the square root. Default 1e-7.
        centered: whether to divide by the running standard deviation instead. Default False.
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
