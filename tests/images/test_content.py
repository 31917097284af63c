"""Each image contains the packages of its lock and our code, and nothing else."""

import json
import re
import tarfile
from pathlib import PurePosixPath
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from containers.docker import docker
from containers.labels import TESTS as LABEL
from tests.house.test_locks import pins
from tests.images.conftest import content

pytestmark = pytest.mark.slow

Files = dict[str, tarfile.TarInfo]
# Compilers, installers and download tools.
BUILDERS = {"gcc", "cc", "c++", "g++", "clang", "ld", "as", "make", "cmake", "pip", "pip3", "uv", "git", "curl", "wget"}
IMAGES = ("api", "mlops")
PACKAGES = "/opt/slipway/lib/python3.13/site-packages/"
HOST = {
    "python_version": "3.13",
    "python_full_version": "3.13.5",
    "sys_platform": "linux",
    "platform_machine": "x86_64",
}


@pytest.fixture(scope="module", params=IMAGES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def tag(name: str, request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue({"api": "image"}.get(name, name)))


@pytest.fixture(scope="module")
def files(tag: str) -> Files:
    return content(tag)


@pytest.fixture
def config(tag: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("image", "inspect", "--format", "{{json .Config}}", tag))
    return found


def test_it_runs_as_a_plain_user_by_number(config: dict[str, Any]) -> None:
    assert config["User"] == "10001:10001"


def test_it_holds_neither_a_compiler_nor_an_installer(files: Files) -> None:
    programs = {path.name for path in map(PurePosixPath, files) if path.parent.name in {"bin", "sbin"}}
    assert not BUILDERS & programs
    assert not [path for path in files if path.startswith((PACKAGES + "pip/", "/usr/lib/python3.13/ensurepip/"))]


def test_its_packages_are_those_of_its_lock_and_no_others(files: Files, name: str) -> None:
    found = re.findall(rf"^{PACKAGES}([^/]+?)-([^/-]+)\.dist-info$", "\n".join(files), re.MULTILINE)
    wanted = {
        (canonicalize_name(pin.name), specifier.version)
        for pin in pins(name)
        if pin.marker is None or pin.marker.evaluate(HOST)
        for specifier in pin.specifier
    }
    assert {(canonicalize_name(package), version) for package, version in found} == wanted


def test_nothing_else_can_be_imported_but_pythons_own(files: Files) -> None:
    outside = re.compile(r"/usr/(local/)?lib/python3[.\d]*/dist-packages/.")
    assert not [path for path in files if outside.match(path)]


def test_every_module_is_compiled_since_nothing_can_be_later(files: Files) -> None:
    for path in map(PurePosixPath, files):
        if path.suffix == ".py" and str(path).startswith((PACKAGES, "/opt/slipway/mlops/")):
            assert str(path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc") in files, path


def test_it_holds_no_tests_and_nothing_of_the_build(files: Files) -> None:
    assert not [path for path in files if path.startswith("/opt/slipway/") and "/tests/" in path]
    assert not [path for path in files if path.startswith(("/trust", "/build"))]


@pytest.mark.parametrize("name", ["api"], indirect=True)
def test_it_holds_no_copies_of_libraries(files: Files) -> None:
    libraries = [entry for path, entry in files.items() if re.match(r"/opt/slipway/lib/lib\w+\.so", path)]
    stems = [entry.name.partition(".so")[0] for entry in libraries if entry.isreg()]
    assert stems
    assert len(stems) == len(set(stems))


def test_a_plain_user_can_change_none_of_it(files: Files) -> None:
    for path, entry in files.items():
        if path.startswith("/opt/slipway") and not entry.issym():
            assert entry.uid == 0, path
            assert not entry.mode & 0o022, path


@pytest.mark.parametrize("name", ["mlops"], indirect=True)
def test_started_without_a_command_it_says_what_there_is(tag: str, files: Files) -> None:
    said = docker("run", "--rm", "--label", LABEL, "--read-only", tag)
    modules = re.findall(r"-m (images\.mlops\.\w+)", said)
    programs = {f"/opt/slipway/mlops/{module.replace('.', '/')}.py" for module in modules}
    assert programs
    assert programs <= set(files)
    assert "-m training" in said


@pytest.mark.parametrize("name", ["mlops"], indirect=True)
def test_our_code_is_a_layer_of_its_own_and_small(tag: str) -> None:
    layers = docker("history", "--no-trunc", "--human=false", "--format", "{{.Size}} {{.CreatedBy}}", tag).splitlines()
    (size,) = [int(line.split()[0]) for line in layers if " in /opt/slipway/mlops " in line]
    assert 0 < size < 2_000_000
