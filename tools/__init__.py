"""What the Makefile calls, as `python -m tools.NAME` from the repository's root. Nothing but its tests imports it."""
