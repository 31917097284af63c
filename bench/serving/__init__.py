"""Requests a second, latency, memory and cold start of the server, against its peers in the same run."""
