"""What the host tells, as a person reads it."""

import pytest

from rehearsal.host import told


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
def test_a_task_is_told_with_its_role(event: str, text: str) -> None:
    assert told(event) == text
