"""The modules: what a task of a role calls."""
