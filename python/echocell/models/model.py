"""Model: layers that can be trained, tested, asked and saved."""

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
    """A graph of layers with the methods that Keras gives a model.

    Args:
        name: default the name of the class, counted per process.
        dtype: 'float32' or 'float64'; default: that of the first layer, else backend.floatx().
        trainable: False keeps all weights as they are in training. Default True.

    Attributes:
        graph: the layers and the tensors between them, and the network that is made of them.
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
        """A dict of plain values of your own, saved with the model.

        What would not come back equal (tuples, keys that are no strings, arrays) is refused when
        the model is saved. Setting it raises TypeError for what is no dict.
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
        """Writes the whole model as one safetensors file, whatever the name ends with.

        Args:
            filepath: the file; it is replaced only when the new one is complete.
            overwrite: False refuses to replace a file.
            include_optimizer: False leaves out what compile() said and the optimizer's memory.
            **others: Keras's further arguments, at the values at which they ask for nothing.

        Raises:
            TypeError: an argument that does not exist.
            ValueError: the model is not built, metadata holds more than plain values, or an
                argument, such as save_format, is not supported.
            FileExistsError: see overwrite.
            OSError: the file cannot be written.
        """
        SAVE.check("save", others, self.save)
        from echocell.models import saving  # not every program saves

        saving.save_model(self, filepath, overwrite, include_optimizer)

    def save_weights(
        self, filepath: str | os.PathLike[str], overwrite: bool = True, **others: Any
    ) -> None:
        """Writes the weights alone, as save() does."""
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
            by_name: True reads those of the layers whose names the model has; all other layers
                keep theirs. Default False: all, by their order.
            skip_mismatch: True keeps a weight, with a warning, where that of the file has another
                shape, and all weights of a layer of which the file has another number. Default
                False: this is an error.
            **others: Keras's further arguments, at the values at which they ask for nothing.

        Raises:
            TypeError: an argument that does not exist.
            ValueError: the file is no such file, or its weights do not fit; nothing is set then.
        """
        LOAD_WEIGHTS.check("load_weights", others, self.load_weights)
        from echocell.models import saving

        saving.load_weights(self.graph, filepath, bool(by_name), bool(skip_mismatch))

    @classmethod
    def from_layers(cls: type[M], config: Mapping[str, Any], layers: Iterable[Layer]) -> M:
        """A model from what get_config() gave, with layers that were made from it already."""
        raise NotImplementedError(f"{cls.__name__} has no graph of its own to build")

    def to_json(self, **options: Any) -> str:
        """The configuration as JSON, for model_from_json()."""
        import json

        from echocell._common.plain import plain

        config = {"class_name": "Sequential", "config": self.get_config()}
        return json.dumps(plain(config, "the configuration"), **options)

    def __reduce__(self) -> tuple[Any, ...]:
        """For copy and pickle: what save() writes. History and attributes of your own stay behind;
        a model that is not built yet goes along as it is.
        """
        return pickling.model_from_bytes, (type(self), pickling.model_to_bytes(self))
