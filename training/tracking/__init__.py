"""MLflow: what is logged about a training, the model registry, and fetching a bundle from it."""
