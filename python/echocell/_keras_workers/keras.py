"""What a worker process of `echocell keras` imports under this name; see keras_alias.install."""

from echocell.keras_alias import take_the_place_of

take_the_place_of(__name__)
