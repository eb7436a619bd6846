"""The module that worker processes of `echocell keras` import under this name; see `install`."""

from echocell.keras.alias import take_the_place_of

take_the_place_of(__name__)
