"""Gradient descent, with momentum."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from echocell.optimizers.optimizer import DecayingArguments, Optimizer

if TYPE_CHECKING:
    from typing_extensions import Unpack


class SGD(Optimizer):
    """Gradient descent, with momentum.

    Args:
        learning_rate: default 0.01.
        momentum: 0..1. Default 0.
        nesterov: whether to use Nesterov momentum (Nesterov, 1983). Default False.
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
