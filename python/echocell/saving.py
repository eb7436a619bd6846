"""Writing and reading models and weights: the functions behind `model.save` and `load_model`."""

from echocell.models.saving import load_model, load_weights, save_model, save_weights

__all__ = ["load_model", "load_weights", "save_model", "save_weights"]
