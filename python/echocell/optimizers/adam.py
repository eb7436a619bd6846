"""Adaptive moments, without and with weight decay."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from echocell.optimizers.optimizer import DecayingArguments, Optimizer, OptimizerArguments

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Adam(Optimizer):
    """Adaptive moments (Kingma & Ba, 2014, algorithm 1), with epsilon outside of the correction.

    Args:
        learning_rate: default 0.001.
        beta_1: decay rate of the mean of the gradients, 0 <= beta_1 < 1. Default 0.9.
        beta_2: decay rate of the mean of their squares, 0 <= beta_2 < 1. Default 0.999.
        epsilon: added to the square root. Default 1e-7.
        amsgrad: whether to divide by the largest root so far (Reddi et al., 2018). Default False.
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
    """Adam with weight decay (Loshchilov & Hutter, 2019).

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
