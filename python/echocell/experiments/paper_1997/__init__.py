"""The tasks of Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997)."""
