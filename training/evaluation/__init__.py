"""Measures predictions: scores, errors per decile and region, plots."""
