"""The servers that we compare ours with, each as fast as its framework allows."""
