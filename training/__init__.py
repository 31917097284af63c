"""Trains a model and writes it as a bundle: make_data, build_features, train, evaluate, register."""
