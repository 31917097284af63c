"""Which roles a change concerns. In doubt all: one too many costs seconds, one too few leaves the host wrong."""

from collections.abc import Iterable, Iterator

# The roles are a set of names; None means all of them, and whatever site.yml always runs.
Roles = frozenset[str] | None

NONE: Roles = frozenset()
ALL: Roles = None


def _only(*roles: str) -> Roles:
    return frozenset(roles)


# Files and folders of the repository, each with the roles that read it. The longest entry that holds a path counts.
# tests/agent/test_scope.py fails if an entry is missing, or if a plugin's roles are not those that use it.
TABLE: dict[str, Roles] = {
    # No role reads these. Hosts get the code of app/ and training/ as images, by digest.
    **dict.fromkeys(
        (
            ".ansible-lint",
            ".ci",
            ".dockerignore",
            ".editorconfig",
            ".github",
            ".gitignore",
            ".yamllint",
            "LICENSE",
            "Makefile",
            "README.md",
            "app",
            "bench",
            "bootstrap",
            "charts",
            "containers",
            "docs",
            "images",
            "molecule",
            "pyproject.toml",
            "rehearsal",
            "requirements",
            "terraform",
            "tests",
            "tools",
            "training",
            "workstation",
        ),
        NONE,
    ),
    "agent": _only("pull"),
    "ansible.cfg": ALL,
    "environments": ALL,
    "plugins": ALL,
    "plugins/action/check_settings.py": ALL,
    "plugins/module_utils/slipway/answers.py": _only("api"),
    "plugins/module_utils/slipway/api_client.py": _only("api"),
    "plugins/module_utils/slipway/bundle.py": _only("api"),
    "plugins/module_utils/slipway/colours.py": _only("api"),
    "plugins/module_utils/slipway/container.py": _only("mlflow"),
    "plugins/module_utils/slipway/deployment.py": _only("api"),
    "plugins/module_utils/slipway/docker.py": _only("api", "mlflow"),
    "plugins/module_utils/slipway/files.py": _only("api", "docker", "gateway", "mlflow", "pull", "secrets"),
    "plugins/module_utils/slipway/gateway.py": _only("api"),
    "plugins/module_utils/slipway/golden.py": _only("api"),
    "plugins/module_utils/slipway/haproxy.py": _only("api"),
    "plugins/module_utils/slipway/places.py": _only("api", "docker", "gateway", "mlflow", "pull", "secrets"),
    "plugins/module_utils/slipway/haproxy_map.py": _only("api"),
    "plugins/module_utils/slipway/progress.py": _only("api"),
    "plugins/module_utils/slipway/record.py": _only("api"),
    "plugins/module_utils/slipway/release.py": _only("api"),
    "plugins/modules/slipway_agent.py": _only("pull"),
    "plugins/modules/slipway_bundles.py": _only("api"),
    "plugins/modules/slipway_clients.py": _only("api"),
    "plugins/modules/slipway_container.py": _only("mlflow"),
    "plugins/modules/slipway_daemon.py": _only("docker", "gateway", "pull"),
    "plugins/modules/slipway_files.py": _only("api", "docker", "gateway", "mlflow", "pull", "secrets"),
    "plugins/modules/slipway_health.py": _only("api", "docker", "gateway", "mlflow", "pull", "secrets"),
    "plugins/modules/slipway_packages.py": _only("docker", "gateway"),
    "plugins/modules/slipway_release.py": _only("api"),
    "plugins/modules/slipway_routes.py": _only("gateway"),
    "plugins/modules/slipway_secrets.py": _only("secrets"),
    "release.yml": _only("api"),
    "roles": ALL,
    "site.yml": ALL,
}
ENVIRONMENTS = ("local", "dev", "staging", "prod")
# Roles that others build on: if one of them changes, any role may have to follow.
SHARED = frozenset({"docker", "secrets"})


def of(paths: Iterable[str], environment: str) -> tuple[str, ...] | None:
    """Return the names of the roles that a change of these paths concerns on a host of `environment`; None is all."""
    roles: set[str] = set()
    for path in paths:
        found = _of(path, environment)
        if found is None or found & SHARED:
            return None
        roles |= found
    return tuple(sorted(roles))


def _of(path: str, environment: str) -> Roles:
    if path in {f"environments/{name}.yml" for name in ENVIRONMENTS if name != environment}:
        return NONE
    top, *inner = path.split("/")
    # meta/ can decide about the order of roles.
    if top == "roles" and len(inner) > 1 and inner[1] != "meta":
        return _only(inner[0])
    return next((TABLE[prefix] for prefix in _prefixes(path) if prefix in TABLE), ALL)


def _prefixes(path: str) -> Iterator[str]:
    """Yield the path and the folders above it, from the inside out."""
    while path:
        yield path
        path = path.rpartition("/")[0]
