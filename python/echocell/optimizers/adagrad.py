"""Gradients divided by the root of the sum of all their squares."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from echocell.optimizers.optimizer import DecayingArguments, Optimizer

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Adagrad(Optimizer):
    """Divides gradients by the root of the sum of all their squares (Duchi et al., 2011).

    Args:
        learning_rate: default 0.001.
        initial_accumulator_value: initial value of the sums, >= 0. Default 0.1.
        epsilon: added inside the square root. Default 1e-7.
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
