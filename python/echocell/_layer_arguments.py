"""What layers are told, and the configuration that tells it again.

B batch, T time steps, F features. A sample shape leaves the batch axis out.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import numpy as np

from echocell import _checks, initializers, regularizers
from echocell._checks import Sample
from echocell._naming import checked_name
from echocell.initializers import Initializer
from echocell.regularizers import Regularizer
from echocell.utils import suggest

A = TypeVar("A", bound="Arguments")

DTYPES = ("float32", "float64")
# What every layer can be told, in Keras 2's and Keras 3's words.
_SHARED = (
    "name",
    "trainable",
    "dtype",
    "weights",
    "input_shape",
    "batch_input_shape",
    "batch_shape",
    "batch_size",
    "input_dim",
    "input_length",
)


def float_type(value: Any, name: str) -> str:
    """'float32' or 'float64'."""
    try:
        text = str(np.dtype(value).name)
    except TypeError:
        text = ""
    if text not in DTYPES:
        raise ValueError(f"{name}: expected 'float32' or 'float64', received {value!r}")
    return text


class Arguments:
    """The arguments that all layers take; see Layer."""

    _fields: ClassVar[tuple[str, ...]] = ()  # constructor arguments that are the configuration
    _refused: ClassVar[Mapping[str, Any]] = {"activity_regularizer": None}  # name: only value
    _ignored: ClassVar[frozenset[str]] = frozenset({"autocast"})  # no meaning here
    _takes_ids = False  # an input is a number of a class: a sample has no feature axis
    _reads_steps = False  # a sample is (T, F): input_dim is F alone

    def __init__(self, **shared: Any) -> None:
        self._refuse_unknown(shared)
        self.name = checked_name(shared.get("name"), type(self).__name__)
        self.dtype = self._stated_dtype(shared.get("dtype"))
        self._trainable = bool(shared.get("trainable", True))
        self._given_weights = shared.get("weights")
        self._given_batch, self._given_sample = self._stated_shape(shared)

    def _refuse_unknown(self, shared: Mapping[str, Any]) -> None:
        kind = type(self).__name__
        for name, value in shared.items():
            if name in self._refused:
                only = self._refused[name]
                if value is not only and value != only:
                    raise ValueError(
                        f"{kind}: {name}={value!r} is not supported, only {name}={only!r}"
                    )
            elif name not in _SHARED and name not in self._ignored:
                near = suggest(name, self._argument_names())
                raise TypeError(f"{kind}: unknown argument {name!r}.{near}")

    def _argument_names(self) -> list[str]:
        names = [
            parameter.name
            for cls in type(self).__mro__
            if issubclass(cls, Arguments)
            for parameter in inspect.signature(cls.__init__).parameters.values()
            if parameter.kind is not parameter.VAR_KEYWORD and parameter.name != "self"
        ]
        return [*dict.fromkeys([*names, *_SHARED])]

    def _stated_dtype(self, value: Any) -> str | None:
        return None if value is None else float_type(value, f"{type(self).__name__}: dtype")

    def _stated_shape(self, shared: Mapping[str, Any]) -> tuple[int | None, Sample | None]:
        """Batch size and sample shape as the arguments give them; None: not."""
        kind = type(self).__name__
        for name in ("batch_input_shape", "batch_shape"):
            if shared.get(name) is not None:
                full = _checks.shape(shared[name], f"{kind}: {name}")
                if not full:
                    raise ValueError(f"{kind}: {name}: expected the batch size first, received ()")
                return full[0], full[1:]
        batch = shared.get("batch_size")
        if batch is not None:
            batch = _checks.whole(batch, f"{kind}: batch_size")
        if shared.get("input_shape") is not None:
            return batch, _checks.shape(shared["input_shape"], f"{kind}: input_shape")
        return batch, self._sample_from_dims(shared)

    def _sample_from_dims(self, shared: Mapping[str, Any]) -> Sample | None:
        dims: dict[str, int | None] = {"input_dim": None, "input_length": None}
        for name in dims:
            if shared.get(name) is not None:
                dims[name] = _checks.whole(shared[name], f"{type(self).__name__}: {name}")
        if self._takes_ids:
            return None if dims["input_length"] is None else (dims["input_length"],)
        if dims["input_dim"] is None:
            return None
        if self._reads_steps:
            return (dims["input_length"], dims["input_dim"])
        return (dims["input_dim"],)

    # ---- configuration -------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """What from_config makes an equal layer of, without its weights: plain values."""
        config: dict[str, Any] = {"name": self.name, "trainable": self._trainable}
        if self.dtype is not None:
            config["dtype"] = self.dtype
        if self._given_sample is not None:
            config["batch_input_shape"] = [self._given_batch, *self._given_sample]
        elif self._given_batch is not None:
            config["batch_size"] = self._given_batch
        for field in self._fields:
            config[field] = _plain(getattr(self, field))
        return config

    @classmethod
    def from_config(cls: type[A], config: Mapping[str, Any]) -> A:
        """A layer from what get_config() gave."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


def _plain(value: Any) -> Any:
    if isinstance(value, Initializer):
        return initializers.serialize(value)
    if isinstance(value, Regularizer):
        return regularizers.serialize(value)
    return list(value) if isinstance(value, tuple) else value
