"""The layers, under Keras's names and with the arguments of Keras 2 and Keras 3.

Legend of shapes: B batch, T time steps, F features, H units. The arguments that all layers share
(name, input_shape, ...) are described in `Layer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from echocell._common.missing_names import module_getattr
from echocell._common.public import publish
from echocell.layers.activation import Activation
from echocell.layers.class_table import register
from echocell.layers.dense import Dense
from echocell.layers.dropout import Dropout
from echocell.layers.embedding import Embedding
from echocell.layers.flatten import Flatten
from echocell.layers.input import Input, InputLayer
from echocell.layers.layer import Layer
from echocell.layers.masking import Masking
from echocell.layers.repeat_vector import RepeatVector
from echocell.layers.reshape import Reshape
from echocell.layers.rnn.gru import GRU
from echocell.layers.rnn.lstm import LSTM
from echocell.layers.rnn.memory_blocks import MemoryBlocks
from echocell.layers.rnn.simple_rnn import SimpleRNN
from echocell.layers.serialization import deserialize, serialize
from echocell.layers.wrappers.bidirectional import Bidirectional
from echocell.layers.wrappers.time_distributed import TimeDistributed

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
    "MemoryBlocks",
    "RepeatVector",
    "Reshape",
    "SimpleRNN",
    "TimeDistributed",
    "deserialize",
    "serialize",
]

if not TYPE_CHECKING:
    __getattr__ = module_getattr(__name__)

publish(__name__)
register(
    InputLayer,
    LSTM,
    GRU,
    SimpleRNN,
    MemoryBlocks,
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
