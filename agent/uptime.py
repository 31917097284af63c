"""How long this machine has been up. No clock that somebody sets comes into it."""

import time
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")


def boot() -> str:
    """Return the name of this boot of the machine."""
    return BOOT.read_text().strip()


def seconds() -> float:
    """Return the seconds since then, a suspended machine's included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
