"""agent/health/certificate.py"""

from typing import Any

import pytest

from agent.health import certificate
from agent.health.certificate import DAY

NOW = 1767225600.0  # 2026-01-01 00:00 UTC


def report(days: float, late: float, problem: str = "") -> dict[str, Any]:
    """A report on a certificate that expires in `days` and counts as late in `late` days."""
    since = NOW - DAY if problem else 0
    return {"not_after": NOW + days * DAY, "report_at": NOW + late * DAY, "problem": problem, "since": since}


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (report(90, 61), ""),
        (report(29, 1), ""),
        (report(29, 0), "the certificate expires on 2026-01-30 00:00 UTC and was not renewed"),
        (report(0, -29), "the certificate expired on 2026-01-01 00:00 UTC"),
        (report(90, 61, "no answer"), "no answer (since 2025-12-31 00:00 UTC)"),
        (
            report(29.5, 1, "no answer"),
            "the certificate expires on 2026-01-30 12:00 UTC: no answer (since 2025-12-31 00:00 UTC)",
        ),
        (
            report(-1, -30, "no answer"),
            "the certificate expired on 2025-12-31 00:00 UTC: no answer (since 2025-12-31 00:00 UTC)",
        ),
    ],
    ids=["good", "to be renewed", "late", "expired", "failing early", "failing", "failed"],
)
def test_a_sentence_says_what_is_wrong(found: dict[str, Any], text: str) -> None:
    assert certificate.problem(found, NOW) == text


@pytest.mark.parametrize("found", [{}, [], None, {"not_after": "soon"}, {**report(1, 1), "since": None}])
def test_anything_else_is_no_report(found: object) -> None:
    with pytest.raises(ValueError, match=r"is not a report on a certificate|could not convert"):
        certificate.problem(found, NOW)
