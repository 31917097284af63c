"""What is wrong with the gateway's certificate, from the report that `slipway-certificate` writes."""

import time
from typing import Any

DAY = 86400
# A renewal that fails earlier than this is reported without the date.
NOTICE_SECONDS = 30 * DAY


def problem(report: Any, now: float) -> str:
    """Return the problem as one sentence, "" for none; raises ValueError if this is no report.

    Dates, not durations: the state is written only when the text changes.
    """
    try:
        not_after, report_at, since = (float(report[key]) for key in ("not_after", "report_at", "since"))
        reason = str(report["problem"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"is not a report on a certificate: {error}") from error
    failing = f"{reason} (since {_date(since)})" if reason else ""
    if now >= not_after:
        return _sentence(f"the certificate expired on {_date(not_after)}", failing)
    if now >= report_at:
        return _sentence(f"the certificate expires on {_date(not_after)} and was not renewed", failing)
    if reason and now >= not_after - NOTICE_SECONDS:
        return _sentence(f"the certificate expires on {_date(not_after)}", failing)
    return failing


def _sentence(fact: str, reason: str) -> str:
    return f"{fact}: {reason}" if reason else fact


def _date(when: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(when))
