"""Helpers that import nothing else of echocell: registry, scalar checks, names, files, warnings."""
