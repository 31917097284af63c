"""The whole chain in a fresh clone: `make up`, releases under load, and releases that have to fail.

The tests build on one another, in this order.
"""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from bench.known import Known
from bench.load import Load
from containers.docker import docker
from rehearsal import gateway
from tests.rehearsal.assertions import in_sync, refused, served_by
from tests.rehearsal.chain import Chain

pytestmark = [pytest.mark.slow, pytest.mark.rehearsal, pytest.mark.timeout(900)]
REQUESTS_A_SECOND = 50


@pytest.fixture(scope="module")
def third(chain: Chain) -> str:
    """The number of another version, which a test damages in MLflow's store."""
    return chain.train("max_depth=3", "rounds=40").name


def test_up_ends_with_what_xgboost_itself_says(chain: Chain) -> None:
    served_by(chain, "1")
    in_sync(chain)
    status = chain.status()
    assert status["models"]["california"]["version"] == "1"
    assert status["commit"] == status["agent"]["applied"]


def test_the_line_that_is_printed_works_when_pasted(chain: Chain) -> None:
    output = chain.make("up")  # once more: what it prints is the same
    line = next(line.split("try it", 1)[1] for line in output.splitlines() if "try it" in line)
    done = subprocess.run(["sh", "-c", line], check=True, stdout=subprocess.PIPE, text=True)
    assert json.loads(done.stdout)["version"] == "1"


def test_no_password_is_shown_and_the_file_with_it_is_the_users_alone(chain: Chain) -> None:
    login = Path(chain.status()["credentials"])
    password = next(line for line in login.read_text().splitlines() if "PASSWORD" in line).split("=")[1]
    assert login.stat().st_mode & 0o777 == 0o600
    assert chain.checkout.folder.stat().st_mode & 0o777 == 0o700
    assert password not in chain.make("status") + chain.make("up")


def test_a_release_under_load_and_its_rollback_lose_no_request(chain: Chain, second: str) -> None:
    known = Known({version: chain.bundle(version) for version in ("1", second)})
    with Load(f"{chain.status()['url']}/predict", chain.checkout.ca, known, REQUESTS_A_SECOND) as load:
        output = chain.make("release", f"MODEL=models:/california/{second}")
        served_by(chain, second)
        chain.make("rollback")
        served_by(chain, "1")
    assert not load.wrong
    assert not load.failed
    assert min(load.served["1"], load.served[second]) > REQUESTS_A_SECOND
    assert f"+    uri: models:/california/{second}" in output
    assert f"california {second} is being served" in output


def test_a_release_that_is_no_yaml_is_not_served_and_can_be_taken_back(chain: Chain, second: str) -> None:
    refused(chain, chain.release_by_hand("image: [\n"), "release.yml")
    assert "release.yml" in chain.status()["release_problem"]
    assert "make rollback" in chain.make("release", f"MODEL=models:/california/{second}", code=2)
    chain.make("rollback")
    served_by(chain, "1")


def test_a_model_with_one_byte_changed_in_the_store_is_not_served(chain: Chain, third: str) -> None:
    sha256 = hashlib.sha256((chain.bundle(third) / "model.ubj").read_bytes()).hexdigest()
    change = """
        for file in $(find /var/lib/docker/volumes/mlflow/_data -name model.ubj); do
          if sha256sum "$file" | grep -q "$0"; then printf X | dd of="$file" bs=1 seek=2000 conv=notrunc; fi
        done"""
    chain.on_host("sh", "-c", change, sha256)
    refused(chain, chain.make("release", f"MODEL=models:/california/{third}", code=2), "model.ubj", "changed")


def test_a_digest_that_does_not_match_is_not_served(chain: Chain, third: str) -> None:
    text = chain.release().replace(chain.sha256(third), "ab" * 32)
    refused(chain, chain.release_by_hand(text), "manifest.json", "sha256", "ab" * 32)


def test_golden_answers_that_differ_are_not_served(chain: Chain, third: str, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(chain.bundle(third), bundle)
    golden, manifest = bundle / "golden.json", bundle / "manifest.json"
    document = json.loads(golden.read_text())
    document["predictions"][0] += 0.01
    golden.write_text(json.dumps(document))
    listed = json.loads(manifest.read_text())
    listed["files"]["golden.json"]["sha256"] = hashlib.sha256(golden.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(listed))
    refused(chain, chain.make("release", f"MODEL={bundle}", code=2), "golden")


def test_an_image_that_does_not_start_is_not_served(chain: Chain, second: str) -> None:
    broken = f"slipway-broken:{chain.checkout.identity}"
    container = docker("create", f"slipway-api:{chain.checkout.identity}")
    docker("commit", "--change", 'ENTRYPOINT ["no-such-program"]', container, broken)
    try:
        release = ("release", f"MODEL=models:/california/{second}", f"IMAGE={broken}")
        refused(chain, chain.make(*release, code=2), "no-such-program")
    finally:
        docker("rm", container)
        docker("image", "rm", broken)


def test_a_good_release_repairs_the_branch(chain: Chain) -> None:
    chain.make("release", "MODEL=models:/california/1", f"IMAGE=slipway-api:{chain.checkout.identity}")
    served_by(chain, "1")
    in_sync(chain)


def test_a_restart_with_remote_registry_and_mlflow_gone_serves_what_it_served(chain: Chain) -> None:
    docker("stop", chain.checkout.named("git-server"), chain.checkout.named("registry"))
    chain.on_host("docker", "stop", "mlflow")
    docker("restart", chain.host)
    gateway.await_answer(chain.checkout, f"{chain.status()['url']}/readyz", 60)
    served_by(chain, "1")


def test_up_once_more_repairs_it_all(chain: Chain) -> None:
    chain.make("up")
    served_by(chain, "1")
