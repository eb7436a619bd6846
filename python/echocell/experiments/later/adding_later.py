"""adding-later: the sum of two marked numbers among T; always answering 1 has a loss of 1/6.

The task (`echocell.tasks.adding.generate_adding_benchmark`) goes back to Hochreiter and Schmidhuber
(1997); this form is that of Arjovsky, Shah and Bengio, "Unitary Evolution Recurrent Neural
Networks" (2016).
"""

from __future__ import annotations

from functools import partial

from echocell.experiments.later.benchmark import (
    TABLE_1,
    Benchmark,
    BenchmarkSettings,
    loss_headline,
    run_benchmark,
)
from echocell.experiments.run.experiment import Experiment, Published
from echocell.tasks import adding

BENCHMARK = Benchmark(
    draw=adding.generate_adding_benchmark,
    no_memory=lambda length: 1 / 6,
    features=2,
    outputs=1,
    loss="mean_squared_error",
    published_length=600,
    published={"LSTM": 0.164, "GRU": 5.3e-5},
)
ADDING_LATER = Experiment(
    name="adding-later",
    summary="add two marked numbers among 200 to 1000, LSTM and GRU, usual and chrono bias",
    takeaway="The gradient has to reach back over all time steps, as far as the gates let it.",
    published=Published("LSTM 0.164 at T = 600", TABLE_1),
    settings=BenchmarkSettings(
        lengths=(200, 400, 600, 1000), updates=5000, batch_size=8, tests=2000
    ),
    headline=partial(loss_headline, 600),
    run=partial(run_benchmark, BENCHMARK),
    group="later",
    takes=110,
)
