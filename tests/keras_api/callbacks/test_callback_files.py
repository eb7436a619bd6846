"""Files that callbacks write: checkpoints, CSV logs, TensorBoard events."""

from __future__ import annotations

import csv
import math
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest

from echocell import optimizers
from echocell.callbacks import (
    CSVLogger,
    ModelCheckpoint,
    TensorBoard,
)
from echocell.callbacks.event_file import masked_checksum
from echocell.layers import Dense
from echocell.models import Sequential
from support.scripted_training import losses, train

# ---- ModelCheckpoint ---------------------------------------------------------------------------


def test_checkpoint_every_epoch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = train(
        ModelCheckpoint(tmp_path / "deep" / "m-{epoch:02d}-{loss:.2f}.h5", verbose=1), losses(2, 1)
    )
    names = [str(tmp_path / "deep" / name) for name in ("m-01-2.00.h5", "m-02-1.00.h5")]
    assert model.saved == names
    assert (tmp_path / "deep").is_dir()
    assert f"Epoch 2: saving model to {names[1]}" in capsys.readouterr().out


def test_checkpoint_of_the_best(capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = ModelCheckpoint("{epoch}", "loss", save_best_only=True, verbose=1)
    model = train(checkpoint, losses(3, 2, 2, 4, 1))
    assert model.saved == ["1", "2", "5"]
    printed = capsys.readouterr().out
    assert "Epoch 1: loss improved from None to 3.00000, saving model to 1" in printed
    assert "Epoch 3: loss did not improve from 2.00000" in printed
    assert train(checkpoint, losses(2, 0)).saved == [
        "2"
    ]  # the best value is kept across calls of fit


@pytest.mark.parametrize(
    ("options", "saved"),
    [
        ({"save_weights_only": True}, ["weights:1", "weights:2", "weights:3", "weights:4"]),
        ({"save_best_only": True, "mode": "max"}, ["1", "4"]),
        ({"save_best_only": True, "initial_value_threshold": 1.5}, ["3"]),
        ({"period": 2}, ["2", "4"]),
    ],
)
def test_checkpoint_options(options: dict, saved: list[str]) -> None:
    assert train(ModelCheckpoint("{epoch}", "loss", **options), losses(3, 2, 1, 5)).saved == saved


def test_checkpoint_every_few_batches() -> None:
    model = train(ModelCheckpoint("{epoch}-{batch}", save_freq=3), losses(1, 1, 1), batches=4)
    assert model.saved == ["1-3", "2-2", "3-1", "3-4"]


def test_checkpoint_under_the_older_name() -> None:
    assert train(ModelCheckpoint("{acc:.1f}"), [{"accuracy": 0.25}]).saved == ["0.2"]


def test_checkpoint_of_a_name_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="asks for 'val_loss'; expected names out of loss, epoch"):
        train(ModelCheckpoint("{val_loss}"), losses(1))
    with pytest.warns(UserWarning, match="expected 'val_loss'"):
        assert train(ModelCheckpoint("m", save_best_only=True), losses(1)).saved == ["m"]


def test_a_loss_that_is_nan_is_not_the_best() -> None:
    checkpoint = ModelCheckpoint("{epoch}", "loss", save_best_only=True)
    assert train(checkpoint, losses(math.nan, 3, math.nan, 2)).saved == ["2", "4"]


@pytest.mark.parametrize("weights_only", [False, True])
@pytest.mark.parametrize("save_freq", ["epoch", 1])
def test_a_good_file_is_not_replaced_by_a_model_that_diverged(
    tmp_path: Path, weights_only: bool, save_freq: str | int
) -> None:
    model = Sequential([Dense(1, input_shape=(2,))])
    model.compile(optimizers.SGD(0.1), "mse")
    path = tmp_path / "model"
    each = ModelCheckpoint(path, save_weights_only=weights_only, save_freq=save_freq)
    new = ModelCheckpoint(tmp_path / "{epoch}", save_weights_only=weights_only)
    x, y = np.ones((4, 2)), np.ones((4, 1))
    model.fit(x, y, verbose=0, callbacks=[each])
    good = path.read_bytes()
    model.optimizer.learning_rate = 1e300
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(x, y, epochs=3, verbose=0, callbacks=[each, new])
    assert path.read_bytes() == good
    kept = [str(warning.message) for warning in caught if "is kept" in str(warning.message)]
    assert kept
    assert all(f"{path} is kept: the model" in words for words in kept)
    assert (tmp_path / "3").exists()  # a new file replaces none


# ---- CSVLogger ---------------------------------------------------------------------------------


def rows(path: Path, separator: str = ",") -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter=separator))


def test_csv_logger(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    logs = [{"val_loss": 3.0, "loss": 2.0, "acc": 0.5}, {"val_loss": 2.0, "loss": 1.0, "acc": 1.0}]
    train(CSVLogger(path), logs)
    assert path.read_text().splitlines() == [
        "epoch,acc,loss,val_loss",
        "0,0.5,2.0,3.0",
        "1,1.0,1.0,2.0",
    ]


def test_csv_logger_appends(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    for append in (False, True, True):
        train(CSVLogger(path, ";", append=append), [{"loss": 1.0, "val_loss": 2.0}])
    assert [row["loss"] for row in rows(path, ";")] == ["1.0"] * 3
    train(CSVLogger(path), losses(5))
    assert [row["loss"] for row in rows(path)] == ["5"]


def test_csv_logger_with_validation_now_and_then(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    train(CSVLogger(path), [{"loss": 1.0}, {"loss": 0.5, "val_loss": 2.0}])
    assert [row["val_loss"] for row in rows(path)] == ["NA", "2.0"]


# ---- TensorBoard -------------------------------------------------------------------------------


def events(folder: Path) -> list[bytes]:
    """Returns the records of the only file in a folder, whose checksums must be correct."""
    (path,) = folder.iterdir()
    assert "tfevents" in path.name
    data, found = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        record = data[12 : 12 + length]
        sums = struct.unpack("<I", data[8:12]) + struct.unpack(
            "<I", data[12 + length : 16 + length]
        )
        assert sums == (masked_checksum(data[:8]), masked_checksum(record))
        found.append(record)
        data = data[16 + length :]
    return found


def test_checksum() -> None:
    # CRC-32C of these nine digits is e3069283 (RFC 3720 and others), here rotated and offset.
    crc = 0xE3069283
    assert masked_checksum(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def test_tensorboard(tmp_path: Path) -> None:
    logs = [{"loss": 1.5, "val_loss": 2.5, "acc": 0.5}, {"loss": 0.5, "val_loss": 3.5, "acc": 1.0}]
    train(TensorBoard(tmp_path / "logs", write_graph=True, histogram_freq=0), logs)
    version, first, second = events(tmp_path / "logs" / "train")
    assert version.endswith(b"\x1a\x0dbrain.Event:2")
    # After the time (9 bytes): the step, and names followed by float32 numbers.
    assert first[9:11] == b"\x10\x00"
    assert second[9:11] == b"\x10\x01"
    assert b"epoch_loss\x15" + struct.pack("<f", 1.5) in first
    assert b"epoch_acc\x15" + struct.pack("<f", 1.0) in second
    validation = events(tmp_path / "logs" / "validation")
    assert b"epoch_loss\x15" + struct.pack("<f", 3.5) in validation[2]
    assert b"acc" not in validation[2]


def test_tensorboard_says_what_it_does_not_write() -> None:
    with pytest.warns(UserWarning, match="histogram_freq=1 has no effect"):
        TensorBoard("logs", histogram_freq=1)
    for name, value in {"update_freq": "batch", "write_grads": True, "profile_batch": 2}.items():
        with pytest.warns(UserWarning, match=f"{name}={value!r} has no effect"):
            TensorBoard("logs", **{name: value})
