"""What the container images are built from: one folder each."""
