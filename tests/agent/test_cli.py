"""agent/cli.py"""

import re

import pytest

from agent import cli
from agent.paths import Paths
from agent.state import RESULTS
from tests.agent.machines import Machine
from tests.agent.remotes import Remote


@pytest.mark.parametrize("command", [[], ["run"], ["now"], ["adopt"], ["status"]])
def test_each_command_explains_itself(machine: Machine, command: list[str]) -> None:
    code, output = machine.agent(*command, "--help")
    assert code == 0
    assert len(output.splitlines()) > 4


def test_the_help_names_every_exit_code() -> None:
    codes = set(map(int, re.findall(r"^  (\d)  ", cli.EPILOG, re.MULTILINE)))
    assert codes == {*cli.EXITS.values(), cli.BUSY, 2}
    # Interrupted is no exit code: the process dies of the signal.
    assert set(cli.EXITS) | {"interrupted"} == set(RESULTS)


def test_a_command_that_does_not_exist_is_refused(machine: Machine) -> None:
    assert machine.agent("rum")[0] == 2
    assert machine.agent()[0] == 2


def test_a_data_folder_that_cannot_be_used_is_told(machine: Machine, remote: Remote) -> None:
    machine.paths.data.write_text("a file")
    for command in ("run", "status"):
        code, output = machine.agent(command)
        assert code == 1
        assert re.fullmatch(r"slipway-pull: \S+: .+\n", output), output


def test_without_options_the_folders_are_the_hosts_own() -> None:
    options = cli._parser().parse_args(["status"])
    assert Paths(options.config, options.data) == Paths()
