"""Benchmarks that hold Slipway to the numbers of its design, each against its peers in the same run."""
