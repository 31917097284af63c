"""Renew the gateway's certificate if that is due, and let HAProxy serve it without a reload.

The role `gateway` runs it with --offline, which asks no public authority; a timer runs it twice a day.
It prints a line if the certificate changed, and exits with 1 if something is wrong.
"""

import argparse
import sys
from datetime import UTC, datetime

from . import renewal, settings
from .errors import CertificateError


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="slipway-certificate", description=__doc__.partition("\n")[0])
    parser.add_argument("--offline", action="store_true", help="ask no public authority; exit with 0 if it is needed")
    offline: bool = parser.parse_args().offline
    paths = settings.Paths()
    try:
        changed, problem = renewal.renew(settings.read(paths.settings), paths, datetime.now(UTC), offline=offline)
    except (CertificateError, OSError) as error:
        print(f"slipway-certificate: {error}", file=sys.stderr)
        return 1
    if changed:
        print("the gateway has a new certificate")
    if problem:
        print(f"slipway-certificate: {problem}", file=sys.stderr)
    # The role goes on: the agent reports the problem, and the gateway serves with what it has.
    return 1 if problem and not offline else 0


if __name__ == "__main__":
    sys.exit(main())
