"""The state of the certificate: a small file for the agent's health check, and metrics for Prometheus."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from . import files
from .pem import Certificate
from .settings import Paths

# Of a certificate that a person renews, this long before it expires.
NOTICE = timedelta(days=30)
# Of one that this command renews: two runs may pass before somebody has to look.
LATE = timedelta(days=1)


@dataclass(frozen=True)
class Report:
    """Times are seconds since 1970. `report_at` is when the certificate counts as not renewed in time.

    `problem` is why there is no newer one, "" if none is due, and `since` is when that began, 0 for never.
    """

    source: str
    names: tuple[str, ...]
    not_after: int
    report_at: int
    problem: str
    since: int


def read(paths: Paths) -> Report | None:
    """Return the last report, None if there is none."""
    try:
        content = json.loads(paths.report.read_text(encoding="utf-8"))
        return Report(**content)
    except (FileNotFoundError, ValueError, TypeError):
        return None


def make(certificate: Certificate, problem: str, by_hand: bool, last: Report | None, now: datetime) -> Report:
    """Return the report on the certificate that is installed."""
    since = last.since if last and last.problem and last.since else int(now.timestamp())
    report_at = certificate.not_after - NOTICE if by_hand else certificate.renew_at + LATE
    return Report(
        source=certificate.source,
        names=certificate.names,
        not_after=int(certificate.not_after.timestamp()),
        report_at=int(report_at.timestamp()),
        problem=problem,
        since=since if problem else 0,
    )


def write(paths: Paths, report: Report) -> None:
    """Write the report and the metrics."""
    files.replace(paths.report, f"{json.dumps(asdict(report), indent=1)}\n".encode(), 0o644)
    paths.metrics.parent.mkdir(parents=True, exist_ok=True)
    files.replace(paths.metrics, metrics(report).encode(), 0o644)


def metrics(report: Report) -> str:
    """Return the metrics in the text format of Prometheus."""
    expiry, failing = "slipway_certificate_expiry_timestamp_seconds", "slipway_certificate_renewal_failing"
    return (
        f"# HELP {expiry} When the gateway's certificate expires.\n"
        f"# TYPE {expiry} gauge\n"
        f"{expiry} {report.not_after}\n"
        f"# HELP {failing} Whether the last attempt to get the gateway's certificate failed.\n"
        f"# TYPE {failing} gauge\n"
        f"{failing} {int(bool(report.problem))}\n"
    )


def remove(paths: Paths) -> None:
    """Remove report and metrics: this host has no certificate."""
    paths.report.unlink(missing_ok=True)
    paths.metrics.unlink(missing_ok=True)
