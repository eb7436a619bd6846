"""copy-memory: ten symbols of eight, returned T steps later; the loss is the mean over all steps.

The best loss without memory is 10 ln 8 / (T + 20). The task (`echocell.tasks.copying`) goes back to
Hochreiter and Schmidhuber (1997); this form is that of Arjovsky, Shah and Bengio, "Unitary
Evolution Recurrent Neural Networks" (2016).
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
from echocell.tasks import copying

BENCHMARK = Benchmark(
    draw=lambda count, length, rng: copying.generate_examples(count, length, rng=rng),
    no_memory=copying.memoryless_score,
    features=copying.SYMBOLS + 2,
    outputs=copying.SYMBOLS + 2,
    loss="categorical_crossentropy",
    published_length=1000,
    published={"LSTM": 0.0204, "GRU": 0.0197},
)
COPY_MEMORY = Experiment(
    name="copy-memory",
    summary="return ten symbols after 100 to 1000 steps, LSTM and GRU, usual and chrono bias",
    takeaway="Ten symbols have to be kept in their order while the input gives no hint of them.",
    published=Published("LSTM 0.0204 at T = 1000", TABLE_1),
    settings=BenchmarkSettings(lengths=(100, 300, 1000), updates=50_000, batch_size=1, tests=500),
    headline=partial(loss_headline, 1000),
    run=partial(run_benchmark, BENCHMARK),
    group="later",
    takes=170,
)
