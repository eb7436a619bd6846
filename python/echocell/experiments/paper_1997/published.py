"""The results of Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997), as tables.

The last row of a task is the one that a recipe is compared with.
"""

from __future__ import annotations

from echocell.experiments.run.trials import PaperRow

SOURCE = (
    "Sepp Hochreiter and Jürgen Schmidhuber, "
    '"Long Short-Term Memory", Neural Computation 9(8) (1997), '
)

# Table 1: the embedded Reber grammar.
TASK_1 = (
    PaperRow("4 blocks of 1, rate 0.1", 39_740, 100),
    PaperRow("4 blocks of 1, rate 0.5", 9_500, 97),
    PaperRow("3 blocks of 2, rate 0.1", 21_730, 100),
    PaperRow("3 blocks of 2, rate 0.2", 14_060, 97),
    PaperRow("3 blocks of 2, rate 0.5", 8_440, 100),
)

# Table 2 and section 5.2: p -> the row.
TASK_2A = {100: PaperRow("1 block of 1, rate 1.0", 5_040, 100)}
TASK_2B = {100: PaperRow("1 block of 1, rate 1.0", 5_680, 100)}

# Table 3: (q, p) -> sequences; every trial was successful.
TASK_2C = {
    (50, 50): 30_000,
    (100, 100): 31_000,
    (200, 200): 33_000,
    (500, 500): 38_000,
    (1000, 1000): 49_000,
    (1000, 500): 49_000,
    (1000, 200): 75_000,
    (1000, 100): 135_000,
    (1000, 50): 203_000,
}

# Tables 4, 5 and 6: (T, N) -> criterion -> sequences; "" where there is one criterion.
TASK_3A = {
    (100, 3): {"ST1": 27_380, "ST2": 39_850},
    (100, 1): {"ST1": 58_370, "ST2": 64_330},
    (1000, 3): {"ST1": 446_850, "ST2": 452_460},
}
TASK_3B = {
    (100, 3): {"": 41_740},
    (100, 1): {"": 74_950},
    (1000, 1): {"": 481_060},
}
TASK_3C = {(100, 3): {"": 269_650}, (100, 1): {"": 565_640}}

# Table 7: T -> sequences.
TASK_4 = {100: 74_000, 500: 209_000, 1000: 853_000}

# Table 8: T -> rows.
TASK_5 = {
    100: (
        PaperRow("2 blocks of 2, under 140 of 2000 wrong", 482_000),
        PaperRow("2 blocks of 2, under 13 of 2000 wrong", 1_273_000),
    )
}

# Table 9.
TASK_6A = PaperRow("2 blocks of 2", 31_390)
TASK_6B = PaperRow("3 blocks of 2", 571_100)
