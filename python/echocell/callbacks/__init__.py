"""Callbacks: hooks around the epochs and batches of fit, evaluate and predict.

Hooks that are not overridden cost nothing: fit stays in the core for a whole epoch unless a
callback listens to batches, and for all epochs unless a callback listens to epochs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from echocell._common import lazy

if TYPE_CHECKING:
    from echocell.callbacks.callback import Callback
    from echocell.callbacks.callback_list import CallbackList
    from echocell.callbacks.csv_logger import CSVLogger
    from echocell.callbacks.early_stopping import EarlyStopping
    from echocell.callbacks.history import History
    from echocell.callbacks.history import no_model as no_model  # the name in older pickles
    from echocell.callbacks.lambda_callback import LambdaCallback
    from echocell.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
    from echocell.callbacks.logs import Logs
    from echocell.callbacks.model_checkpoint import ModelCheckpoint
    from echocell.callbacks.tensorboard import TensorBoard
    from echocell.callbacks.terminate_on_nan import TerminateOnNaN
else:
    __getattr__, __dir__ = lazy.attach(
        __name__,
        {
            "CSVLogger": "csv_logger",
            "Callback": "callback",
            "CallbackList": "callback_list",
            "EarlyStopping": "early_stopping",
            "History": "history",
            "LambdaCallback": "lambda_callback",
            "LearningRateScheduler": "learning_rate",
            "Logs": "logs",
            "ModelCheckpoint": "model_checkpoint",
            "ReduceLROnPlateau": "learning_rate",
            "TensorBoard": "tensorboard",
            "TerminateOnNaN": "terminate_on_nan",
            "no_model": "history",
        },
        private=True,
    )

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "Logs",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "TensorBoard",
    "TerminateOnNaN",
]
