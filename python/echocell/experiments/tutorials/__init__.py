"""The experiments of the tutorials, beside their published results."""
