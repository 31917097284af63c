"""The text that a container prints when it is started without a command."""

TEXT = """\
slipway-mlops: MLflow's server, training, and fetching of bundles. Start it with one of these commands:

  python -P -m images.mlops.serve                  the tracking server on port 5000; needs /mlflow and /run/secrets
  python -P -m images.mlops.fetch URI DEST         a registered model, or any other MLflow artifact, as a folder
  python -P -m training --help                     train a model and register it at MLFLOW_TRACKING_URI
"""

if __name__ == "__main__":
    print(TEXT, end="")
