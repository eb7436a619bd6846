"""Model: layers that can be trained, evaluated and saved, and that predict."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from echocell._common.keras_arguments import LOAD_WEIGHTS, SAVE, SAVE_WEIGHTS
from echocell._common.naming import checked_name
from echocell._common.overrides import MODEL, Guarded
from echocell.layers import Layer
from echocell.layers.arguments import float_type
from echocell.models import pickling
from echocell.models.evaluator import Evaluator
from echocell.models.graph import Graph
from echocell.models.layer_stack import LayerStack
from echocell.models.trainer import Trainer

M = TypeVar("M", bound="Model")


class Model(LayerStack, Trainer, Evaluator, Guarded):
    """A graph of layers with the methods of a Keras model.

    Args:
        name: default the name of the class in snake case, counted per process.
        dtype: 'float32' or 'float64'; default: that of the first layer, else backend.floatx().
        trainable: whether training changes the weights. Default True.

    Attributes:
        graph: the layers, the tensors between them, and the core's network of them.
    """

    _never_called = MODEL

    def __init__(
        self, name: str | None = None, dtype: str | None = None, trainable: bool = True
    ) -> None:
        stated = None if dtype is None else float_type(dtype, "dtype")
        self.graph = Graph(checked_name(name, type(self).__name__), stated)
        self._metadata: dict[str, Any] = {}
        self.trainable = trainable

    @property
    def metadata(self) -> dict[str, Any]:
        """A dict of plain values defined by the user, saved with the model.

        Values that would not be read back as equal ones (tuples, keys other than strings, arrays)
        are refused when the model is saved. Setting it raises TypeError if it is not a dict.
        """
        return self._metadata

    @metadata.setter
    def metadata(self, value: dict[str, Any]) -> None:
        if not isinstance(value, dict):
            raise TypeError(f"model.metadata: expected a dict, received {value!r:.80}")
        self._metadata = value

    # ---- saving --------------------------------------------------------------------------------

    def save(
        self,
        filepath: str | os.PathLike[str],
        overwrite: bool = True,
        include_optimizer: bool = True,
        **others: Any,
    ) -> None:
        """Writes the whole model to one safetensors file, whatever its suffix.

        Args:
            filepath: the file; it is replaced atomically.
            overwrite: whether an existing file is replaced. Default True.
            include_optimizer: whether the training settings and the optimizer's slots are written.
                Default True.
            **others: further arguments of Keras, accepted at the values that request nothing.

        Raises:
            TypeError: an argument does not exist.
            ValueError: the model is not built, metadata does not consist of plain values, or an
                argument, such as save_format, is not supported.
            FileExistsError: the file exists and overwrite is False.
            OSError: the file cannot be written.
        """
        SAVE.check("save", others, self.save)
        from echocell.models import saving  # imported here: not every program saves

        saving.save_model(self, filepath, overwrite, include_optimizer)

    def save_weights(
        self, filepath: str | os.PathLike[str], overwrite: bool = True, **others: Any
    ) -> None:
        """Writes only the weights; see save()."""
        SAVE_WEIGHTS.check("save_weights", others, self.save_weights)
        from echocell.models import saving

        saving.save_weights(self.graph, filepath, overwrite)

    def load_weights(
        self,
        filepath: str | os.PathLike[str],
        *,
        by_name: bool = False,
        skip_mismatch: bool = False,
        **others: Any,
    ) -> None:
        """Reads the weights from a file of save_weights() or save().

        Args:
            filepath: the file.
            by_name: whether weights are assigned by layer name; layers without a match keep theirs.
                Default False: all weights, in order.
            skip_mismatch: whether layers keep weights that do not match the file in number or
                shape, with a warning. Default False: a mismatch is an error.
            **others: further arguments of Keras, accepted at the values that request nothing.

        Raises:
            TypeError: an argument does not exist.
            ValueError: the file has another format, or its weights do not fit; nothing is set then.
        """
        LOAD_WEIGHTS.check("load_weights", others, self.load_weights)
        from echocell.models import saving

        saving.load_weights(self.graph, filepath, bool(by_name), bool(skip_mismatch))

    @classmethod
    def from_layers(cls: type[M], config: Mapping[str, Any], layers: Iterable[Layer]) -> M:
        """Makes a model from a configuration of get_config() and layers already made from it."""
        raise NotImplementedError(f"{cls.__name__} has no graph of its own to build")

    def to_json(self, **options: Any) -> str:
        """Returns the configuration as JSON, for model_from_json()."""
        import json

        from echocell._common.plain import plain

        config = {"class_name": "Sequential", "config": self.get_config()}
        return json.dumps(plain(config, "the configuration"), **options)

    def __reduce__(self) -> tuple[Any, ...]:
        """Supports copy and pickle with the content of save().

        The history and attributes set by the user are not included. A model that is not built yet
        is copied as it is.
        """
        return pickling.model_from_bytes, (type(self), pickling.model_to_bytes(self))
