"""The gateway benchmark: our gateway, nginx, the Caddy of before and the API itself, on the rehearsal's host."""
