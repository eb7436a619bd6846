"""Forecasts of a series in a CSV file."""
