"""Molecule's scenarios: each tests one role of roles/ on a fresh machine."""
