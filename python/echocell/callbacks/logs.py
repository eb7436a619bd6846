"""The numbers that callbacks receive, by name."""

from __future__ import annotations

from typing import Any

#: Names of the same number in different versions of Keras.
_OTHER_NAMES = {
    "acc": "accuracy",
    "accuracy": "acc",
    "lr": "learning_rate",
    "learning_rate": "lr",
}


def other_name(key: object) -> str | None:
    """Returns `val_acc` for `val_accuracy` and vice versa; None if there is no other name."""
    if not isinstance(key, str):
        return None
    prefix = "val_" if key.startswith("val_") else ""
    other = _OTHER_NAMES.get(key[len(prefix) :])
    return None if other is None else prefix + other


class Logs(dict[str, Any]):
    """Numbers by name, found under the older or the newer name of Keras.

    `logs["acc"]` also works for a metric given as "accuracy", and `logs["lr"]` for the learning
    rate. Only the names as given are listed.
    """

    def __missing__(self, key: str) -> Any:
        other = other_name(key)
        if other is not None and dict.__contains__(self, other):
            return dict.__getitem__(self, other)
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return dict.__contains__(self, key) or dict.__contains__(self, other_name(key))

    def get(self, key: str, default: Any = None) -> Any:
        """Returns the number under either of its names, or the default."""
        try:
            return self[key]
        except KeyError:
            return default
