"""The exercises that the tutorials leave open, each with an answer from its own data."""
