"""Benchmarks that check Slipway's limits, and compare it with its peers in the same run."""
