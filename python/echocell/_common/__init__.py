"""Helpers that know nothing of echocell: registry, scalar checks, names, files, warnings."""
