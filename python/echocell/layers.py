"""The layers, under Keras's names and with Keras 2's and Keras 3's arguments.

Letters of the shapes: B batch, T time steps, F features, H units. What every layer takes besides
its own arguments (name, input_shape, ...) stands at `Layer`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from echocell import _checks, _core, activations, initializers, regularizers
from echocell._checks import Sample
from echocell._layer import Layer, Parameters, Place, weight_view
from echocell._recurrent import Recurrent, StateKeeper, recurrent_activation, units_of
from echocell.regularizers import Regularizer
from echocell.utils import suggest

__all__ = [
    "GRU",
    "LSTM",
    "Activation",
    "Bidirectional",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Input",
    "InputLayer",
    "Layer",
    "Masking",
    "RepeatVector",
    "Reshape",
    "SimpleRNN",
    "TimeDistributed",
    "deserialize",
    "serialize",
]

Array = NDArray[Any]


# ---- input -------------------------------------------------------------------------------------


class InputLayer(Layer):
    """Says what a model takes; it has no weights and is not listed in `model.layers`.

    Args:
        shape: of one sample, (T, F); None where open. input_shape, batch_shape and
            batch_input_shape (batch size in front) say the same.
        batch_size: B, where it is fixed.
        dtype: 'float32' or 'float64' for the model; integer types (ids) say nothing of it.
    """

    _refused: ClassVar[Mapping[str, Any]] = {
        **Layer._refused,
        "sparse": False,
        "ragged": False,
        "input_tensor": None,
        "tensor": None,
        "optional": False,
    }

    def __init__(
        self, shape: Any = None, batch_size: Any = None, dtype: Any = None, **shared: Any
    ) -> None:
        if shape is not None:
            shared["input_shape"] = shape
        super().__init__(batch_size=batch_size, dtype=dtype, **shared)
        if self._given_sample is None:
            raise ValueError("Input: expected a shape, such as Input(shape=(5, 10)), received none")

    def _stated_dtype(self, value: Any) -> str | None:
        if value is not None and np.dtype(value).kind in "biu":
            return None
        return super()._stated_dtype(value)


def Input(  # noqa: N802 (Keras's name)
    shape: Any = None, batch_size: int | None = None, name: str | None = None, **keywords: Any
) -> InputLayer:
    """`InputLayer(shape, batch_size, name=name, ...)`: the first entry of a Sequential model."""
    return InputLayer(shape, batch_size, name=name, **keywords)


# ---- recurrent layers --------------------------------------------------------------------------


class LSTM(Recurrent):
    """Long short-term memory.

        i = sigma(x Wi + h Ri + pi * c  + bi)        f = sigma(x Wf + h Rf + pf * c  + bf)
        g = tanh (x Wc + h Rc + bc)                  c' = f * c + i * g
        o = sigma(x Wo + h Ro + po * c' + bo)        h' = o * tanh(c')

    Weights: kernel (F, 4H), recurrent_kernel (H, 4H), bias (4H,), peephole_kernel (3, H); gates in
    the order i, f, c, o, those that are switched off left out. Input [B, T, F], output [B, H] or,
    with return_sequences, [B, T, H]. States: h, c.

    Args:
        units: H, a positive integer.
        activation: of g and of the output. Default "tanh".
        recurrent_activation: of the gates. Default "sigmoid".
        use_bias: default True.
        unit_forget_bias: bf starts at 1. Default True.
        peephole: the gates see the cell: the terms with p. Default False.
        gates: which of the gates i, f and o there are; an absent gate is 1. Default "ifo"; "io" is
            the cell of 1997.
        coupled: f = 1 - i, without weights of its own. Default False.
        peephole_initializer: default "zeros".
        **keywords: of every recurrent layer, see `Recurrent`.

    Sources: Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000;
    peepholes: Gers, Schraudolph & Schmidhuber 2002; names: Greff et al. 2017.
    """

    _fields = (
        *Recurrent._fields,
        "recurrent_activation",
        "unit_forget_bias",
        "peephole",
        "gates",
        "coupled",
        "peephole_initializer",
    )
    peephole_kernel = weight_view("peephole_kernel", "(3, H)")

    def __init__(
        self,
        units: int | None = None,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        *,
        unit_forget_bias: bool = True,
        peephole: bool = False,
        gates: str = "ifo",
        coupled: bool = False,
        peephole_initializer: Any = "zeros",
        **keywords: Any,
    ) -> None:
        super().__init__(units, activation, use_bias, **keywords)
        self.recurrent_activation = _gate_activation(recurrent_activation, self)
        self.unit_forget_bias = bool(unit_forget_bias)
        self.peephole = bool(peephole)
        self.gates = _checked_gates(gates, bool(coupled))
        self.coupled = bool(coupled)
        self.peephole_initializer = initializers.get(peephole_initializer)

    def _options(self) -> _core.LayerOptions:
        return _core.LSTMOptions(
            **self._common(),
            recurrent_activation=self.recurrent_activation,
            peephole=self.peephole,
            gates=self.gates,
            coupled=self.coupled,
        )

    def _draw_one(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        has_forget = "f" in self.gates and not self.coupled
        if name != "bias" or not (self.unit_forget_bias and has_forget):
            return super()._draw_one(name, shape, dtype)
        start = self.units * ("i" in self.gates)
        before = super()._draw_one(name, (start,), dtype)
        after = super()._draw_one(name, (shape[0] - start - self.units,), dtype)
        return np.concatenate([before, np.ones(self.units, dtype), after])


def _checked_gates(gates: Any, coupled: bool) -> str:
    letters = "".join(gates) if isinstance(gates, (list, tuple)) else gates
    if (
        not isinstance(letters, str)
        or set(letters) - set("ifo")
        or len(set(letters)) < len(letters)
    ):
        raise ValueError(f"LSTM: gates: expected letters out of 'ifo', received {gates!r}")
    if coupled and "i" not in letters:
        raise ValueError(
            f"LSTM: coupled=True makes f = 1 - i and needs the gate i, received gates={gates!r}"
        )
    return "".join(letter for letter in "ifo" if letter in letters)


def _gate_activation(identifier: Any, layer: Layer) -> str:
    return recurrent_activation(identifier, layer, "recurrent_activation")


class GRU(Recurrent):
    """Gated recurrent unit (Cho et al. 2014).

        z = sigma(x Wz + h Rz + bz)      r = sigma(x Wr + h Rr + br)
        g = tanh (x Wh + r * (h Rh + bh') + bh)      with reset_after
        g = tanh (x Wh + (r * h) Rh + bh)            without
        h' = z * h + (1 - z) * g

    Weights: kernel (F, 3H), recurrent_kernel (H, 3H), bias (2, 3H) with reset_after, else (3H,);
    gates in the order z, r, h. Input [B, T, F], output [B, H] or, with return_sequences,
    [B, T, H]. State: h.

    Args:
        units: H, a positive integer.
        activation: of g. Default "tanh".
        recurrent_activation: of the gates. Default "sigmoid".
        use_bias: default True.
        reset_after: the reset gate works on the product, as in Keras 3 and cuDNN. Default True.
        **keywords: of every recurrent layer, see `Recurrent`.
    """

    _fields = (*Recurrent._fields, "recurrent_activation", "reset_after")

    def __init__(
        self,
        units: int | None = None,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        *,
        reset_after: bool = True,
        **keywords: Any,
    ) -> None:
        super().__init__(units, activation, use_bias, **keywords)
        self.recurrent_activation = _gate_activation(recurrent_activation, self)
        self.reset_after = bool(reset_after)

    def _options(self) -> _core.LayerOptions:
        return _core.GRUOptions(
            **self._common(),
            recurrent_activation=self.recurrent_activation,
            reset_after=self.reset_after,
        )


class SimpleRNN(Recurrent):
    """The fully connected recurrent network (Elman 1990): h' = tanh(x W + h R + b).

    Weights: kernel (F, H), recurrent_kernel (H, H), bias (H,). Input [B, T, F], output [B, H] or,
    with return_sequences, [B, T, H]. State: h.

    Args:
        units: H, a positive integer.
        activation: default "tanh".
        use_bias: default True.
        **keywords: of every recurrent layer, see `Recurrent`.
    """

    def _options(self) -> _core.LayerOptions:
        return _core.SimpleRNNOptions(**self._common())


# ---- other layers with weights -----------------------------------------------------------------


class Dense(Layer):
    """activation(x W + b), on every time step where the input has steps.

    Weights: kernel (F, H), bias (H,). Input [B, F] or [B, T, F], output [B, H] or [B, T, H].

    Args:
        units: H, a positive integer.
        activation: default None, linear; "softmax" goes over the last axis.
        use_bias: default True.
        kernel_initializer: default "glorot_uniform".
        bias_initializer: default "zeros".
        kernel_regularizer, bias_regularizer: default None.
        **shared: what every layer takes.
    """

    _fields = (
        "units",
        "activation",
        "use_bias",
        "kernel_initializer",
        "bias_initializer",
        "kernel_regularizer",
        "bias_regularizer",
    )
    _refused: ClassVar[Mapping[str, Any]] = {
        **Layer._refused,
        "kernel_constraint": None,
        "bias_constraint": None,
        "lora_rank": None,
        "lora_alpha": None,
        "quantization_config": None,
    }
    kernel = weight_view("kernel", "(F, H)")
    bias = weight_view("bias", "(H,)")

    def __init__(
        self,
        units: int | None = None,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        *,
        output_dim: int | None = None,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.units = units_of(self, units, output_dim)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)

    def _options(self) -> _core.LayerOptions:
        return _core.DenseOptions(
            units=self.units, activation=self.activation, use_bias=self.use_bias
        )


class Embedding(Layer):
    """A vector of weights for every id: [B, T] whole numbers -> [B, T, H].

    Weights: embeddings (input_dim, output_dim).

    Args:
        input_dim: how many ids there are; they run from 0 to input_dim - 1.
        output_dim: H, the length of a vector.
        embeddings_initializer: default "uniform" (from -0.05 to 0.05).
        embeddings_regularizer: default None.
        mask_zero: id 0 is padding: the layers behind skip it. Default False.
        input_length: T; default None: any.
        **shared: what every layer takes.
    """

    _fields = (
        "input_dim",
        "output_dim",
        "embeddings_initializer",
        "embeddings_regularizer",
        "mask_zero",
    )
    _refused: ClassVar[Mapping[str, Any]] = {
        **Layer._refused,
        "embeddings_constraint": None,
        "sparse": False,
        "lora_rank": None,
        "lora_alpha": None,
        "quantization_config": None,
        "dropout": 0.0,
    }
    _takes_ids = True
    _assumed_sample = (None,)
    embeddings = weight_view("embeddings", "(input_dim, output_dim)")

    def __init__(
        self,
        input_dim: int | None = None,
        output_dim: int | None = None,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        *,
        mask_zero: bool = False,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        for name, value in (("input_dim", input_dim), ("output_dim", output_dim)):
            if value is None:
                raise TypeError(f"Embedding: missing argument {name!r}")
        self.input_dim = _checks.whole(input_dim, "Embedding: input_dim")
        self.output_dim = _checks.whole(output_dim, "Embedding: output_dim")
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.mask_zero = bool(mask_zero)

    def _options(self) -> _core.LayerOptions:
        return _core.EmbeddingOptions(
            input_dim=self.input_dim, output_dim=self.output_dim, mask_zero=self.mask_zero
        )

    def _checked_input(self, array: Array, dtype: np.dtype[Any]) -> Array:
        return _checks.ids(array, self._sample or (), self.input_dim, dtype)


# ---- layers without weights --------------------------------------------------------------------


class Activation(Layer):
    """An activation function as a layer; the shape stays.

    Args:
        activation: "softmax" (over the last axis), "relu", ...
        **shared: what every layer takes.
    """

    _fields = ("activation",)

    def __init__(self, activation: Any, **shared: Any) -> None:
        super().__init__(**shared)
        self.activation = activations.get(activation)

    def _options(self) -> _core.LayerOptions:
        return _core.ActivationOptions(activation=self.activation)


class Dropout(Layer):
    """In training, sets a share of the numbers to 0 and scales the others by 1 / (1 - rate).

    Args:
        rate: the share, [0, 1).
        seed: of the masks, used by the model (see Sequential).
        **shared: what every layer takes.

    Source: Srivastava et al. 2014.
    """

    _fields = ("rate", "seed")
    _refused: ClassVar[Mapping[str, Any]] = {**Layer._refused, "noise_shape": None}

    def __init__(self, rate: float, seed: int | None = None, **shared: Any) -> None:
        super().__init__(**shared)
        self.rate = _checks.rate(rate, "Dropout: rate")
        self.seed = seed

    def _options(self) -> _core.LayerOptions:
        return _core.DropoutOptions(rate=self.rate)


class Masking(Layer):
    """Steps whose features all equal mask_value are padding: the layers behind skip them.

    Input and output [B, T, F].

    Args:
        mask_value: default 0.
        **shared: what every layer takes.
    """

    _fields = ("mask_value",)

    def __init__(self, mask_value: float = 0.0, **shared: Any) -> None:
        super().__init__(**shared)
        if isinstance(mask_value, bool) or not isinstance(mask_value, (int, float, np.number)):
            raise TypeError(f"Masking: mask_value: expected a number, received {mask_value!r}")
        if not np.isfinite(mask_value):
            raise ValueError(
                f"Masking: mask_value: expected a finite number, received {mask_value!r}; "
                "replace NaN in the data, for example with np.nan_to_num(x, nan=-1)"
            )
        self.mask_value = float(mask_value)

    def _options(self) -> _core.LayerOptions:
        return _core.MaskingOptions(mask_value=self.mask_value)


class RepeatVector(Layer):
    """[B, F] -> [B, n, F]: the same vector at every step.

    Args:
        n: how many steps.
        **shared: what every layer takes.
    """

    _fields = ("n",)

    def __init__(self, n: int, **shared: Any) -> None:
        super().__init__(**shared)
        self.n = _checks.whole(n, "RepeatVector: n")

    def _options(self) -> _core.LayerOptions:
        return _core.RepeatVectorOptions(n=self.n)


class Flatten(Layer):
    """[B, T, F] -> [B, T F].

    Args:
        **shared: what every layer takes.
    """

    _refused: ClassVar[Mapping[str, Any]] = {**Layer._refused}
    _ignored: ClassVar[frozenset[str]] = Layer._ignored | {"data_format"}

    def _options(self) -> _core.LayerOptions:
        return _core.FlattenOptions()


class Reshape(Layer):
    """The same numbers of a sample in another shape.

    Args:
        target_shape: without the batch axis; one entry may be -1 and follows from the others.
        **shared: what every layer takes.
    """

    _fields = ("target_shape",)

    def __init__(self, target_shape: Sequence[int], **shared: Any) -> None:
        super().__init__(**shared)
        if isinstance(target_shape, str) or not isinstance(target_shape, Iterable):
            raise TypeError(
                f"Reshape: target_shape: expected a tuple of integers, received {target_shape!r}"
            )
        self.target_shape = tuple(
            -1 if extent == -1 else _checks.whole(extent, "Reshape: target_shape")
            for extent in target_shape
        )
        if self.target_shape.count(-1) > 1:
            raise ValueError(
                f"Reshape: target_shape: expected one -1 at most, received {target_shape!r}"
            )

    def _options(self) -> _core.LayerOptions:
        return _core.ReshapeOptions(target_shape=self.target_shape)


# ---- wrappers ----------------------------------------------------------------------------------


def _wrapped(layer: Any, wrapper: str) -> Layer:
    if not isinstance(layer, Layer) or isinstance(layer, InputLayer):
        raise TypeError(f"{wrapper}: expected a layer, received {layer!r}")
    if layer._owner is not None:
        raise ValueError(f"{wrapper}: the layer {layer.name!r} already stands in another one")
    return layer


class TimeDistributed(Layer):
    """A layer applied to every time step: [B, T, ...] -> [B, T, ...].

    Args:
        layer: any layer for one step.
        **shared: what every layer takes.
    """

    _reads_steps = True

    def __init__(self, layer: Layer, **shared: Any) -> None:
        super().__init__(**shared)
        self.layer = _wrapped(layer, "TimeDistributed")
        self.layer._owner = self
        self._trainable = self._trainable and layer.trainable

    def _options(self) -> _core.LayerOptions:
        return _core.TimeDistributedOptions(layer=self.layer._options())

    def _build(self, sample: Sample, dtype: str) -> Sample:
        # The core does without the wrapper where the layer works on the last axis alone.
        if len(sample) < 2:
            raise ValueError(
                f"layer {self.name!r}: TimeDistributed: expected input of shape (batch, time "
                f"steps, ...), received {(None, *sample)}"
            )
        return super()._build(sample, dtype)

    def _draw(self, parameters: Parameters, dtype: np.dtype[Any]) -> list[Array]:
        return self.layer._weights_for(parameters, dtype)

    def _regularizers(self, parameters: Parameters) -> list[Regularizer | None]:
        return self.layer._regularizers(parameters)

    def _settle(self, place: Place) -> None:
        super()._settle(place)
        self.layer._sample = (self._sample or ())[1:]
        self.layer._settle(place._replace(inner=True))

    def get_config(self) -> dict[str, Any]:
        """What from_config makes an equal layer of."""
        return {**super().get_config(), "layer": serialize(self.layer)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> TimeDistributed:
        """A layer from what get_config() gave."""
        return cls(**{**config, "layer": deserialize(config["layer"])})


class Bidirectional(StateKeeper):
    """Two recurrent layers over the same sequence, from both ends (Schuster & Paliwal 1997).

    Weights: the forward layer's, then the backward layer's; states likewise.

    Args:
        layer: an LSTM, GRU or SimpleRNN, which goes forward.
        merge_mode: how the outputs come together: "concat" (default), "sum", "mul" or "ave".
        backward_layer: what goes backward; default None: a layer like the first.
        **shared: what every layer takes.
    """

    _reads_steps = True
    _fields = ("merge_mode",)

    def __init__(
        self,
        layer: Layer,
        merge_mode: str = "concat",
        *,
        backward_layer: Layer | None = None,
        **shared: Any,
    ) -> None:
        super().__init__(**shared)
        self.merge_mode = _checked_merge_mode(merge_mode)
        self.forward_layer = _wrapped_recurrent(layer)
        self._twin = backward_layer is None
        self.backward_layer = (
            _mirrored(self.forward_layer)
            if backward_layer is None
            else _wrapped_recurrent(backward_layer)
        )
        self._refuse_unlike()
        self.forward_layer._owner = self.backward_layer._owner = self
        self._trainable = self._trainable and layer.trainable
        for attribute in ("stateful", "return_sequences", "return_state"):
            setattr(self, attribute, getattr(layer, attribute))
        if self._given_sample is None:
            self._given_batch, self._given_sample = layer._given_batch, layer._given_sample

    def _refuse_unlike(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ValueError(
                "Bidirectional: expected backward_layer with the other go_backwards than the "
                f"layer, received {forward.go_backwards} in both"
            )
        for attribute in ("stateful", "return_sequences", "return_state"):
            values = getattr(forward, attribute), getattr(backward, attribute)
            if values[0] != values[1]:
                raise ValueError(
                    f"Bidirectional: expected the same {attribute} in both layers, received "
                    f"{values[0]} and {values[1]}"
                )

    def _options(self) -> _core.LayerOptions:
        return _core.BidirectionalOptions(
            forward=self.forward_layer._options(),
            backward=self.backward_layer._options(),
            merge_mode=self.merge_mode,
        )

    def _halves(self, parameters: Parameters) -> tuple[Parameters, Parameters]:
        """The parameters of both layers, under the names that they have there."""
        named = [(name.split("_", 1)[1], shape) for name, shape in parameters]
        count = sum(name.startswith("forward_") for name, _ in parameters)
        return named[:count], named[count:]

    def _draw(self, parameters: Parameters, dtype: np.dtype[Any]) -> list[Array]:
        forward, backward = self._halves(parameters)
        return [
            *self.forward_layer._weights_for(forward, dtype),
            *self.backward_layer._weights_for(backward, dtype),
        ]

    def _regularizers(self, parameters: Parameters) -> list[Regularizer | None]:
        forward, backward = self._halves(parameters)
        return [
            *self.forward_layer._regularizers(forward),
            *self.backward_layer._regularizers(backward),
        ]

    def _settle(self, place: Place) -> None:
        super()._settle(place)
        forward, backward = self._halves(self._parameters())
        for layer, first, part in (
            (self.forward_layer, 0, forward),
            (self.backward_layer, len(forward), backward),
        ):
            layer._sample = self._sample
            start = place.first + first
            layer._settle(Place(place.network, place.number, start, len(part), inner=True))

    def get_config(self) -> dict[str, Any]:
        """What from_config makes an equal layer of."""
        config = {**super().get_config(), "layer": serialize(self.forward_layer)}
        if not self._twin:
            config["backward_layer"] = serialize(self.backward_layer)
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Bidirectional:
        """A layer from what get_config() gave."""
        layers = {
            key: deserialize(config[key]) for key in ("layer", "backward_layer") if key in config
        }
        return cls(**{**config, **layers})


def _checked_merge_mode(merge_mode: Any) -> str:
    modes = ("concat", "sum", "mul", "ave")
    if merge_mode is None:
        raise ValueError(
            "Bidirectional: merge_mode=None gives two outputs, which is not supported; expected "
            "one of 'concat', 'sum', 'mul', 'ave'"
        )
    if merge_mode not in modes:
        raise ValueError(
            f"Bidirectional: merge_mode: expected one of 'concat', 'sum', 'mul', 'ave', received "
            f"{merge_mode!r}.{suggest(merge_mode, modes)}"
        )
    return str(merge_mode)


def _wrapped_recurrent(layer: Any) -> Recurrent:
    checked = _wrapped(layer, "Bidirectional")
    if not isinstance(checked, Recurrent):
        raise ValueError(
            f"Bidirectional: expected an LSTM, GRU or SimpleRNN, received {type(layer).__name__}"
        )
    return checked


def _mirrored(layer: Recurrent) -> Recurrent:
    config = {**layer.get_config(), "go_backwards": not layer.go_backwards}
    for key in ("batch_input_shape", "batch_size"):
        config.pop(key, None)
    return type(layer).from_config({**config, "name": f"backward_{layer.name}"})


# ---- by name -----------------------------------------------------------------------------------

_CLASSES: dict[str, type[Layer]] = {
    cls.__name__: cls
    for cls in (
        InputLayer,
        LSTM,
        GRU,
        SimpleRNN,
        Dense,
        Embedding,
        Activation,
        Dropout,
        Masking,
        RepeatVector,
        Flatten,
        Reshape,
        TimeDistributed,
        Bidirectional,
    )
}


def serialize(layer: Layer) -> dict[str, Any]:
    """A layer as plain values: class name and configuration."""
    return {"class_name": type(layer).__name__, "config": layer.get_config()}


def deserialize(config: Any) -> Layer:
    """The layer from what `serialize` gave; only the classes of this module are made.

    Raises ValueError for another class or what is no configuration.
    """
    if not isinstance(config, Mapping) or not isinstance(config.get("config"), Mapping):
        raise ValueError(
            f"layer: expected a configuration with 'class_name' and 'config', received {config!r}"
        )
    name = re.sub(r".*[.>]", "", str(config.get("class_name")))
    if name not in _CLASSES:
        raise ValueError(f"unknown layer {name!r}.{suggest(name, _CLASSES)}")
    return _CLASSES[name].from_config(config["config"])
