"""Tests of training/tracking."""
