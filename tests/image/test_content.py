"""The image holds what serving needs and no more."""

import json
import re
import tarfile
from pathlib import PurePosixPath
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from tests.house.test_locks import pins
from tests.image.conftest import docker

pytestmark = pytest.mark.slow

Files = dict[str, tarfile.TarInfo]
BUILDERS = {"gcc", "cc", "c++", "g++", "clang", "ld", "as", "make", "cmake", "pip", "pip3", "uv", "git", "curl", "wget"}
PACKAGES = "/opt/slipway/lib/python3.13/site-packages/"
HOST = {
    "python_version": "3.13",
    "python_full_version": "3.13.5",
    "sys_platform": "linux",
    "platform_machine": "x86_64",
}


@pytest.fixture
def config(image: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("image", "inspect", "--format", "{{json .Config}}", image))
    return found


def test_it_runs_as_a_plain_user_by_number(config: dict[str, Any]) -> None:
    assert config["User"] == "10001:10001"


def test_it_holds_neither_a_compiler_nor_an_installer(files: Files) -> None:
    programs = {path.name for path in map(PurePosixPath, files) if path.parent.name in {"bin", "sbin"}}
    assert not BUILDERS & programs
    assert not [path for path in files if path.startswith((PACKAGES + "pip/", "/usr/lib/python3.13/ensurepip/"))]


def test_its_packages_are_those_of_the_api_lock_and_no_others(files: Files) -> None:
    found = re.findall(rf"^{PACKAGES}([^/]+?)-([^/-]+)\.dist-info$", "\n".join(files), re.MULTILINE)
    wanted = {
        (canonicalize_name(pin.name), specifier.version)
        for pin in pins("api")
        if pin.marker is None or pin.marker.evaluate(HOST)
        for specifier in pin.specifier
    }
    assert {(canonicalize_name(name), version) for name, version in found} == wanted


def test_nothing_else_can_be_imported_but_pythons_own(files: Files) -> None:
    outside = re.compile(r"/usr/(local/)?lib/python3[.\d]*/dist-packages/.")
    assert not [path for path in files if outside.match(path)]


def test_every_module_is_compiled_since_nothing_can_be_later(files: Files) -> None:
    for path in map(PurePosixPath, files):
        if path.suffix == ".py" and str(path).startswith(PACKAGES):
            assert str(path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc") in files, path


def test_it_holds_no_tests_no_copies_of_libraries_and_nothing_of_the_build(files: Files) -> None:
    assert not [path for path in files if path.startswith(PACKAGES) and "/tests/" in path]
    assert not [path for path in files if path.startswith(("/trust", "/build"))]
    libraries = [entry for path, entry in files.items() if re.match(r"/opt/slipway/lib/lib\w+\.so", path)]
    stems = [entry.name.partition(".so")[0] for entry in libraries if entry.isreg()]
    assert stems
    assert len(stems) == len(set(stems))


def test_a_plain_user_can_change_none_of_it(files: Files) -> None:
    for path, entry in files.items():
        if path.startswith("/opt/slipway") and not entry.issym():
            assert entry.uid == 0, path
            assert not entry.mode & 0o022, path
