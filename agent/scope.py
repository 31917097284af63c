"""Which roles a change concerns. In doubt all: one too many costs seconds, one too few leaves the host wrong."""

from collections.abc import Iterable

# Top-level entries that no role reads. Hosts get the code of `app` and `training` as images, by digest.
NOTHING = {
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
}
# Entries outside of roles/ that one role reads.
ONE_ROLE = {
    "agent": "pull",
    "release.yml": "api",
}
ENVIRONMENTS = ("local", "dev", "staging", "prod")
# Roles that others build on: what they change, any role may have to take up.
SHARED = {"docker", "secrets"}


def of(paths: Iterable[str], environment: str) -> tuple[str, ...] | None:
    """Return the roles, by name, that a change of these paths concerns on a host of `environment`; None is all."""
    roles: set[str] = set()
    for path in paths:
        found = _of(path.split("/"), environment)
        if found is None:
            return None
        roles |= found
    return tuple(sorted(roles))


def _of(parts: list[str], environment: str) -> set[str] | None:
    top = parts[0]
    if top in NOTHING:
        return set()
    if top in ONE_ROLE:
        return {ONE_ROLE[top]}
    if top == "roles" and len(parts) > 2 and parts[1] not in SHARED and parts[2] != "meta":
        return {parts[1]}
    if top == "environments" and parts[1] in _others(environment):
        return set()
    return None


def _others(environment: str) -> set[str]:
    return {f"{name}.yml" for name in ENVIRONMENTS if name != environment}
