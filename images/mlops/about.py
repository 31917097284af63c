"""What the image holds: printed by a container that is started without a command."""

TEXT = """\
slipway-mlops: MLflow's server, training, and the fetching of bundles. Give one of these as the command:

  python -P -m images.mlops.serve                  the tracking server on port 5000; wants /mlflow and /run/secrets
  python -P -m images.mlops.fetch URI DEST         a model of the registry, or of any address MLflow reads, as a folder
  python -P -m training --help                     train and register a model; MLFLOW_TRACKING_URI says where
"""

if __name__ == "__main__":
    print(TEXT, end="")
