"""Stops training when the loss is no longer finite."""

from __future__ import annotations

import math
from typing import Any

from echocell.callbacks.callback import Callback


class TerminateOnNaN(Callback):
    """Stops training at the first batch whose loss is NaN or infinite.

    Args:
        raise_error: whether to raise a RuntimeError instead. Default False.
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stops training if the loss is not finite.

        Args:
            batch: the number of the batch in its epoch, from 0.
            logs: means over the epoch so far, by name.

        Raises:
            RuntimeError: the loss is not finite, and raise_error is True.
        """
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"TerminateOnNaN: the loss is {loss} at batch {batch}")
        print(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
