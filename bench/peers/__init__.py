"""The servers that ours is measured against, each as fast as its framework honestly allows."""
