"""The gateway benchmark: our gateway, nginx, the former Caddy, and the API without a gateway."""
