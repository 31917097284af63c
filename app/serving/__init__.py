"""The server: processes, sockets, HTTP, and the two paths of a prediction request."""
