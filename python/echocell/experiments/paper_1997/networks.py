"""The networks of 1997 and their training, a constant for each task; docs/1997.md gives reasons."""

from __future__ import annotations

from dataclasses import replace

from echocell.experiments.paper_1997.network import Network1997

NETWORK_1 = Network1997(
    *(3, 2, 0.2, 0.5),
    input_bias=(-2, -3, -4),
    output_bias=(-1, -2, -3),
    outputs_bias=-1,
    targets=(0.05, 0.95),
)
NETWORK_2A = Network1997(
    *(1, 1, 0.2, 0.4),
    gates="i",
    h="linear",
    biases="gates",
    input_bias=(-5.5,),
    outputs_bias=-4,
    shortcut=True,
    truncated=True,
)
NETWORK_2B = Network1997(
    *(1, 1, 0.2, 1.0), gates="i", h="linear", biases="none", shortcut=True, truncated=True
)
NETWORK_2C = Network1997(
    *(2, 1, 0.2, 1.0), gates="i", h="linear", biases="gates", input_bias=(-8, -8), truncated=True
)
NETWORK_3 = Network1997(
    *(3, 1, 0.1, 1.0),
    biases="hidden",
    input_bias=(-1, -3, -5),
    output_bias=(-2, -4, -6),
    truncated=True,
)
NETWORK_3C = replace(NETWORK_3, rate=0.1)
NETWORK_4 = Network1997(2, 2, 0.1, 0.5, input_bias=(-3, -6), outputs="linear", truncated=True)
NETWORK_5 = Network1997(2, 2, 0.1, 0.1, outputs="linear")
NETWORK_6A = Network1997(2, 2, 0.1, 0.5, input_bias=(-2, -4))
NETWORK_6B = Network1997(3, 2, 0.1, 0.1, input_bias=(-2, -4, -6), targets=(0.1, 0.9))
