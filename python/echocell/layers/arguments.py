"""The arguments that all layers share, and the configuration made of them.

B batch, T time steps, F features. A sample shape has no batch axis.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypedDict, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from echocell import initializers, regularizers
from echocell._common import keras_arguments, scalars
from echocell._common.keras_arguments import KerasArguments
from echocell._common.naming import checked_name, valid_name
from echocell._common.signature import CompleteSignature
from echocell._common.typing import Shape
from echocell._data import shapes
from echocell._data.shapes import Sample
from echocell.initializers import Initializer
from echocell.regularizers import Regularizer

A = TypeVar("A", bound="Arguments")

DTYPES = ("float32", "float64")


class SharedArguments(TypedDict, total=False):
    """Types of the arguments of every layer, under Keras 2's and Keras 3's names."""

    name: str | None
    trainable: bool
    dtype: DTypeLike | None
    weights: Iterable[ArrayLike] | None
    input_shape: Shape | None
    batch_input_shape: Shape | None
    batch_shape: Shape | None
    batch_size: int | None
    input_length: int | None
    # Keras's arguments, ignored or accepted at one value only; see Arguments.
    activity_regularizer: None
    autocast: bool


class LayerArguments(SharedArguments, total=False):
    """Types of the arguments of every layer that has no argument `input_dim` of its own."""

    input_dim: int | None


def float_type(value: Any, name: str) -> str:
    """Returns the name of a dtype. Raises ValueError unless it is 'float32' or 'float64'."""
    try:
        text = str(np.dtype(value).name)
    except TypeError:
        text = ""
    if text not in DTYPES:
        raise ValueError(f"{name}: expected 'float32' or 'float64', received {value!r}")
    return text


class Arguments:
    """Handles the arguments that all layers share; see Layer."""

    __signature__ = CompleteSignature()
    #: The arguments that make up the configuration, and are attributes: those of the constructor,
    #: then the keywords that the constructors of its bases add.
    option_names: ClassVar[tuple[str, ...]] = ()
    _keyword_options: ClassVar[tuple[str, ...]] = ()
    #: Arguments of the constructor that are not options, such as alternative names of one.
    _not_options: ClassVar[frozenset[str]] = frozenset()
    _keras_arguments: ClassVar[KerasArguments] = keras_arguments.LAYER
    takes_ids = False  # inputs are class numbers: a sample has no feature axis
    assumed_sample: Sample | None = None  # the input if none is given
    is_input = False  # describes a model's input, without computation
    reads_steps = False  # a sample is (T, F): input_dim is F alone

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Derives the options from the constructor, for echocell's own classes."""
        super().__init_subclass__(**keywords)
        if "__init__" in vars(cls) and cls.__module__.startswith("echocell."):
            code = vars(cls)["__init__"].__code__
            positional, last = code.co_argcount, code.co_argcount + code.co_kwonlyargcount
            given = code.co_varnames
            own, inherited = given[1:positional], (*given[positional:last], *cls._keyword_options)
            cls._keyword_options = cls._options_among(
                name for name in dict.fromkeys(inherited) if name not in own
            )
            cls.option_names = (*cls._options_among(own), *cls._keyword_options)

    @classmethod
    def _options_among(cls, names: Iterable[str]) -> tuple[str, ...]:
        others = {*SharedArguments.__annotations__, *cls._not_options}
        return tuple(name for name in names if name not in others)

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: DTypeLike | None = None,
        weights: Iterable[ArrayLike] | None = None,
        input_shape: Shape | None = None,
        batch_input_shape: Shape | None = None,
        batch_shape: Shape | None = None,
        batch_size: int | None = None,
        input_dim: int | None = None,
        input_length: int | None = None,
        **others: Any,
    ) -> None:
        if others:
            self._keras_arguments.check(type(self).__name__, others, type(self))
        self._name = checked_name(name, type(self).__name__)
        self.name_is_automatic = name is None
        self.dtype = self._stated_dtype(dtype)
        self._trainable = bool(trainable)
        self.initial_weights = weights
        self.kept_weights: list[np.ndarray[Any, Any]] | None = None  # of the layer copied
        self.stated_batch, self.stated_sample = self._stated_shape(
            {"batch_input_shape": batch_input_shape, "batch_shape": batch_shape},
            batch_size,
            input_shape,
            {"input_dim": input_dim, "input_length": input_length},
        )

    @property
    def name(self) -> str:
        """The name, unique in a model; not empty, without "/".

        Setting it raises TypeError if it is not a string, and ValueError if it is invalid or taken.
        """
        return self._name

    @name.setter
    def name(self, value: str) -> None:
        name = valid_name(value, type(self).__name__)
        if name in self._taken_names():
            raise ValueError(
                f"layer {self.name!r}: name: expected a name that no other layer of the model has, "
                f"received {name!r}"
            )
        self._name = name
        self.name_is_automatic = False

    def take_automatic_name(self, taken: Collection[str]) -> None:
        """Takes the next automatic name of the class that is not taken."""
        while self._name in taken:
            self._name = checked_name(None, type(self).__name__)

    def _taken_names(self) -> Sequence[str]:
        """Returns the names of the other layers of the model."""
        return ()

    def _stated_dtype(self, value: Any) -> str | None:
        return None if value is None else float_type(value, f"{type(self).__name__}: dtype")

    def _stated_shape(
        self,
        with_batch: Mapping[str, Shape | None],
        batch_size: int | None,
        input_shape: Shape | None,
        dims: Mapping[str, int | None],
    ) -> tuple[int | None, Sample | None]:
        """Returns batch size and sample shape as far as the arguments specify them, else None."""
        kind = type(self).__name__
        for name, shape in with_batch.items():
            if shape is not None:
                full = shapes.shape(shape, f"{kind}: {name}")
                if not full:
                    raise ValueError(f"{kind}: {name}: expected the batch size first, received ()")
                return full[0], full[1:]
        batch = None
        if batch_size is not None:
            batch = scalars.whole(batch_size, f"{kind}: batch_size")
        if input_shape is not None:
            return batch, shapes.shape(input_shape, f"{kind}: input_shape")
        return batch, self._sample_from_dims(dims)

    def _sample_from_dims(self, given: Mapping[str, int | None]) -> Sample | None:
        kind = type(self).__name__
        dims = {
            name: None if value is None else scalars.whole(value, f"{kind}: {name}")
            for name, value in given.items()
        }
        if self.takes_ids:
            return None if dims["input_length"] is None else (dims["input_length"],)
        if dims["input_dim"] is None:
            return None
        if self.reads_steps:
            return (dims["input_length"], dims["input_dim"])
        return (dims["input_dim"],)

    # ---- configuration -------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Returns the configuration as plain values; from_config makes an equal layer of it."""
        config: dict[str, Any] = {"name": self.name, "trainable": self._trainable}
        if self.dtype is not None:
            config["dtype"] = self.dtype
        if self.stated_sample is not None:
            config["batch_input_shape"] = [self.stated_batch, *self.stated_sample]
        elif self.stated_batch is not None:
            config["batch_size"] = self.stated_batch
        for option in self.option_names:
            config[option] = _plain(getattr(self, option))
        return config

    def values_for_core(self) -> dict[str, Any]:
        """Returns the options that the core takes: all but initializers, regularizers and seeds,
        which are handled in Python.
        """
        others = ("seed", "return_state", "unit_forget_bias")
        endings = ("_initializer", "_regularizer")
        return {
            option: getattr(self, option)
            for option in self.option_names
            if option not in others and not option.endswith(endings)
        }

    @classmethod
    def from_config(cls: type[A], config: Mapping[str, Any]) -> A:
        """Makes a layer from the result of get_config()."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"


def _plain(value: Any) -> Any:
    if isinstance(value, Initializer):
        return initializers.serialize(value)
    if isinstance(value, Regularizer):
        return regularizers.serialize(value)
    return list(value) if isinstance(value, tuple) else value
