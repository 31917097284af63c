"""rehearsal/services.py, and commands whose service does not answer."""

import io
from typing import Any, cast

import pytest

from rehearsal import gateway, services
from rehearsal.checkout import Checkout
from rehearsal.host import Host
from rehearsal.progress import Progress
from workstation.errors import CommandError

URL = "https://localhost:1"


class Answers:
    """A gateway with a status or an error for each path."""

    def __init__(self, **paths: int | OSError) -> None:
        self.paths: dict[str, int | OSError] = {"/readyz": 200, "/mlflow/health": 200}
        self.paths.update({f"/{key.replace('_', '/')}": answer for key, answer in paths.items()})

    def __call__(self, _place: Checkout, url: str, *_: Any) -> tuple[int, Any]:
        answer = self.paths[url.removeprefix(URL)]
        if isinstance(answer, OSError):
            raise answer
        return answer, "what it says"


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        (Answers(), {}),
        (Answers(readyz=503), {"API": f"{URL}/readyz answers 503: what it says"}),
        (Answers(mlflow_health=502), {"MLflow": f"{URL}/mlflow/health answers 502: what it says"}),
        (Answers(mlflow_health=ConnectionRefusedError("refused")), {"gateway": f"{URL} does not answer (refused)"}),
    ],
)
def test_what_does_not_answer_is_named(
    monkeypatch: pytest.MonkeyPatch, checkout: Checkout, answers: Answers, found: dict[str, str]
) -> None:
    monkeypatch.setattr(gateway, "ask", answers)
    assert services.problems(checkout, URL, released=True) == found


def test_before_the_first_release_the_api_is_not_checked(monkeypatch: pytest.MonkeyPatch, checkout: Checkout) -> None:
    monkeypatch.setattr(gateway, "ask", Answers(readyz=503))
    assert services.problems(checkout, URL, released=False) == {}


class Repaired:
    """A host whose agent repairs MLflow when it polls, or does not."""

    def __init__(self, answers: Answers, repairs: bool) -> None:
        self.answers, self.repairs = answers, repairs

    def poll_now(self) -> None:
        if self.repairs:
            self.answers.paths["/mlflow/health"] = 200

    def agent_status(self) -> tuple[dict[str, Any], str]:
        return {"health": {"api": "", "mlflow": "container mlflow is missing"}}, ""


@pytest.mark.parametrize("repairs", [True, False])
def test_what_fell_is_waited_for_and_what_stays_so_ends_the_command(
    monkeypatch: pytest.MonkeyPatch, checkout: Checkout, repairs: bool
) -> None:
    answers = Answers(mlflow_health=502)
    monkeypatch.setattr(gateway, "ask", answers)
    monkeypatch.setattr(services, "ANSWERS_WITHIN_SECONDS", -1)
    host = cast(Host, Repaired(answers, repairs))
    if repairs:
        services.await_all(checkout, host, URL, Progress(io.StringIO()), released=True)
        return
    with pytest.raises(CommandError, match=r"MLflow: .* answers 502.*\(mlflow: container mlflow is missing\)"):
        services.await_all(checkout, host, URL, Progress(io.StringIO()), released=True)


def test_a_gateway_that_is_down_ends_a_command_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, checkout: Checkout
) -> None:
    def down(*_: Any) -> tuple[int, Any]:
        raise ConnectionRefusedError("Connection refused")

    monkeypatch.setattr(gateway, "ask", down)
    with pytest.raises(CommandError, match=r"does not answer \(Connection refused\): see `make status`"):
        gateway.require(checkout, URL)
