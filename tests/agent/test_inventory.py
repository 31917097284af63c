"""agent/inventory.py"""

import json

from agent.host import Host
from agent.inventory import text

HOST = Host("prod", ("api",), "https://example.com/x.git", "prod", "web-1", "https://vault")


def test_this_host_is_always_in_it_with_what_only_it_knows() -> None:
    facts = json.loads(text(HOST, "a" * 40))["all"]["hosts"]["localhost"]
    assert {key.removeprefix("slipway_"): value for key, value in facts.items() if key.startswith("slipway_")} == {
        "branch": "prod",
        "commit": "a" * 40,
        "environment": "prod",
        "groups": ["api"],
        "name": "web-1",
        "repository": "https://example.com/x.git",
        "unfinished": False,
        "vault": "https://vault",
    }


def test_every_group_is_there_with_or_without_this_host() -> None:
    assert json.loads(text(HOST, ""))["all"]["children"] == {"api": {"hosts": {"localhost": {}}}, "ops": {"hosts": {}}}
