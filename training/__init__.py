"""Trains a model and hands it over as a bundle: data, features, train, evaluate, register, each a step of its own."""
