"""environments/schema.py"""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from environments import schema

ROOT = Path(__file__).resolve().parents[2]
DIGEST = "sha256:" + "a" * 64
MLOPS = f"registry.example.com/slipway-mlops@{DIGEST}"
RELEASE: dict[str, Any] = {
    "image": f"registry.example.com:5000/slipway-api@{DIGEST}",
    "default_model": "california",
    "models": {"california": {"uri": "models:/california/7", "sha256": "b" * 64}},
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of what the schema reads, in which prod can fetch models."""
    shutil.copytree(ROOT / "environments", tmp_path / "environments")
    with (tmp_path / "environments" / "prod.yml").open("a") as prod:
        prod.write(f"mlflow_image: {MLOPS}\n")
    (tmp_path / "release.yml").write_text(yaml.safe_dump(RELEASE))
    return tmp_path


def refused(repository: Path, file: str, **keys: object) -> list[str]:
    """What is wrong once a file has these keys too."""
    document = yaml.safe_load((repository / file).read_text()) | keys
    (repository / file).write_text(yaml.safe_dump(document))
    return schema.problems(repository, "prod")


@pytest.mark.parametrize("environment", ["local", "dev", "staging", "prod"])
def test_what_the_repository_says_is_right(environment: str) -> None:
    assert schema.problems(ROOT, environment) == []


def test_an_unknown_environment_is_refused_and_the_nearest_named() -> None:
    message = "environment='prd': there is no environments/prd.yml, the nearest is 'prod'"
    assert schema.problems(ROOT, "prd") == [message]


@pytest.mark.parametrize("file", ["environments/base.yml", "environments/prod.yml"])
def test_an_unknown_key_is_refused_and_the_nearest_named(repository: Path, file: str) -> None:
    message = f"{file}: api_wokers=4: no such key, the nearest is 'api_workers'"
    assert refused(repository, file, api_wokers=4) == [message]


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("branch", "-x", "the name of a branch"),
        ("domain", "https://slipway.example.com", "a host name, without https:// or a port, or nothing"),
        ("tls", "letsencrypt", "one of acme, local, files, upstream"),
        ("acme_directory", "http://acme.example.com/dir", "an https:// address"),
        ("tls_upstream_addresses", "10.0.1.0/24", "a list, each an address or a network such as 10.0.1.0/24"),
        ("tls_upstream_addresses", ["10.0.1.7/24"], "a list, each an address or a network such as 10.0.1.0/24"),
        ("tls_upstream_addresses", ["0.0.0.0/0"], "a list, each an address or a network such as 10.0.1.0/24"),
        ("tls_upstream_addresses", ["lb.example.com"], "a list, each an address or a network such as 10.0.1.0/24"),
        ("tls_upstream_proxy_protocol", 1, "true or false"),
        ("metrics_allow", ["0.0.0.0/0"], "a list, each a private address or network such as 10.0.2.0/24"),
        ("metrics_allow", ["8.8.8.8"], "a list, each a private address or network such as 10.0.2.0/24"),
        ("metrics_allow", ["192.168.0.0/15"], "a list, each a private address or network such as 10.0.2.0/24"),
        ("acme_email", "me", "an e-mail address, or nothing"),
        ("request_max_bytes", "8m", "a whole number from 1024 to 1073741824"),
        ("api_workers", True, "a whole number from 1 to 64"),
        ("api_workers", 2.0, "a whole number from 1 to 64"),
        ("api_workers", 0, "a whole number from 1 to 64"),
        ("api_workers", None, "a whole number from 1 to 64"),
        ("api_memory", 512, "a size such as 512m or 1g"),
        ("api_log_sample_rate", 1.5, "a number from 0 to 1"),
        ("api_log_sample_rate", float("nan"), "a number from 0 to 1"),
        ("mlflow_image", "slipway-mlops:latest", "an image by digest, name@sha256:..., or nothing"),
        ("docker_insecure_registries", "registry:5000", "a list, each a registry as host:port"),
        ("docker_insecure_registries", ["http://x"], "a list, each a registry as host:port"),
        ("secrets_source", "vault", "one of generated"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_with_what_was_wanted(
    repository: Path, key: str, value: object, wanted: str
) -> None:
    assert refused(repository, "environments/prod.yml", **{key: value}) == [
        f"environments/prod.yml: {key}={value!r}: wanted {wanted}"
    ]


def client(name: object = "mobile-app", *keys: object, **more: object) -> dict[str, object]:
    return {"name": name, "keys": list(keys) or [{"sha256": "c" * 64}], **more}


def test_clients_with_several_keys_last_days_and_limits_are_right(repository: Path) -> None:
    keys = [{"sha256": "c" * 64, "expires": "2027-01-31"}, {"sha256": "d" * 64}]
    clients = [client("mobile-app", *keys, requests_per_second=50), client("b", {"sha256": "e" * 64})]
    assert refused(repository, "environments/prod.yml", api_clients=clients) == []


def test_a_last_day_needs_no_quotes_and_is_read_as_text(repository: Path) -> None:
    lines = f"api_clients:\n  - name: b\n    keys:\n      - sha256: {'c' * 64}\n        expires: 2027-01-31\n"
    with (repository / "environments" / "prod.yml").open("a") as prod:
        prod.write(lines)
    assert schema.problems(repository, "prod") == []
    assert schema.read(repository, "prod")["api_clients"][0]["keys"][0]["expires"] == "2027-01-31"


@pytest.mark.parametrize(
    ("clients", "messages"),
    [
        ("mobile-app", ["='mobile-app': wanted a list of clients, each with name and keys"]),
        (["mobile-app"], [": entry 0 is 'mobile-app': wanted name and keys"]),
        (
            [client("Mobile App")],
            [": entry 0: name='Mobile App': wanted lower-case letters, digits and dashes, beginning with a letter"],
        ),
        (
            # YAML reads `on` as true.
            [client(True)],
            [": entry 0: name=True: wanted lower-case letters, digits and dashes, beginning with a letter"],
        ),
        ([{"name": "b"}], [": b: keys is missing: wanted a list of keys, each with sha256"]),
        ([{"name": "b", "keys": []}], [": b: keys=[]: wanted a list of keys, each with sha256"]),
        ([client(expires="2027-01-31")], [": mobile-app: expires='2027-01-31': no such key, the nearest is 'keys'"]),
        (
            [client(requests_per_second=0)],
            [": mobile-app: requests_per_second=0: wanted a whole number from 1 to 100000"],
        ),
        ([client("b", "c" * 64)], [f": b: keys: '{'c' * 56}...: wanted sha256, as in `- sha256: ...`"]),
        (
            [client("b", {"sha256": "C" * 64})],
            [f": b: keys: sha256='{'C' * 56}...: wanted the sha256 of the key, 64 hex digits (`make key` prints it)"],
        ),
        (
            [client("b", {"sha256": "c" * 64, "expires": "2027-02-30"})],
            [": b: keys: expires='2027-02-30': wanted the last day on which the key works, as 2027-01-31"],
        ),
        (
            [client("b", {"sha256": "c" * 64, "expire": "2027-02-20"})],
            [": b: keys: expire='2027-02-20': no such key, the nearest is 'expires'"],
        ),
        ([client("b"), client("b", {"sha256": "d" * 64})], [": name='b' is listed twice"]),
        ([client("b"), client("d")], [f": sha256={'c' * 64!r} is listed twice"]),
        ([client("b", *[{"sha256": "c" * 64}] * 2)], [f": sha256={'c' * 64!r} is listed twice"]),
    ],
)
def test_a_client_that_is_wrong_is_named_with_what_was_wanted(
    repository: Path, clients: object, messages: list[str]
) -> None:
    wanted = [f"environments/prod.yml: api_clients{message}" for message in messages]
    assert refused(repository, "environments/prod.yml", api_clients=clients) == wanted


def test_a_key_in_place_of_its_sha256_is_refused_and_not_shown(repository: Path) -> None:
    (problem,) = refused(repository, "environments/prod.yml", api_clients=[client("b", {"sha256": "slip_hunter2"})])
    assert "b: keys: sha256 contains a key: wanted its sha256" in problem
    assert "hunter2" not in problem


def test_no_environment_is_public_because_of_base(repository: Path) -> None:
    assert refused(repository, "environments/base.yml", api_access="open") == [
        "environments/base.yml: api_access='open': wanted keys: an environment is public only if its own file says so"
    ]


def test_an_environment_may_say_that_it_is_public(repository: Path) -> None:
    assert refused(repository, "environments/prod.yml", api_access="open") == []
    assert schema.read(repository, "prod")["api_access"] == "open"


def test_a_key_that_base_does_not_have_is_missed(repository: Path) -> None:
    base = repository / "environments" / "base.yml"
    base.write_text("".join(line for line in base.read_text().splitlines(True) if not line.startswith("tls:")))
    assert schema.problems(repository, "prod") == [
        "environments/base.yml: tls is missing: wanted one of acme, local, files, upstream"
    ]


@pytest.mark.parametrize("text", ["- a\n", "just text\n", "a: [\n", "\0", "a: 1\n  b: 2\n"])
def test_a_file_that_is_no_mapping_is_refused(repository: Path, text: str) -> None:
    (repository / "release.yml").write_text(text)
    (problem,) = schema.problems(repository, "prod")
    assert problem.startswith("release.yml: ")
    assert "\n" not in problem


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}\n", "---\n"])
def test_an_empty_release_is_none_yet(repository: Path, text: str) -> None:
    (repository / "release.yml").write_text(text)
    assert schema.problems(repository, "prod") == []


@pytest.mark.parametrize(
    "uri", ["s3://bucket/bundle", "file:///srv/bundle", "runs:/abc/model", "mlflow-artifacts:/1/x"]
)
def test_a_model_may_come_from_anywhere_that_mlflow_can_read(repository: Path, uri: str) -> None:
    models = {"california": {"uri": uri, "sha256": "b" * 64}}
    assert refused(repository, "release.yml", models=models) == []


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"image": "slipway-api:latest"}, "image='slipway-api:latest': wanted an image by digest, name@sha256:..."),
        ({"default_model": "boston"}, "default_model='boston': wanted one of california"),
        ({"modles": {}}, "modles={}: no such key, the nearest is 'models'"),
        ({"models": {}}, "models={}: wanted a mapping of names to models"),
        ({"models": ["california"]}, "models=['california']: wanted a mapping of names to models"),
        (
            {"models": {"california": "models:/california/7"}},
            "models: california='models:/california/7': wanted uri and",
        ),
    ],
)
def test_a_release_that_cannot_be_served_is_refused(repository: Path, keys: dict[str, Any], message: str) -> None:
    assert refused(repository, "release.yml", **keys)[0].startswith(f"release.yml: {message}")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"uri": "models:/california@champion"},
            "uri='models:/california@champion': wanted where MLflow finds it, a version",
        ),
        (
            {"uri": "models:/california/latest"},
            "uri='models:/california/latest': wanted where MLflow finds it, a version",
        ),
        ({"uri": "california"}, "uri='california': wanted where MLflow finds it"),
        ({"sha256": "abc"}, "sha256='abc': wanted the sha256 of the bundle's manifest, 64 hex digits"),
        ({"sha": "b" * 64}, f"sha='{'b' * 56}...: no such key, the nearest is 'sha256'"),
    ],
)
def test_a_model_that_cannot_be_fetched_is_refused(repository: Path, keys: dict[str, str], message: str) -> None:
    model = RELEASE["models"]["california"] | keys
    problems = refused(repository, "release.yml", models={"california": model})
    assert problems[0].startswith(f"release.yml: models: california: {message}")


def test_a_model_without_its_digest_is_refused(repository: Path) -> None:
    problems = refused(repository, "release.yml", models={"california": {"uri": "models:/california/7"}})
    assert problems == [
        "release.yml: models: california: sha256 is missing: wanted the sha256 of the bundle's manifest, 64 hex digits"
    ]


def test_a_password_is_refused_and_not_shown(repository: Path) -> None:
    model = {"uri": "https://me:hunter2@models.example.com/x", "sha256": "b" * 64}
    (problem,) = refused(repository, "release.yml", models={"california": model})
    assert "uri contains a password" in problem
    assert "hunter2" not in problem


@pytest.mark.parametrize("uri", ["models:/california/7", "s3://bucket/bundle"])
def test_a_release_that_the_environment_cannot_fetch_is_refused(repository: Path, uri: str) -> None:
    models = {"california": {"uri": uri, "sha256": "b" * 64}}
    assert refused(repository, "release.yml", models=models) == []
    (problem,) = refused(repository, "environments/prod.yml", mlflow_image="")
    assert problem.startswith(f"environments/prod.yml: mlflow_image is empty: wanted the image that fetches {uri} for")


def test_a_release_without_its_default_model_is_refused(repository: Path) -> None:
    other = {"boston": {"uri": "models:/boston/1", "sha256": "b" * 64}}
    assert refused(repository, "release.yml", models=other) == [
        "release.yml: default_model='california': wanted one of boston"
    ]


TEMPLATES = ["{{ lookup('pipe', 'id') }}", "{%x%}", "{#", "a{{b"]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("key", sorted(schema.KEYS))
def test_no_setting_may_hold_a_template(repository: Path, key: str, template: str) -> None:
    message = f"environments/prod.yml: {key}: contains a template marker ({{{{, {{% or {{#), wanted a plain value"
    assert refused(repository, "environments/prod.yml", **{key: template}) == [message]
    assert refused(repository, "environments/prod.yml", **{key: [template]}) == [message]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("path", [["image"], ["default_model"], ["models", "california", "uri"]])
def test_no_value_of_a_release_may_hold_a_template(repository: Path, path: list[str], template: str) -> None:
    keys = value = yaml.safe_load(yaml.safe_dump(RELEASE))
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = template
    (problem,) = refused(repository, "release.yml", **keys)
    assert problem.startswith(f"release.yml: {'.'.join(path)}: contains a template marker")


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("file", ["environments/base.yml", "environments/prod.yml", "release.yml"])
def test_no_key_may_be_a_template(repository: Path, file: str, template: str) -> None:
    (problem,) = refused(repository, file, **{template: 1})
    assert problem.startswith(f"{file}: {template}: contains a template marker")


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_model_may_be_called_by_a_template(repository: Path, template: str) -> None:
    (problem,) = refused(repository, "release.yml", models={template: RELEASE["models"]["california"]})
    assert problem.startswith(f"release.yml: models.{template}: contains a template marker")


@pytest.mark.parametrize("name", ["base", "../release", "{{x}}", ""])
def test_only_a_file_beside_base_is_an_environment(repository: Path, name: str) -> None:
    (repository / "environments" / "{{x}}.yml").write_text("branch: prod\n")
    (problem,) = schema.problems(repository, name)
    assert problem.startswith(f"environment={name!r}: there is no environments/{name}.yml, the nearest is ")


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "[" * 5000])
def test_a_file_without_end_is_refused(repository: Path, text: str) -> None:
    (repository / "release.yml").write_text(text)
    assert schema.problems(repository, "prod") == ["release.yml: cannot be read (it is nested too deeply)"]


def test_the_environments_own_values_are_read_over_the_usual_ones(repository: Path) -> None:
    found = schema.read(repository, "prod")
    assert (found["branch"], found["tls"], found["release"]) == ("prod", "acme", RELEASE)


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"domain": ""}, "domain='': tls=acme wants a public host name"),
        ({"domain": "localhost"}, "domain='localhost': tls=acme wants a public host name"),
        (
            {"tls": "upstream"},
            "tls_upstream_addresses is empty: tls=upstream wants the addresses of the load balancer",
        ),
    ],
)
def test_a_source_of_certificates_has_what_it_needs(repository: Path, keys: dict[str, Any], problem: str) -> None:
    assert refused(repository, "environments/prod.yml", **keys) == [f"environments/prod.yml: {problem}"]


@pytest.mark.parametrize(
    "keys",
    [
        {"domain": "", "tls": "local"},
        {"domain": "", "tls": "files"},
        {"tls": "upstream", "tls_upstream_addresses": ["10.0.1.0/24", "2001:db8::1"]},
    ],
)
def test_a_host_needs_no_domain_and_no_certificate_of_its_own(repository: Path, keys: dict[str, Any]) -> None:
    assert refused(repository, "environments/prod.yml", **keys) == []


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        (5, "release_steps=5: wanted a list of steps, each with percent and seconds"),
        ([5], "release_steps: entry 0 is 5: wanted percent and seconds"),
        ([{"percent": 5}], "release_steps: entry 0: seconds is missing: wanted a whole number from 1 to 3600"),
        ([{"percent": 0, "seconds": 1}], "release_steps: entry 0: percent=0: wanted a whole number from 1 to 99"),
        ([{"percent": 100, "seconds": 1}], "release_steps: entry 0: percent=100: wanted a whole number from 1 to 99"),
        ([{"percent": 0.5, "seconds": 1}], "release_steps: entry 0: percent=0.5: wanted a whole number from 1 to 99"),
        ([{"percent": 5, "seconds": 0}], "release_steps: entry 0: seconds=0: wanted a whole number from 1 to 3600"),
        (
            [{"percent": 5, "seconds": 1}, {"percent": 5, "seconds": 1}],
            "release_steps: percent=5 after percent=5: wanted a larger one in each step",
        ),
        (
            [{"percent": 50, "seconds": 1}, {"percent": 5, "seconds": 1}],
            "release_steps: percent=5 after percent=50: wanted a larger one in each step",
        ),
    ],
)
@pytest.mark.parametrize("file", ["environments/base.yml", "environments/prod.yml"])
def test_steps_that_make_no_sense_are_refused(repository: Path, file: str, steps: object, problem: str) -> None:
    assert refused(repository, file, release_steps=steps) == [f"{file}: {problem}"]


def test_the_steps_fit_into_a_run_of_the_agent(repository: Path) -> None:
    steps = [{"percent": 5, "seconds": 750}, {"percent": 50, "seconds": 750}]
    assert refused(repository, "environments/prod.yml", release_steps=steps) == []
    problem = (
        "environments/prod.yml: release_steps take 1500 s, wanted at most 1499 s: a run ends after 1799 s"
        " (pull_run_limit_seconds) and needs 300 s for everything else"
    )
    assert refused(repository, "environments/prod.yml", pull_run_limit_seconds=1799) == [problem]


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("release_max_error_ratio", 0, "a number above 0 and up to 1"),
        ("release_max_error_ratio", 2, "a number above 0 and up to 1"),
        ("release_max_latency_ratio", 0, "a number above 0 and up to 1000"),
        ("release_max_latency_ratio", "2", "a number above 0 and up to 1000"),
        ("release_min_requests", 0, "a whole number from 1 to 1000000"),
    ],
)
def test_a_limit_of_the_steps_is_a_number_that_limits(repository: Path, key: str, value: object, wanted: str) -> None:
    message = f"environments/prod.yml: {key}={value!r}: wanted {wanted}"
    assert refused(repository, "environments/prod.yml", **{key: value}) == [message]
