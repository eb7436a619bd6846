"""Refuses subclasses that override methods which Keras calls and echocell does not.

The compiled core computes passes, losses, metrics, penalties and updates without calling Python,
so such a method would never run. The tables list the methods and the alternatives.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple


class NeverCalled(NamedTuple):
    """Names of methods that a subclass may not define, and the alternative."""

    names: frozenset[str] = frozenset()
    instead: str = ""


def _never(names: str, instead: str) -> NeverCalled:
    return NeverCalled(frozenset(names.split()), f"Possible instead: {instead}")


LAYER = _never(
    """
    __call__ add_loss add_metric add_variable add_weight build call compute_mask
    compute_output_shape compute_output_spec get_initial_state quantized_call stateless_call
    """,
    "one of the activations that exist; a function that changes the data before fit and predict; "
    "an initializer or a regularizer; or a subclass that sets arguments in its __init__",
)
MODEL = _never(
    """
    __call__ call compute_loss compute_loss_and_updates compute_mask compute_metrics
    compute_output_shape compute_output_spec make_predict_function make_test_function
    make_train_function predict_step stateless_call stateless_compute_loss test_step train_step
    """,
    "a callback, whose hooks are called around epochs and batches; sample_weight or class_weight, "
    "which weigh the loss; or a loop of your own over train_on_batch(), or over gradients() and "
    "set_weights()",
)
REGULARIZER = _never(
    "__call__ call", "L1, L2 or L1L2, whose factors may be set in the __init__ of a subclass"
)
#: Initializers are called from Python: they draw the weights before the core receives them.
INITIALIZER = _never("call", "__call__(shape, dtype), which gives an array")
CHRONO = _never("__call__ call", "for_gates(gates, units, steps), which gives an array")
OPTIMIZER = _never(
    """
    _create_slots _resource_apply_dense _resource_apply_sparse add_slot apply apply_gradients build
    compute_gradients create_slots get_gradients get_updates minimize stateless_apply update_step
    """,
    "the arguments of SGD, RMSprop, Adam, AdamW and Adagrad; a callback that sets learning_rate; "
    "or a loop of your own over model.gradients() and set_weights()",
)
LOSS = _never(
    "__call__ call",
    "one of the losses that exist, with sample_weight or class_weight, or with other targets",
)
METRIC = _never(
    """
    __call__ add_variable add_weight merge_state reset_state reset_states result stateless_result
    stateless_update_state update_state
    """,
    "a callback that computes it from model.predict(x) in on_epoch_end",
)


class Guarded:
    """Base of classes whose user-defined subclasses may not override methods that never run."""

    _never_called: ClassVar[NeverCalled] = NeverCalled()

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Raises TypeError if the subclass defines or inherits such a method.

        Classes of echocell may define them: these are the methods that users call.
        """
        super().__init_subclass__(**keywords)
        if _is_own(cls):
            return
        for name in sorted(cls._never_called.names):
            owner = next((base for base in cls.__mro__ if name in vars(base)), object)
            if owner is not object and not _is_own(owner):
                base = next(base for base in cls.__mro__ if _is_own(base))
                raise TypeError(
                    f"class {cls.__name__}: {owner.__name__}.{name} would never run: the compiled "
                    f"core computes what a {base.__name__} does. {cls._never_called.instead}"
                )


def abstract(item: object, base: str, others: str) -> TypeError:
    """Returns the error about an instance of a base class, or of a subclass that adds nothing."""
    return TypeError(
        f"{type(item).__name__}: a {base} by itself computes nothing. Expected one of the "
        f"{others}, or a class derived from one"
    )


def _is_own(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == "echocell"
