"""MLflow: what is logged about a training, the registry, and fetching a bundle from it."""
