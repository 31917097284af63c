"""The engines: what computes a prediction from a row of numbers.

This module imports nothing, so that the settings can name the engines without loading NumPy.
"""

NAMES = ("auto", "onedal", "xgboost")
