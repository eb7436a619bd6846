"""What a worker process of `echocell keras` imports under this name; see echocell.keras.install."""

from echocell.keras.alias import take_the_place_of

take_the_place_of(__name__)
