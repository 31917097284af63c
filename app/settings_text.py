"""What the settings mean: for `python -m app --help`, and for the table in docs/api.md."""

from __future__ import annotations

import dataclasses

from app.settings import PREFIX, Settings

MEANINGS = {
    "models": "the bundles, as `name@version=path`, separated by commas",
    "model_dir": "instead: a folder of bundles, each in `name/version/`",
    "default_model": "the model that `/predict` and `/invocations` serve; required if there are several models",
    "host": "the address to listen on",
    "port": "the port to listen on; 0 picks a free one",
    "socket": "instead of host and port: a Unix socket; whoever may enter its folder may connect",
    "workers": "the number of worker processes",
    "engine": "`onedal`, `xgboost`, or `auto`: the faster one that gives the golden answers",
    "image": "the digest of the running image, for `/version` and `slipway_release_info`",
    "max_body_bytes": "the largest body",
    "max_rows": "the most rows in a request",
    "max_in_flight": "the most requests that a worker receives or answers at a time; then 429",
    "max_buffered_bytes": "the most bytes of incomplete or large unanswered bodies that a worker holds; then 429",
    "body_timeout_seconds": "the longest time from the first byte of a request to the last; then 408",
    "drain_seconds": "how long open requests may take after SIGTERM",
    "worker_timeout_seconds": "a worker whose event loop stands still for this long is killed and replaced",
    "log_sample_rate": "the share of successful predictions that is logged",
}


def lines() -> str:
    """Return each setting with its default and its meaning."""
    return "".join(
        f"  {key} (default: {default})\n      {meaning}\n" if default else f"  {key}\n      {meaning}\n"
        for key, default, meaning in described()
    )


def described() -> list[tuple[str, str, str]]:
    """Return each setting's variable, default and meaning."""
    return [
        (PREFIX + field.name.upper(), _shown(field.default), MEANINGS[field.name])
        for field in dataclasses.fields(Settings)
    ]


def _shown(default: object) -> str:
    return f"{default:g}" if isinstance(default, float) else str(default or "")
