"""Updates within one call of fit: the six small shapes, and the nine experiments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bench.compare import learning
from bench.compare.context import Context
from bench.compare.figures import Figure, Ratio, Table
from bench.compare.peers import PEERS, Jax, Peer, PyTorch
from bench.compare.workloads import shapes, workloads

UPDATES = Table(
    "updates",
    "One update inside one fit",
    "(B, T, F, H, classes): LSTM(H), Dense(classes) with softmax, categorical cross-entropy, Adam; "
    "one-hot inputs where F > 1",
    (
        Ratio(Jax.label, (Jax.label,), mean=3.5, least=2.0),
        Ratio(PyTorch.label, (PyTorch.label,), mean=150.0),
    ),
)
EXPERIMENTS = Table(
    "experiments",
    "One update of an experiment",
    "with the names of `echocell list`",
    tuple(Ratio(peer.label, (peer.label,)) for name, peer in PEERS.items() if name != "echocell"),
)


def run_updates(context: Context, peers: Mapping[str, type[Peer]]) -> Iterator[Figure]:
    """Measures the small shapes. Keras is left out: other rows measure the cost of its calls."""
    fast = {name: peer for name, peer in peers.items() if not name.startswith("keras")}
    for workload in context.some(list(shapes()), 3):
        yield learning.measure(context, UPDATES.name, workload, fast, 1.5 * context.seconds)


def run_experiments(context: Context, peers: Mapping[str, type[Peer]]) -> Iterator[Figure]:
    for workload in context.some(list(workloads()), 4):
        yield learning.measure(context, EXPERIMENTS.name, workload, peers, 2 * context.seconds)
