"""Files of other formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from echocell.layers import (
    LSTM,
)
from echocell.models import Sequential, load_model
from support.mistakes import (
    assert_same,
    assert_works,
    classifier,
    regressor,
    snapshot,
)

# ---- files -------------------------------------------------------------------------------------


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    classifier().save(path)
    return path


def broken(path: Path, change: Callable[[bytes], bytes]) -> Path:
    path.write_bytes(change(path.read_bytes()))
    return path


def flip(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]


FILES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda data: b"", "empty"),
    "a few bytes": (lambda data: data[:5], "cut off after a few bytes"),
    "cut off in the header": (lambda data: data[:200], "damaged, cut off"),
    "cut off in the numbers": (lambda data: data[:-7], "damaged, cut off"),
    "a flipped weight": (lambda data: flip(data, len(data) - 9), "checksum"),
    "a changed setting": (lambda data: data.replace(b"tanh", b"relu"), "checksum"),
    "an HDF5 file": (lambda data: b"\x89HDF\r\n\x1a\n" + data, "an HDF5 file"),
    "a zip archive": (lambda data: b"PK\x03\x04" + b"\xff" * 4 + data, "a zip archive"),
    "a pickle": (lambda data: b"\x80\x05\x95" + b"\xff" * 5 + data, "a pickle"),
    "a text": (lambda data: b"hello, this is no model at all", "no safetensors file"),
    "zeros": (lambda data: b"\0" * 500, "damaged, cut off"),
}


@pytest.mark.parametrize("name", FILES)
def test_file_error(saved: Path, name: str) -> None:
    change, words_of_message = FILES[name]
    broken(saved, change)
    model = classifier()
    before = snapshot(model)
    for act in (lambda: load_model(saved), lambda: model.load_weights(saved)):
        with pytest.raises(ValueError, match=words_of_message) as caught:
            act()
        assert str(saved) in str(caught.value)
    assert_same(*before, model)
    assert_works(model)


@pytest.mark.parametrize("place", [8, 20, 100, 400])
def test_flipped_header_is_an_error(saved: Path, place: int) -> None:
    broken(saved, lambda data: flip(data, place))
    with pytest.raises(ValueError, match=r"model\.safetensors"):
        load_model(saved)


def test_foreign_safetensors_file(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / "foreign.safetensors"
    save_file({"weight": np.zeros((2, 2), np.float32)}, path)
    with pytest.raises(ValueError, match="not a model that echocell saved"):
        load_model(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "none")


def test_weights_of_another_model(saved: Path) -> None:
    model = regressor()
    before = snapshot(model)
    with pytest.raises(ValueError, match=r"dense.*expected shape \(4, 1\), received \(4, 3\)"):
        model.load_weights(saved)
    assert_same(*before, model)


def test_weights_alone_are_no_model(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    classifier().save_weights(path)
    with pytest.raises(ValueError, match="holds weights alone"):
        load_model(path)


def test_saving_an_unbuilt_model(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not built yet"):
        Sequential([LSTM(3)]).save(tmp_path / "model")
    assert not any(tmp_path.iterdir())


def test_metadata_that_is_not_plain(tmp_path: Path) -> None:
    model = classifier()
    model.metadata["scaler"] = object()
    with pytest.raises(ValueError, match=r"plain values.*model\.metadata"):
        model.save(tmp_path / "model")
    assert not any(tmp_path.iterdir())
