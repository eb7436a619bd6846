"""Measures echocell beside its peers, beside another version of itself and beside the machine."""
