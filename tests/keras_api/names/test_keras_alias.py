"""`import keras` and `import tensorflow` on echocell: modules and missing names."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from echocell._common import keras_names
from echocell.keras import alias
from echocell.keras import modules as modules_module
from support.keras_runs import run_lines

# ---- modules and names -------------------------------------------------------------------------

IMPORTS = """
import keras
import keras.backend as K
import tensorflow as tf
import tensorflow.keras.layers
from keras import Input, Sequential, activations, backend, initializers, losses, metrics
from keras.activations import relu
from keras.backend import clear_session
from keras.callbacks import *
from keras.initializers import glorot_uniform
from keras.layers import *
from keras.layers.core import Dense, Dropout
from keras.layers.embeddings import Embedding
from keras.layers.recurrent import GRU, LSTM, SimpleRNN
from keras.layers.wrappers import Bidirectional, TimeDistributed
from keras.losses import mean_squared_error
from keras.metrics import categorical_accuracy
from keras.models import Sequential, load_model
from keras.optimizers import SGD, Adam, adam
from keras.preprocessing import sequence
from keras.preprocessing.sequence import pad_sequences
from keras.regularizers import l1, l1_l2, l2
from keras.utils import np_utils, to_categorical
from keras.utils.np_utils import to_categorical
from keras.utils.vis_utils import plot_model
from keras.models import Input
from tensorflow import keras
from tensorflow.keras import layers, models
from tensorflow.keras.layers import LSTM
from tensorflow.python.keras.layers import LSTM
from tensorflow.python.keras import backend
from tensorflow.random import set_seed
from tensorflow.compat.v1 import set_random_seed
from tensorflow.compat.v1.keras.layers import CuDNNLSTM, CuDNNGRU
from keras.src.layers import LSTM
tf.keras.layers.LSTM, tf.keras.optimizers.Adam, tf.keras.utils.to_categorical
tf.keras.preprocessing.sequence.pad_sequences, tf.random.set_seed, tf.set_random_seed
tf.keras.backend.clear_session, tf.keras.Sequential, tf.keras.Input, tf.optimizers.Adam
keras.utils.np_utils.to_categorical, keras.layers.recurrent.LSTM
"""


def test_imports(tmp_path: Path) -> None:
    lines = [line for line in IMPORTS.splitlines() if line]
    done = run_lines("\n".join(lines), tmp_path)
    assert done.returncode == 0, done.stderr


def test_versions_fit_what_is_computed(tmp_path: Path) -> None:
    done = run_lines(
        "import keras, numpy as np, tensorflow as tf\n"
        "major = int(keras.__version__.split('.')[0])\n"
        "slope = 1 / 6 if major >= 3 else 0.2\n"
        "print(np.isclose(keras.activations.hard_sigmoid(1.0), 0.5 + slope))\n"
        "print(tuple(map(int, tf.__version__.split('.'))) >= (2, 16 if major >= 3 else 0))\n"
        "print(keras.__version__ == tf.keras.__version__)\n",
        tmp_path,
    )
    assert done.stdout == "True\nTrue\nTrue\n", done.stderr


def test_seeds_of_tensorflow_make_a_run_repeatable(tmp_path: Path) -> None:
    done = run_lines(
        "import tensorflow as tf\n"
        "def weights():\n"
        "    tf.random.set_seed(3)\n"
        "    model = tf.keras.Sequential([tf.keras.layers.LSTM(3, input_shape=(2, 2))])\n"
        "    return model.get_weights()[0].tolist()\n"
        "print(weights() == weights())\n",
        tmp_path,
    )
    assert done.stdout == "True\n", done.stderr


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("from keras.models import Nothing", "keras.models.Nothing"),
        ("from keras.layers import LTSM", "keras.layers.LTSM yet. Did you mean 'LSTM'?"),
        ("import keras; keras.layers.LTSM", "keras.layers.LTSM yet. Did you mean 'LSTM'?"),
        ("from keras.layers import Conv1d", "keras.layers.Conv1d yet. Did you mean 'Conv1D'?"),
        ("import keras.dataset", "keras.dataset"),
        ("import tensorflow.contrib", "tensorflow.contrib"),
        ("from tensorflow import Session", "tensorflow.Session"),
        ("import tensorflow as tf; tf.constant(1)", "tensorflow.constant"),
    ],
)
def test_what_is_not_there_says_so(line: str, name: str, tmp_path: Path) -> None:
    assert_says_so(line, name, tmp_path)


def assert_says_so(line: str, name: str, folder: Path) -> None:
    done = run_lines(line, folder)
    assert done.returncode == 1
    sentence = name if " yet" in name else f"{name} yet."
    assert f"Error: echocell does not provide {sentence}" in done.stderr
    assert "alias.py" not in done.stderr


UNUSED = """
import keras, tensorflow as tf
import keras.constraints
import keras.datasets
import keras.layers.merge
import tensorflow.keras.applications.vgg16
from keras.activations import swish, selu
from keras.applications.resnet50 import ResNet50
from keras.backend.tensorflow_backend import set_session
from keras.callbacks import BaseLogger, RemoteMonitor
from keras.constraints import max_norm, maxnorm
from keras.datasets import imdb
from keras.engine.topology import InputSpec, Layer
from keras.initializers import one
from keras.layers import Attention, BatchNormalization, Concatenate, Conv1D, Lambda, MaxPooling1D
from keras.layers import LSTM, concatenate, merge
from keras.layers.convolutional import Conv1D
from keras.layers.core import Dense, Lambda
from keras.layers.merge import concatenate
from keras.layers.normalization import BatchNormalization
from keras.losses import cosine_proximity
from keras.metrics import AUC
from keras.models import Model, Sequential
from keras.optimizers import Adadelta, Adamax, Nadam
from keras.preprocessing.image import ImageDataGenerator
from keras.preprocessing.sequence import TimeseriesGenerator
from keras.preprocessing.text import Tokenizer
from keras.regularizers import l1l2
from keras.utils import get_file, plot_model
from keras.utils.generic_utils import get_custom_objects
from keras.wrappers.scikit_learn import KerasRegressor
from tensorflow.keras import Model, ops
from tensorflow.keras.layers import Conv1D
from tensorflow.keras.optimizers.schedules import ExponentialDecay
from keras.layers import *
Conv2D, tf.keras.layers.Conv1D, tf.keras.Model, keras.backend.mean, tf.keras.callbacks.RemoteMonitor
"""


def test_what_is_only_imported_does_no_harm(tmp_path: Path) -> None:
    done = run_lines(
        f"{UNUSED}"
        "import inspect\n"
        "print(repr(Conv1D), isinstance(LSTM(2), Conv1D), issubclass(LSTM, Conv1D))\n"
        "print(hasattr(keras.layers, 'Conv1D'), 'Conv1D' in dir(keras.layers))\n"
        "inspect.getmodule(inspect.currentframe())\n"
        "model = Sequential([LSTM(2, input_shape=(3, 1)), Dense(1)])\n"
        "print(model.predict([[[1], [2], [3]]]).shape)\n",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    name = "<tensorflow.keras.layers.Conv1D, which echocell does not provide yet>"
    assert done.stdout == f"{name.replace('tensorflow.', '')} False False\nTrue True\n(1, 1)\n"


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ("from keras.layers import Conv1D; Conv1D(3, 2)", "keras.layers.Conv1D"),
        ("import keras; keras.layers.Conv1D(3, 2)", "keras.layers.Conv1D"),
        ("from keras.layers import *; Conv1D(3, 2)", "keras.layers.Conv1D"),
        ("from keras.layers import merge; merge([])", "keras.layers.merge"),
        ("from keras.layers.merge import add; add([])", "keras.layers.merge.add"),
        ("from keras.models import Model\nclass Mine(Model): pass", "keras.models.Model"),
        ("from keras.models import Model; Model.from_config({})", "keras.models.Model.from_config"),
        ("from keras.datasets import imdb; imdb.load_data()", "keras.datasets.imdb.load_data"),
        ("import keras.datasets.imdb as d; d.load_data()", "keras.datasets.imdb.load_data"),
        ("import keras.backend as K; K.mean(3)", "keras.backend.mean"),
        ("import tensorflow as tf; tf.keras.Model()", "tensorflow.keras.Model"),
    ],
)
def test_what_is_used_says_that_it_is_not_there(lines: str, name: str, tmp_path: Path) -> None:
    assert_says_so(lines, name, tmp_path)


def test_modules_and_placeholders_can_be_pickled(tmp_path: Path) -> None:
    done = run_lines(
        "import copy, pickle, keras, keras.datasets, tensorflow as tf\n"
        "from keras.layers import Conv1D\n"
        "for module in (keras, keras.layers, keras.datasets, tf):\n"
        "    assert pickle.loads(pickle.dumps(module)) is module\n"
        "    assert copy.deepcopy(module) is module\n"
        "assert repr(pickle.loads(pickle.dumps(Conv1D))) == repr(Conv1D)\n"
        "assert repr(copy.deepcopy(Conv1D)) == repr(Conv1D)\n",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr


def test_use_is_an_import_error(tmp_path: Path) -> None:
    done = run_lines(
        "from keras.layers import Conv1D\n"
        "try:\n"
        "    Conv1D(3, 2)\n"
        "except ImportError as error:\n"
        "    print(type(error).__name__, error)\n",
        tmp_path,
    )
    assert done.stdout == "ImportError echocell does not provide keras.layers.Conv1D yet.\n"


def test_no_placeholder_hides_what_is_there() -> None:
    modules = {path: source for path, source in modules_module._PATHS.items() if path}
    assert not keras_names.MODULES & modules.keys()
    assert keras_names.NAMES.keys() <= set(modules_module._PATHS.values())
    for source, names in keras_names.NAMES.items():
        assert not names & set(importlib.import_module(source).__all__)
        assert not names & modules.keys()
    for path, places in modules_module.ELSEWHERE.items():
        source = modules_module._PATHS.get(path)
        assert source or path in keras_names.MODULES or path.split(".")[0] in keras_names.MODULES
        assert not places.keys() & keras_names.NAMES.get(source or "", frozenset())
        for place in places.values():
            assert alias._found(place) is not None


def test_scripts_can_ask_what_is_there(tmp_path: Path) -> None:
    done = run_lines(
        "import keras, inspect, sys\n"
        "print(hasattr(keras.layers, 'LTSM'), hasattr(keras.layers, 'LSTM'))\n"
        "print('LSTM' in dir(keras.layers), 'layers' in dir(keras), '__file__' in dir(keras))\n"
        "try:\n"
        "    from keras.layers import LTSM\n"
        "except ImportError as error:\n"
        "    print(type(error).__name__, error)\n"
        "inspect.getmodule(inspect.currentframe())\n"
        "print([repr(m) for n, m in sorted(sys.modules.items()) if n == 'keras.layers'])\n",
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "False True"
    assert lines[1] == "True True False"
    assert "echocell does not provide keras.layers.LTSM yet." in lines[2]


def test_the_alias_stays_in_its_process() -> None:
    assert not any(name.split(".")[0] in ("keras", "tensorflow") for name in alias.__dict__)
    code = "import echocell.keras_alias, importlib.util, sys; print('keras' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "False\n"


def test_another_keras_that_was_there_first() -> None:
    code = (
        "import sys, types; sys.modules['keras'] = types.ModuleType('keras')\n"
        "from echocell.keras_alias import install\n"
        "try:\n    install()\nexcept ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "expected to come before `import keras`" in done.stdout


def test_install_twice_is_once() -> None:
    code = (
        "import sys; from echocell.keras.alias import install, _Finder; install(); install()\n"
        "print(sum(isinstance(finder, _Finder) for finder in sys.meta_path))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "1\n"
