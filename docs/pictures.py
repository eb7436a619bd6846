"""Draws the pictures of README.md into this folder.

    python docs/pictures.py

Needs matplotlib (`pip install '.[plot]'`) and takes about a minute.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

import echocell
from echocell import cli, plotting
from echocell.layers import LSTM, Dense
from echocell.models import Sequential
from echocell.tasks import airline

FOLDER = Path(__file__).parent


def shrink(path: Path) -> None:
    """Reduces the picture to 64 colours, which makes the file a third as large."""
    Image.open(path).convert("RGB").quantize(64).save(path, optimize=True)


def draw_gates() -> None:
    """Trains the example of README.md and draws the gates for one sequence."""
    echocell.utils.set_random_seed(1)
    digits = np.random.randint(0, 10, size=(10_000, 5))
    x = np.eye(10)[digits]
    model = Sequential([LSTM(25, input_shape=(5, 10)), Dense(10, activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer="adam")
    model.fit(x, x[:, 2], epochs=1, batch_size=1, verbose=0)
    figure = plotting.plot_gates(model, x[:1], labels=digits[0])
    figure.savefig(FOLDER / "gates.png", dpi=60)
    shrink(FOLDER / "gates.png")


def draw_forecast() -> None:
    """Runs `echocell forecast` on the airline passengers and keeps its picture."""
    with TemporaryDirectory() as folder:
        data = Path(folder, "passengers.csv")
        rows = zip(airline.months(), airline.passengers(), strict=True)
        data.write_text("month,passengers\n" + "".join(f"{m},{n:g}\n" for m, n in rows))
        code = cli.main(["forecast", str(data), "--out", folder, "--quiet"])
        pictures = list(Path(folder).glob("*.png"))
        if code or len(pictures) != 1:
            sys.exit(f"echocell forecast: exit code {code}, pictures {pictures}")
        (FOLDER / "forecast.png").write_bytes(pictures[0].read_bytes())
        shrink(FOLDER / "forecast.png")


if __name__ == "__main__":
    draw_gates()
    draw_forecast()
