"""Checks the user's arrays and lists of sequences, and converts them for the core."""
