"""How long this machine has been up. This does not depend on the clock, which somebody may set."""

import time
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")


def boot() -> str:
    """Return the id of the current boot."""
    return BOOT.read_text().strip()


def seconds() -> float:
    """Return the seconds since the boot, including time in suspend."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
