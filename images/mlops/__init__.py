"""The programs of the image `mlops`; inside the image they keep this package name."""
