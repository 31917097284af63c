"""rehearsal/host.py"""

import pytest

from rehearsal.host import END, parse, task_of


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ('{"task": "api : Serve it", "role": "api"}', "role api: Serve it"),
        ('{"task": "Take the release", "role": ""}', "Take the release"),
        ('{"roles": {"api": 1.0}}', ""),
        ('{"task": "torn', ""),
        ("", ""),
    ],
)
def test_a_task_is_printed_with_its_role(event: str, text: str) -> None:
    assert task_of(event) == text


STATUS = '{\n "state": "failing",\n "failures": 1\n}\n'


@pytest.mark.parametrize(
    ("printed", "status", "task"),
    [
        # Ansible failed before its first task: there is no report.
        (f"{STATUS}{END}\n", {"state": "failing", "failures": 1}, ""),
        (
            f'{STATUS}{END}\n{{"task": "Serve it", "role": "api"}}\n',
            {"state": "failing", "failures": 1},
            "role api: Serve it",
        ),
        (f"sh: cd: can't cd to /var/lib/slipway/bootstrap\n{END}\n", {}, ""),
        ("", {}, ""),
    ],
)
def test_the_agents_account_is_read_with_and_without_a_task(printed: str, status: dict[str, object], task: str) -> None:
    assert parse(printed) == (status, task)
