"""Runs Keras scripts on echocell, by registering it as keras and tensorflow.keras."""

from echocell.keras.alias import install, run_script

__all__ = ["install", "run_script"]
