"""The numbers that callbacks see, by name."""

from __future__ import annotations

from typing import Any

#: What Keras called the same number at other times.
_OTHER_NAMES = {
    "acc": "accuracy",
    "accuracy": "acc",
    "lr": "learning_rate",
    "learning_rate": "lr",
}


def other_name(key: object) -> str | None:
    """`val_acc` for `val_accuracy` and the other way round; None where there is no other name."""
    if not isinstance(key, str):
        return None
    prefix = "val_" if key.startswith("val_") else ""
    other = _OTHER_NAMES.get(key[len(prefix) :])
    return None if other is None else prefix + other


class Logs(dict[str, Any]):
    """Numbers by name. A number is found under its older or newer Keras name as well:
    `logs["acc"]` where the metric was asked for as "accuracy", `logs["lr"]` for the learning rate.

    Only the names that were asked for are listed.
    """

    def __missing__(self, key: str) -> Any:
        other = other_name(key)
        if other is not None and dict.__contains__(self, other):
            return dict.__getitem__(self, other)
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return dict.__contains__(self, key) or dict.__contains__(self, other_name(key))

    def get(self, key: str, default: Any = None) -> Any:
        """The number under either of its names, or the default."""
        try:
            return self[key]
        except KeyError:
            return default
