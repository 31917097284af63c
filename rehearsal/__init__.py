"""The whole chain on one computer: a container plays the host, next to it run a git server and a registry."""
