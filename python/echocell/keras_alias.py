"""The older path of `echocell.keras`."""

from echocell.keras import install, run_script

__all__ = ["install", "run_script"]
