"""Compares echocell with other libraries, with another version of itself, and with the machine."""
