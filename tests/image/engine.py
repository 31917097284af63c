"""Docker, for tests."""

import subprocess


def docker(*arguments: str) -> str:
    """What the command prints; fails, saying why, where it fails."""
    done = subprocess.run(["docker", *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()
