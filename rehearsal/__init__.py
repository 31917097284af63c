"""The whole chain on one machine: containers as instances, a bare repository as the remote, a registry."""
