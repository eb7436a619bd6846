"""Imported under this name by worker processes of `echocell keras`; see `install`."""

from echocell.keras.alias import take_the_place_of

take_the_place_of(__name__)
