"""containers/docker.py"""

import pytest

from containers.docker import docker, inspect, is_running, succeeds
from tests.containers.conftest import FakeDocker
from workstation.errors import CommandError


def test_what_docker_prints_is_returned_without_the_last_line_break(fake_docker: FakeDocker) -> None:
    fake_docker('echo "$@"; cat')
    assert docker("exec", "-i", "host", "cat", stdin=b"input\n") == "exec -i host cat\ninput"


def test_the_error_names_the_subcommand_the_exit_code_and_the_message(fake_docker: FakeDocker) -> None:
    fake_docker("printf 'no\\n space\\n' >&2; exit 125")
    with pytest.raises(CommandError, match=r"^docker run ended with exit code 125: no space$"):
        docker("run", "image")
    assert not succeeds("run", "image")


def test_an_object_that_does_not_exist_is_none(fake_docker: FakeDocker) -> None:
    fake_docker("echo 'Error: No such container: host' >&2; exit 1")
    assert inspect("container", "host") is None
    assert not is_running("host")


def test_an_object_that_exists_is_what_the_engine_knows(fake_docker: FakeDocker) -> None:
    fake_docker('echo \'[{"State": {"Running": true}}]\'')
    assert inspect("container", "host") == {"State": {"Running": True}}
    assert is_running("host")


def test_an_engine_that_does_not_answer_is_an_error_and_not_a_missing_object(fake_docker: FakeDocker) -> None:
    fake_docker("echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    with pytest.raises(CommandError, match="docker container inspect host: Cannot connect to the Docker daemon"):
        inspect("container", "host")
