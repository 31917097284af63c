"""Docker Engine by its command line: what fails says so in one line."""

import json


class DockerError(Exception):
    """What Docker said."""


class Docker:
    """Runs docker by Ansible's `run_command`."""

    def __init__(self, run_command):
        self._run_command = run_command

    def run(self, *arguments, timeout=None):
        """Return what docker prints; raises DockerError. `timeout` is in seconds."""
        limit = ["timeout", str(timeout)] if timeout else []
        code, out, err = self._run_command([*limit, "docker", *arguments])
        if code == 124 and timeout:
            raise DockerError(f"docker {arguments[0]} took longer than {timeout} s")
        if code:
            raise DockerError(f"docker {arguments[0]}: {last_line(err) or f'ended with code {code}'}")
        return out

    def inspect(self, kind, name):
        """Return what there is to know of a container or an image, None where there is none of the name."""
        code, out, err = self._run_command(["docker", kind, "inspect", name])
        if code and "no such" not in err.lower():
            raise DockerError(f"docker {kind} inspect: {last_line(err)}")
        return None if code else json.loads(out)[0]

    def has_image(self, image):
        """Whether the image is here."""
        return self.inspect("image", image) is not None

    def complaint(self, container):
        """Return the last thing that a container said of itself, as a sentence."""
        _, out, err = self._run_command(["docker", "logs", "--tail", "20", container])
        return said(err) or said(out) or "it said nothing"


def engine_answers(module):
    """Whether there is an engine: where a fresh host is only checked, the role docker has not started one."""
    return bool(module.get_bin_path("docker")) and module.run_command(["docker", "version"])[0] == 0


def have_image(docker, image):
    """Pull the image where it is not here; raises DockerError."""
    if not docker.has_image(image):
        docker.run("pull", "--quiet", image)


def last_line(text):
    """Return the last line that holds anything."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def said(log):
    """Return the last message of a log whose lines are JSON or plain."""
    line = last_line(log)
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    return str(entry.get("message", line)) if isinstance(entry, dict) else line
